// One trainer per run folder, whatever becomes of it.

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// The exclusive right to write into a run folder, held as long as the value lives.
///
/// It is a lock of the operating system on `run.lock` (flock), so it ends with the process even after SIGKILL;
/// the file stays behind and means nothing without the lock. Processes started by this one do not inherit it.
public struct RunLock: ~Copyable {
    private let file: FileDescriptor

    /// - Throws: `RunError`: `.locked` if another process, or another value in this one, holds the run.
    public init(_ folder: RunFolder) throws {
        let file = try FileDescriptor(.update, folder.lockPath, trying: "open")
        guard try file.lock() else {
            let bytes = (try? FileSystem.contents(of: folder.lockPath)) ?? []
            let holder = Int32(String(decoding: bytes, as: UTF8.self).prefix { $0 != "\n" })
            throw RunError(
                .locked,
                "could not lock \(folder.path): "
                    + (holder.map { "process \($0)" } ?? "another process")
                    + " is training there; wait for it to end, stop it, or choose another folder",
                place: folder.lockPath)
        }
        // The number only serves the sentence above; the lock holds without it, even on a full disk.
        try? file.truncate(to: 0)
        Array("\(getpid())\n".utf8).withUnsafeBytes { try? file.write($0) }
        self.file = file
    }
}
