// rollouts.sqlite: what goes in comes out, step by step or not at all.

import Foundation
import GRDB
import GRDBSQLite
import Testing
import Trajectories

@testable import Runs

@Suite struct ExperienceStoreTests {
    @Test func `groups come back exactly, also after closing and opening`() throws {
        let scratch = try ScratchFolder()
        let path = scratch("rollouts.sqlite")
        var random = RandomSource("experience")
        let steps = (1...200).map { _ in (0..<3).map { _ in group(&random, completions: 2) } }
        do {
            let store = try ExperienceStore(file: path, keepsStatistics: true)
            for (index, groups) in steps.enumerated() { try store.append(step: index + 1, groups: groups) }
            try store.close()
        }
        #expect(try names(in: scratch.path) == ["rollouts.sqlite"])
        for store in [try ExperienceStore(file: path), try ExperienceStore(readingFile: path)] {
            #expect(try store.lastStep() == 200)
            for (index, groups) in steps.enumerated() {
                let back = try store.groups(step: index + 1)
                #expect(back == groups)
                #expect(zip(back, groups).allSatisfy { zip($0.texts, $1.texts).allSatisfy(same) })
                #expect(zip(back, groups).allSatisfy { same($0.problem.prompt, $1.problem.prompt) })
            }
            let tokens = steps[6].flatMap(\.completions).reduce(0) { $0 + $1.tokens.count }
            #expect(try store.steps()[6] == StoredStep(step: 7, prompts: 3, completions: 6, tokens: tokens))
        }
    }

    @Test func `appending keeps no more of the database in memory than its cache may take`() throws {
        let scratch = try ScratchFolder()
        let store = try ExperienceStore(file: scratch("rollouts.sqlite"))
        var random = RandomSource("cache")
        var step = 0
        /// Bytes of pages in memory after as many steps more.
        func occupied(after steps: Int) throws -> Int {
            for _ in 0..<steps {
                step += 1
                try store.append(step: step, groups: [group(&random, completions: 64)])
            }
            return try store.queue.unsafeRead { database in
                var (used, most): (CInt, CInt) = (0, 0)
                let status = sqlite3_db_status(
                    database.sqliteConnection, SQLITE_DBSTATUS_CACHE_USED, &used, &most, 0)
                try #require(status == SQLITE_OK)
                return Int(used)
            }
        }
        let first = try occupied(after: 100)
        let pages = try #require(try store.queue.read { try Int.fetchOne($0, sql: "PRAGMA page_count") })
        #expect(4096 * pages > 2 * 1024 * ExperienceStore.cacheKiB)
        #expect(first > 0 && first < 2 * 1024 * ExperienceStore.cacheKiB)
        #expect(try occupied(after: 200) <= first + 8 * 4096)
    }

    @Test func `without statistics everything else is stored, and replaying says what is missing`() throws {
        let scratch = try ScratchFolder()
        let path = scratch("rollouts.sqlite")
        var random = RandomSource("plain")
        let groups = (0..<4).map { _ in group(&random) }
        let store = try ExperienceStore(file: path)
        try store.append(step: 1, groups: groups)
        #expect(
            try store.prompts(step: 1)
                == groups.enumerated().map {
                    StoredPrompt(step: 1, position: $0, problem: $1.problem, tokens: $1.promptTokens)
                })
        let expected = groups.enumerated().flatMap { prompt, group in
            group.completions.indices.map { index in
                StoredCompletion(
                    step: 1, prompt: prompt, position: index, tokens: group.completions[index].tokens,
                    text: group.texts[index], verdict: group.verdicts[index],
                    stopReason: group.completions[index].stopReason, statistics: nil)
            }
        }
        #expect(try store.completions(step: 1) == expected)
        #expect(
            runError { _ = try store.groups(step: 1) }?.message
                == "step 1 is stored in \(path) without token statistics; record them in the run to replay its steps")
        #expect(
            runError { _ = try store.groups(step: 2) }?.message
                == "step 2 is not stored in \(path); choose one that is")
        #expect(try store.completions(step: 2) == [])
    }

    @Test func `a step is stored once, and anew after the later ones were deleted`() throws {
        let scratch = try ScratchFolder()
        let path = scratch("rollouts.sqlite")
        var random = RandomSource("resume")
        let groups = (0..<3).map { _ in group(&random) }
        let store = try ExperienceStore(file: path, keepsStatistics: true)
        #expect(try store.lastStep() == nil)
        for step in 1...5 { try store.append(step: step, groups: groups) }
        let error = runError { try store.append(step: 3, groups: groups) }
        #expect(error?.code == .exists)
        #expect(
            error?.message
                == "could not store step 3 in \(path): a part of it is already stored; "
                + "delete the steps after the one that is resumed")
        try store.deleteSteps(after: 2)
        #expect(try store.steps().map(\.step) == [1, 2])
        #expect(try store.completions(step: 3) == [])
        #expect(try store.prompts(step: 5) == [])
        for step in 3...5 { try store.append(step: step, groups: groups.reversed()) }
        #expect(try store.groups(step: 4) == groups.reversed())
        #expect(try store.groups(step: 2) == groups)
        try store.deleteSteps(after: -1)
        #expect(try store.steps() == [])
        try store.append(step: 0, groups: [])
        #expect(try store.groups(step: 0) == [])
    }

    @Test func `what cannot be stored is refused whole`() throws {
        let scratch = try ScratchFolder()
        let path = scratch("rollouts.sqlite")
        var random = RandomSource("refused")
        let store = try ExperienceStore(file: path)
        let good = group(&random)
        var bad = group(&random)
        bad.verdicts[1].reward = .nan
        #expect(
            runError { try store.append(step: 1, groups: [good, bad]) }?.message
                == "could not store step 1 in \(path): a reward of \(bad.problem.id) is not a number; "
                + "let the verifier return a finite one")
        bad = good
        bad.problem.fields["target"] = .number(.infinity)
        #expect(runError { try store.append(step: 1, groups: [good, bad]) }?.code == .invalid)
        #expect(try store.steps() == [])
    }

    @Test func `readers see a run while it is written`() throws {
        let scratch = try ScratchFolder()
        let path = scratch("rollouts.sqlite")
        var random = RandomSource("reader")
        let store = try ExperienceStore(file: path)
        try store.append(step: 1, groups: [group(&random)])
        let reader = try ExperienceStore(readingFile: path)
        #expect(try reader.lastStep() == 1)
        try store.append(step: 2, groups: [group(&random)])
        #expect(try reader.lastStep() == 2)
        #expect(runError { try reader.append(step: 3, groups: []) }?.code == .readOnly)
    }

    @Test func `what is not such a database is named`() throws {
        let scratch = try ScratchFolder()
        let path = scratch("rollouts.sqlite")
        #expect(
            runError { _ = try ExperienceStore(readingFile: path) }?.message
                == "could not open \(path): the run has stored no experience; check the path")
        try put(String(repeating: "not a database\n", count: 100).utf8, at: path)
        for body in [{ _ = try ExperienceStore(file: path) }, { _ = try ExperienceStore(readingFile: path) }] {
            #expect(runError(body)?.code == .damaged)
        }
        #expect(
            runError { _ = try ExperienceStore(file: path) }?.message
                == "could not open \(path): it is not an intact SQLite database; move it away or restore a copy")
        try put([], at: path)
        #expect(
            runError { _ = try ExperienceStore(readingFile: path) }?.message
                == "could not open \(path): its tables have version 0, this program knows 1; "
                + "use the program that wrote it, or another file")
        #expect(ExperienceStore.sqliteVersion.hasPrefix("3."))
    }

    @Test(arguments: [
        ("steps", "tokens", "'many'"), ("prompts", "position", "'first'"), ("prompts", "tokens", "7"),
        ("completions", "position", "x'00'"), ("completions", "tokens", "x'0102'"), ("completions", "reward", "'much'"),
        ("completions", "is_correct", "'perhaps'"), ("completions", "stop_reason", "3"),
        ("completions", "entropy", "5"),
    ])
    func `a column of another kind than was written is named, whatever SQLite lets stand`(
        table: String, column: String, value: String
    ) throws {
        let scratch = try ScratchFolder()
        var random = RandomSource("kinds")
        let store = try ExperienceStore(file: scratch("rollouts.sqlite"), keepsStatistics: true)
        try store.append(step: 1, groups: [group(&random)])
        try store.queue.write { try $0.execute(sql: "UPDATE \(table) SET \(column) = \(value) WHERE rowid = 1") }
        let error = runError {
            _ = try store.steps()
            _ = try store.groups(step: 1)
        }
        #expect(error?.code == .damaged)
        #expect(error?.message.contains("not as it was written") == true, "\(error?.message ?? "no error")")
    }
}
