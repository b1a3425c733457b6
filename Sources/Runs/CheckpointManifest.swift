// What a checkpoint folder must hold, byte for byte: written last, checked before anything is loaded.

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// `manifest.json` of a checkpoint: every file with its size and CRC-32 (the one of zlib).
struct CheckpointManifest: Codable, Equatable {
    struct File: Codable, Equatable {
        /// Relative to the checkpoint folder, with `/` between components.
        var path: String
        var bytes: Int
        /// Eight lower-case hexadecimal digits.
        var crc32: String
    }

    static let name = "manifest.json"

    var format = 1
    var step: Int
    var files: [File]

    /// Makes everything in `folder` durable and lists it, in the order of its paths.
    static func sealing(_ folder: String, step: Int) throws -> CheckpointManifest {
        var manifest = CheckpointManifest(step: step, files: [])
        try manifest.add(folder: folder, prefix: "")
        manifest.files.removeAll { $0.path == name }
        guard !manifest.files.isEmpty else {
            throw RunError(
                .invalid, "could not complete the checkpoint of step \(step): nothing was written into \(folder)",
                place: folder)
        }
        return manifest
    }

    private mutating func add(folder: String, prefix: String) throws {
        for name in try FileSystem.names(in: folder) {
            let path = "\(folder)/\(name)"
            switch try FileSystem.kind(of: path) {
            case .file:
                let (bytes, checksum) = try Checksum.ofFile(path, flushing: true)
                files.append(File(path: prefix + name, bytes: bytes, crc32: checksum))
            case .folder:
                try add(folder: path, prefix: "\(prefix)\(name)/")
            default:
                throw RunError(
                    .invalid, "could not complete the checkpoint: \(path) is neither a file nor a folder; write a copy",
                    place: path)
            }
        }
        try FileSystem.synchronise(folder: folder)
    }

    func write(into folder: String) throws {
        try AtomicFile.write(encoded(), to: "\(folder)/\(CheckpointManifest.name)")
    }

    private func encoded() throws -> Data {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        return try encoder.encode(self)
    }

    /// Whether the bytes are this manifest and nothing besides, white space apart: a doubled or unknown key would be read
    /// in one way here and in another elsewhere.
    private func isAll(of bytes: Data) -> Bool {
        func dense(_ bytes: Data) -> [UInt8] { bytes.filter { ![0x20, 0x09, 0x0A, 0x0D].contains($0) } }
        return (try? encoded()).map { dense($0) == dense(bytes) } ?? false
    }

    /// Compares a checkpoint with its manifest; with `sizesOnly` without reading the files.
    ///
    /// - Throws: `RunError` that names the first difference.
    static func verify(_ folder: String, step: Int, sizesOnly: Bool = false) throws {
        func damage(_ what: String, _ path: String, cause: (any Error)? = nil) -> RunError {
            RunError(
                .damaged, "checkpoint \(folder) is damaged: \(what); use another checkpoint and remove this one",
                place: path, cause: cause)
        }
        let path = "\(folder)/\(name)"
        guard try FileSystem.kind(of: path) == .file else { throw damage("it has no \(name)", path) }
        let bytes: Data
        let manifest: CheckpointManifest
        do {
            bytes = Data(try FileSystem.contents(of: path))
            manifest = try JSONDecoder().decode(CheckpointManifest.self, from: bytes)
        } catch let error as RunError {
            throw error
        } catch {
            throw damage("its \(name) is not readable", path, cause: error)
        }
        guard manifest.format == 1 else { throw damage("its \(name) has the unknown format \(manifest.format)", path) }
        guard manifest.step == step else { throw damage("its \(name) is that of step \(manifest.step)", path) }
        guard !manifest.files.isEmpty else { throw damage("its \(name) lists no files", path) }
        guard manifest.isAll(of: bytes) else { throw damage("its \(name) is not what was written", path) }
        for file in manifest.files {
            let path = "\(folder)/\(file.path)"
            guard !file.path.split(separator: "/").contains("..") else {
                throw damage("\(file.path) lies outside of it", path)
            }
            guard try FileSystem.kind(of: path) == .file else { throw damage("\(file.path) is missing", path) }
            let (bytes, checksum): (Int, String)
            if sizesOnly {
                (bytes, checksum) = (try FileDescriptor(.read, path, trying: "read").size(), file.crc32)
            } else {
                (bytes, checksum) = try Checksum.ofFile(path)
            }
            guard bytes == file.bytes else {
                throw damage("\(file.path) has \(bytes) bytes, not \(file.bytes)", path)
            }
            guard checksum == file.crc32 else { throw damage("the contents of \(file.path) have changed", path) }
        }
    }
}
