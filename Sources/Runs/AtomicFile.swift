// Files that are either the old one or the new one, never half of it.

import Synchronization

#if canImport(FoundationEssentials)
    public import FoundationEssentials
#else
    public import Foundation
#endif
#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// Replaces whole files: a temporary file in the same folder, flushed, renamed over the target, the folder flushed.
public enum AtomicFile {
    private static let writes = Atomic<Int>(0)

    /// Writes `bytes` to `path`.
    ///
    /// When this returns the new contents survive a power cut; when it throws the file is as it was.
    /// A symbolic link at `path` is replaced, not followed.
    /// - Throws: `RunError`.
    public static func write(_ bytes: Data, to path: String) throws {
        try bytes.withUnsafeBytes { try write($0, to: path) }
    }

    /// Writes `text` as UTF-8, see `write(_:to:)`.
    public static func write(_ text: String, to path: String) throws {
        var text = text
        try text.withUTF8 { try write(UnsafeRawBufferPointer($0), to: path) }
    }

    static func write(_ bytes: UnsafeRawBufferPointer, to path: String) throws {
        let folder = FileSystem.parent(of: path)
        let serial = writes.add(1, ordering: .relaxed).newValue
        let temporary = "\(folder)/.\(FileSystem.name(of: path)).tmp-\(getpid())-\(serial)"
        do {
            // A process of the same number may have died here.
            try FileSystem.removeFile(temporary)
            let file = try FileDescriptor(.create, temporary, trying: "write")
            try file.write(bytes)
            try file.synchronise()
            try FileSystem.rename(temporary, to: path)
        } catch let error as RunError {
            try? FileSystem.removeFile(temporary)
            // The reader knows the file by its own name, not by the temporary one.
            guard let cause = error.cause as? SystemError else { throw error }
            throw RunError(cause, trying: "write", path: path)
        }
    }
}

extension FileSystem {
    /// The whole of a regular file; nothing of anything else.
    static func contents(of path: String) throws -> [UInt8] {
        let file = try FileDescriptor(.read, path, trying: "read")
        let size = try file.size()
        return try [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
            count = try file.read(into: UnsafeMutableRawBufferPointer(buffer))
        }
    }
}
