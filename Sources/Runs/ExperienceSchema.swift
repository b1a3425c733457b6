// The tables of rollouts.sqlite.

import GRDB

/// Three tables, one row per step, prompt of a step, and completion of a prompt.
///
/// Arrays are blobs of little-endian numbers: tokens Int32, statistics Float32, one entry per token.
/// Texts are TEXT; one that contains U+0000, which SQLite's text functions cut at, is a BLOB of its UTF-8.
enum ExperienceSchema {
    /// Kept in `PRAGMA user_version`.
    static let version = 1

    static func create(_ database: Database) throws {
        try database.execute(
            sql: """
                CREATE TABLE steps (
                    step INTEGER PRIMARY KEY,
                    prompts INTEGER NOT NULL,
                    completions INTEGER NOT NULL,
                    tokens INTEGER NOT NULL
                );
                CREATE TABLE prompts (
                    id INTEGER PRIMARY KEY,
                    step INTEGER NOT NULL REFERENCES steps(step) ON DELETE CASCADE,
                    position INTEGER NOT NULL,
                    problem TEXT NOT NULL,
                    text TEXT NOT NULL,
                    fields TEXT NOT NULL,
                    tokens BLOB NOT NULL,
                    UNIQUE (step, position)
                );
                CREATE TABLE completions (
                    id INTEGER PRIMARY KEY,
                    prompt INTEGER NOT NULL REFERENCES prompts(id) ON DELETE CASCADE,
                    position INTEGER NOT NULL,
                    text TEXT NOT NULL,
                    tokens BLOB NOT NULL,
                    reward REAL NOT NULL,
                    is_correct INTEGER NOT NULL,
                    reason TEXT NOT NULL,
                    stop_reason TEXT NOT NULL,
                    sampled_logprob BLOB,
                    entropy BLOB,
                    discriminant BLOB,
                    expected_discriminant BLOB,
                    UNIQUE (prompt, position)
                );
                PRAGMA user_version = \(version);
                """)
    }
}
