// The run folder: one place per run, one name per part.

/// Paths of the parts of a run. The value holds no resources; see `RunLock` for who may write.
public struct RunFolder: Sendable, Equatable {
    public let path: String

    /// One JSON object per update.
    public var metricsPath: String { "\(path)/metrics.jsonl" }
    /// SQLite: prompts, completions, rewards.
    public var databasePath: String { "\(path)/rollouts.sqlite" }
    /// `step-NNNNNN` folders.
    public var checkpointsPath: String { "\(path)/checkpoints" }
    /// What the user wrote, verbatim.
    public var configPath: String { "\(path)/config.yaml" }
    /// Every setting after defaults and overrides.
    public var resolvedPath: String { "\(path)/resolved.json" }
    public var reportPath: String { "\(path)/report.html" }
    /// Held by the process that trains here.
    public var lockPath: String { "\(path)/run.lock" }

    /// Makes a folder for a new run, with the folders above it.
    ///
    /// A folder that is already there is taken if no part of a run is in it.
    /// - Throws: `RunError`: `.exists` if it holds a run, or what the file system refused.
    public static func create(at path: String) throws -> RunFolder {
        let folder = RunFolder(path: FileSystem.trimmingSlashes(path))
        try FileSystem.makeFolder(folder.path)
        if let part = try folder.parts.first(where: { try FileSystem.kind(of: $0) != nil }) {
            throw RunError(
                .exists,
                "\(folder.path) already holds a run (\(FileSystem.name(of: part))); resume it or choose another folder",
                place: folder.path)
        }
        return folder
    }

    /// Opens the folder of an existing run.
    ///
    /// - Throws: `RunError`: `.missing`, `.notAFolder`, or `.notARun` if no part of a run is in it.
    public static func open(at path: String) throws -> RunFolder {
        let folder = RunFolder(path: FileSystem.trimmingSlashes(path))
        switch try FileSystem.kind(of: folder.path, followingLinks: true) {
        case .folder: break
        case nil:
            throw RunError(.missing, "there is no run folder at \(path); check the path", place: path)
        default:
            throw RunError(.notAFolder, "\(path) is not a folder; give the folder of a run", place: path)
        }
        guard try folder.parts.contains(where: { try FileSystem.kind(of: $0) != nil }) else {
            throw RunError(
                .notARun, "\(folder.path) holds no run (no config.yaml, metrics.jsonl or checkpoints); check the path",
                place: folder.path)
        }
        return folder
    }

    private var parts: [String] { [configPath, metricsPath, databasePath, checkpointsPath] }
}
