// The checkpoints of a run: each appears whole or not at all, and is checked before it is trusted.

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// The folder that holds `step-NNNNNN` folders.
///
/// Names that start with a dot are work in progress: `.tmp-*` a checkpoint being written or removed,
/// `.replaced-*` one that another of the same step takes the place of.
public struct CheckpointStore: Sendable {
    public let folder: String
    /// How many checkpoints stay, the newest first; nil keeps all.
    public let keep: Int?

    /// - Parameter keep: at least 1; smaller numbers count as 1.
    public init(folder: String, keep: Int? = nil) {
        self.folder = FileSystem.trimmingSlashes(folder)
        self.keep = keep.map { max($0, 1) }
    }

    public func path(ofStep step: Int) -> String { "\(folder)/\(CheckpointStore.name(ofStep: step))" }

    /// Starts a checkpoint in a temporary folder, after removing what a killed process left.
    ///
    /// - Throws: `RunError`.
    public func begin(step: Int) throws -> PendingCheckpoint {
        guard step >= 0 else {
            throw RunError(.invalid, "could not begin a checkpoint of step \(step): steps start at 0", place: folder)
        }
        try FileSystem.makeFolder(folder)
        try sweep()
        return try PendingCheckpoint(step: step, store: self)
    }

    /// Steps that have a checkpoint folder, ascending, without checking what is in it.
    public func steps() throws -> [Int] {
        guard try FileSystem.kind(of: folder, followingLinks: true) != nil else { return [] }
        return try FileSystem.names(in: folder).compactMap(CheckpointStore.step(ofName:)).sorted()
    }

    /// The checkpoint of the highest step that is exactly what was written: every byte is compared with its manifest.
    ///
    /// - Parameter damaged: is told of each newer one that was skipped, and why.
    /// - Returns: nil if there is no valid one.
    public func newestValid(
        damaged: (RunError) -> Void = { _ in }
    ) throws -> (step: Int, path: String)? {
        guard try FileSystem.kind(of: folder, followingLinks: true) != nil else { return nil }
        let names = try FileSystem.names(in: folder)
        // Of one step, the checkpoint itself comes before the one it replaces.
        let candidates = names.compactMap { name -> (step: Int, rank: Int, name: String)? in
            if let step = CheckpointStore.step(ofName: name) { return (step, 1, name) }
            return CheckpointStore.step(ofReplaced: name).map { ($0, 0, name) }
        }.sorted { ($0.step, $0.rank) > ($1.step, $1.rank) }
        for candidate in candidates {
            do {
                let path = "\(folder)/\(candidate.name)"
                try CheckpointManifest.verify(path, step: candidate.step)
                return (candidate.step, path)
            } catch let error as RunError {
                damaged(error)
            }
        }
        return nil
    }

    /// Compares one checkpoint with its manifest.
    ///
    /// - Throws: `RunError` that names the first difference.
    public func verify(step: Int) throws {
        try CheckpointManifest.verify(path(ofStep: step), step: step)
    }

    /// Removes the checkpoints of later steps: after going back to `step` they belong to a run that is no more.
    ///
    /// Also removes what a killed process left and what `keep` does not cover: a run that ended there, at its last
    /// step, makes no other checkpoint that would.
    public func removeSteps(after step: Int) throws {
        guard try FileSystem.kind(of: folder, followingLinks: true) != nil else { return }
        try sweep()
        for later in try steps() where later > step { try remove(step: later) }
        try retain(upTo: step)
    }

    /// Removes every checkpoint but those of the given steps.
    public func removeSteps(besides kept: Set<Int>) throws {
        for step in try steps() where !kept.contains(step) { try remove(step: step) }
    }

    /// The name goes first, so that a kill in between leaves no half checkpoint under it.
    private func remove(step: Int) throws {
        let doomed = "\(folder)/\(CheckpointStore.temporaryPrefix)removed-\(CheckpointStore.name(ofStep: step))"
        try FileSystem.removeTree(doomed)
        try FileSystem.rename(path(ofStep: step), to: doomed)
        try FileSystem.removeTree(doomed)
    }
}

extension CheckpointStore {
    static let temporaryPrefix = ".tmp-"
    static let replacedPrefix = ".replaced-"

    static func name(ofStep step: Int) -> String {
        let digits = String(step)
        return "step-" + String(repeating: "0", count: max(0, 6 - digits.count)) + digits
    }

    static func step(ofName name: String) -> Int? {
        guard name.hasPrefix("step-"), let step = Int(name.dropFirst(5)), step >= 0 else { return nil }
        return name == self.name(ofStep: step) ? step : nil
    }

    static func step(ofReplaced name: String) -> Int? {
        guard name.hasPrefix(replacedPrefix) else { return nil }
        return step(ofName: String(name.dropFirst(replacedPrefix.count)))
    }

    /// Removes what killed processes left, and puts back what they had set aside.
    private func sweep() throws {
        for name in try FileSystem.names(in: folder) {
            let path = "\(folder)/\(name)"
            if let step = CheckpointStore.step(ofReplaced: name) {
                if (try? verify(step: step)) != nil {
                    try FileSystem.removeTree(path)
                } else {
                    if try FileSystem.kind(of: self.path(ofStep: step)) != nil { try remove(step: step) }
                    try FileSystem.rename(path, to: self.path(ofStep: step))
                }
            } else if name.hasPrefix(CheckpointStore.temporaryPrefix) {
                // A pending checkpoint of a live process is locked; a file system without locks has only dead ones.
                let isFree = (try? FileDescriptor(.folder, path, trying: "open").lock()) ?? true
                if isFree { try FileSystem.removeTree(path) }
            }
        }
    }

    /// Moves a sealed temporary folder to its name.
    func publish(_ temporary: String, step: Int) throws {
        let target = path(ofStep: step)
        guard try FileSystem.kind(of: target) != nil else { return try FileSystem.rename(temporary, to: target) }
        // No portable call swaps two folders. Between these renames the old one is found under its other name.
        let aside = "\(folder)/\(CheckpointStore.replacedPrefix)\(CheckpointStore.name(ofStep: step))"
        try FileSystem.removeTree(aside)
        try FileSystem.rename(target, to: aside)
        do {
            try FileSystem.rename(temporary, to: target)
        } catch {
            try? FileSystem.rename(aside, to: target)
            throw error
        }
        try? FileSystem.removeTree(aside)
    }

    /// Removes all but the newest `keep` checkpoints up to `step`.
    ///
    /// Damaged ones do not count, later ones are not touched.
    func retain(upTo step: Int) throws {
        guard let keep else { return }
        var kept = 0
        for candidate in try steps().reversed() where candidate <= step {
            let isWhole =
                candidate == step
                || (try? CheckpointManifest.verify(path(ofStep: candidate), step: candidate, sizesOnly: true)) != nil
            if isWhole, kept < keep {
                kept += 1
            } else if kept >= keep {
                try remove(step: candidate)
            }
        }
    }
}
