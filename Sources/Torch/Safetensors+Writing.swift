// Writing safetensors files: to a temporary name, synced, then renamed, so a reader sees the old file or the new one.

import Foundation

public enum Safetensors {
    /// Writes `tensors` in the given order, with the tensors' own dtypes.
    /// - Throws: `TorchError` (`.file`) naming the path when the disk refuses; the former file is then untouched.
    public static func write(
        _ tensors: [(name: String, tensor: Tensor)], metadata: [String: String] = [:], to path: String
    ) throws {
        var header: [String: Any] = metadata.isEmpty ? [:] : ["__metadata__": metadata]
        var offset = 0
        for (name, tensor) in tensors {
            let dtype = tensor.dtype
            let bytes = tensor.count * dtype.byteCount
            header[name] = [
                "dtype": SafetensorsEntry.dtypes.first { $0.value == dtype }?.key ?? "F32", "shape": tensor.shape,
                "data_offsets": [offset, offset + bytes],
            ]
            offset += bytes
        }
        var json = try JSONSerialization.data(withJSONObject: header, options: [.sortedKeys, .withoutEscapingSlashes])
        while json.count % 8 != 0 { json.append(0x20) }  // data aligned to 8 bytes, as the format asks
        var length = UInt64(json.count).littleEndian
        let temporary = path + ".tmp"
        do {
            try ByteFile.write(to: temporary) { write in
                try withUnsafeBytes(of: &length) { try write($0) }
                try json.withUnsafeBytes { try write($0) }
                for (_, tensor) in tensors {
                    var bytes = [UInt8](repeating: 0, count: tensor.count * tensor.dtype.byteCount)
                    try bytes.withUnsafeMutableBytes { try tensor.copyBytes(to: $0) }
                    try bytes.withUnsafeBytes { try write($0) }
                }
            }
            guard rename(temporary, path) == 0 else { throw ByteFile.failure("rename to", path) }
        } catch {
            unlink(temporary)
            throw error
        }
    }
}

/// A file written front to back with every error of the system seen.
enum ByteFile {
    static func write(to path: String, _ body: ((UnsafeRawBufferPointer) throws -> Void) throws -> Void) throws {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw failure("create", path) }
        var isOpen = true
        defer { if isOpen { _ = close(descriptor) } }
        try body { bytes in
            var rest = bytes[...]
            while !rest.isEmpty {
                let written = Foundation.write(
                    descriptor, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
                if written < 0 && errno == EINTR { continue }
                guard written > 0 else { throw failure("write", path) }
                rest = rest.dropFirst(written)
            }
        }
        guard fsync(descriptor) == 0 else { throw failure("sync", path) }
        isOpen = false
        guard close(descriptor) == 0 else { throw failure("close", path) }
    }

    static func failure(_ action: String, _ path: String) -> TorchError {
        let reason = String(cString: strerror(errno))
        return TorchError(.file, "cannot \(action) \(path): \(reason); free space or choose another place", place: path)
    }
}
