// rollouts.sqlite: every prompt and completion a run was trained on, one transaction per step.

import GRDB
public import Trajectories

/// The experience of a run.
///
/// SQLite in WAL mode with `synchronous=FULL`: when `append` returns, the step survives a power cut; a process killed
/// inside it leaves nothing of the step. Other processes may read while a run writes.
public final class ExperienceStore: Sendable {
    let queue: DatabaseQueue
    let path: String
    private let keepsStatistics: Bool
    /// Pages of the database that a writing process keeps in memory, KiB.
    static let cacheKiB = 256

    /// Opens or creates the database of a run for writing.
    ///
    /// - Parameter keepsStatistics: whether `append` stores the four statistics of every token (16 bytes a token).
    /// - Throws: `RunError`.
    public convenience init(file path: String, keepsStatistics: Bool = false) throws {
        // SQLite would open what it cannot write for reading, and say so only at the first step.
        if let obstacle = FileSystem.obstacle(to: path) { throw RunError(obstacle, trying: "open", path: path) }
        let isThere = try FileSystem.kind(of: path) != nil
        var configuration = Configuration()
        configuration.journalMode = .wal
        try self.init(path, configuration, keepsStatistics: keepsStatistics)
        try RunError.translatingDatabaseErrors(trying: "open", path) {
            // Of the modes of WAL only this one flushes at every commit.
            // A run only appends, for which the right edges of the trees suffice; SQLite's own 2 MB fill up over thousands
            // of steps and look like a leak until they are full.
            try queue.writeWithoutTransaction {
                try $0.execute(sql: "PRAGMA synchronous = FULL; PRAGMA cache_size = -\(Self.cacheKiB)")
            }
            try queue.write { database in
                if try Int.fetchOne(database, sql: "SELECT count(*) FROM sqlite_master") == 0 {
                    try ExperienceSchema.create(database)
                }
            }
        }
        try checkVersion()
        if !isThere { try FileSystem.synchronise(folder: FileSystem.parent(of: path)) }
    }

    /// Opens the database of a run for reading, also while the run goes on.
    ///
    /// - Throws: `RunError`; `.missing` if there is none.
    public convenience init(readingFile path: String) throws {
        guard try FileSystem.kind(of: path, followingLinks: true) != nil else {
            throw RunError(
                .missing, "could not open \(path): the run has stored no experience; check the path", place: path)
        }
        var configuration = Configuration()
        configuration.readonly = true
        try self.init(path, configuration, keepsStatistics: false)
        try checkVersion()
    }

    private init(_ path: String, _ configuration: Configuration, keepsStatistics: Bool) throws {
        var configuration = configuration
        configuration.busyMode = .timeout(5)
        do {
            queue = try DatabaseQueue(path: path, configuration: configuration)
        } catch let error as DatabaseError {
            // SQLite says only that it cannot open; the file system knows why.
            if error.resultCode == .SQLITE_CANTOPEN, let obstacle = FileSystem.obstacle(to: path) {
                throw RunError(obstacle, trying: "open", path: path)
            }
            throw try RunError.translatingDatabaseErrors(trying: "open", path) { throw error }
        }
        self.path = path
        self.keepsStatistics = keepsStatistics
    }

    private func checkVersion() throws {
        let version = try reading { try Int.fetchOne($0, sql: "PRAGMA user_version") ?? 0 }
        guard version == ExperienceSchema.version else {
            throw RunError(
                .damaged,
                "could not open \(path): its tables have version \(version), this program knows "
                    + "\(ExperienceSchema.version); use the program that wrote it, or another file",
                place: path)
        }
    }

    func reading<Result>(_ body: (Database) throws -> Result) throws -> Result {
        try RunError.translatingDatabaseErrors(trying: "read", path) { try queue.read(body) }
    }

    /// Stores all groups of a step in one transaction.
    ///
    /// - Throws: `RunError`: `.exists` if the step is already stored, `.invalid` if a reward is not a number.
    ///   Then nothing of the step is stored.
    public func append(step: Int, groups: [RolloutGroup]) throws {
        for group in groups where group.rewards.contains(where: \.isNaN) {
            throw RunError(
                .invalid,
                "could not store step \(step) in \(path): a reward of \(group.problem.id) is not a number; "
                    + "let the verifier return a finite one",
                place: path)
        }
        let fields: [String]
        do {
            fields = try groups.map { try DatabaseValues.json($0.problem.fields) }
        } catch {
            throw RunError(
                .invalid,
                "could not store step \(step) in \(path): a field of a problem holds a number JSON cannot write; "
                    + "make it finite",
                place: path, cause: error)
        }
        try RunError.translatingDatabaseErrors(trying: "store step \(step) in", path) {
            try queue.write { database in
                let completions = groups.flatMap(\.completions)
                try database.execute(
                    sql: "INSERT INTO steps VALUES (?, ?, ?, ?)",
                    arguments: [step, groups.count, completions.count, completions.reduce(0) { $0 + $1.tokens.count }])
                for (position, group) in groups.enumerated() {
                    try insert(group, step: step, position: position, fields: fields[position], into: database)
                }
            }
        }
    }

    private func insert(
        _ group: RolloutGroup, step: Int, position: Int, fields: String, into database: Database
    ) throws {
        try database.cachedStatement(
            sql: "INSERT INTO prompts (step, position, problem, text, fields, tokens) VALUES (?, ?, ?, ?, ?, ?)"
        ).execute(arguments: [
            step, position, DatabaseValues.text(group.problem.id), DatabaseValues.text(group.problem.prompt),
            DatabaseValues.text(fields), DatabaseValues.blob(group.promptTokens),
        ])
        let prompt = database.lastInsertedRowID
        let statement = try database.cachedStatement(
            sql: """
                INSERT INTO completions (prompt, position, text, tokens, reward, is_correct, reason, stop_reason,
                    sampled_logprob, entropy, discriminant, expected_discriminant)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                """)
        for (position, completion) in group.completions.enumerated() {
            let verdict = group.verdicts[position]
            let statistics = [
                completion.sampledLogprob, completion.entropy, completion.discriminant,
                completion.expectedDiscriminant,
            ].map { keepsStatistics ? DatabaseValues.blob($0).databaseValue : .null }
            try statement.execute(
                arguments: [
                    prompt, position, DatabaseValues.text(group.texts[position]),
                    DatabaseValues.blob(completion.tokens), verdict.reward, verdict.isCorrect,
                    DatabaseValues.text(verdict.reason), completion.stopReason.rawValue,
                ] + StatementArguments(statistics))
        }
    }

    /// Removes all later steps, in one transaction: on resuming from a checkpoint of `step` they are produced anew.
    public func deleteSteps(after step: Int) throws {
        try RunError.translatingDatabaseErrors(trying: "delete the steps after \(step) from", path) {
            try queue.write { try $0.execute(sql: "DELETE FROM steps WHERE step > ?", arguments: [step]) }
        }
    }

    /// Closes the database and folds the write-ahead log into it. Later calls throw.
    public func close() throws {
        try RunError.translatingDatabaseErrors(trying: "close", path) { try queue.close() }
    }

    /// Version of the SQLite library in use.
    public static var sqliteVersion: String {
        let version = try? DatabaseQueue().read { try String.fetchOne($0, sql: "SELECT sqlite_version()") }
        return version ?? "unknown"
    }
}
