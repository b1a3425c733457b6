// A checkpoint in progress: it either becomes a checkpoint or leaves nothing behind.

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// A temporary folder to write a checkpoint into. It is removed with the value unless `commit` succeeded.
public struct PendingCheckpoint: ~Copyable {
    public let step: Int
    /// Where to write the files; subfolders are allowed, links are not.
    public let path: String

    private let store: CheckpointStore
    /// Its lock tells the next `begin` that this folder is alive.
    private let hold: FileDescriptor
    private var isCommitted = false

    init(step: Int, store: CheckpointStore) throws {
        let name = "\(CheckpointStore.temporaryPrefix)\(CheckpointStore.name(ofStep: step))-\(getpid())"
        let path = "\(store.folder)/\(name)"
        guard try FileSystem.kind(of: path) == nil else {
            throw RunError(
                .exists,
                "could not begin the checkpoint of step \(step): \(path) is still being written; "
                    + "finish it first",
                place: path)
        }
        try FileSystem.makeFolder(path)
        let hold = try FileDescriptor(.folder, path, trying: "open")
        _ = try? hold.lock()
        self.hold = hold
        self.step = step
        self.path = path
        self.store = store
    }

    /// Flushes every file, writes the manifest and gives the folder its name `step-NNNNNN`.
    ///
    /// Then it removes what `keep` no longer covers. When this returns the checkpoint survives a power cut.
    /// One of the same step is replaced.
    /// - Returns: the path of the checkpoint.
    /// - Throws: `RunError`; unless it concerns the removal of old checkpoints, no checkpoint has appeared.
    @discardableResult
    public consuming func commit() throws -> String {
        try CheckpointManifest.sealing(path, step: step).write(into: path)
        try store.publish(path, step: step)
        isCommitted = true
        let target = store.path(ofStep: step)
        try store.retain(upTo: step)
        return target
    }

    deinit {
        if !isCommitted { try? FileSystem.removeTree(path) }
    }
}
