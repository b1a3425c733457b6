// What holds for every task that is made on demand: problems repeat, splits are disjoint, demonstrations are right.

import ConfigCoding
import Environments
import Testing
import Trajectories

@Suite struct ProceduralTaskTests {
    static let levels = [
        ("arithmetic", 5), ("modular", 5), ("bases", 4), ("sorting", 5), ("rewriting", 5), ("logic", 4),
    ]

    static func environment(_ name: String, level: Int, seed: UInt64 = 1) throws -> any Environment {
        let section = try ConfigSection.parse("name: \(name)\nlevel: \(level)", name: "t.yaml")
        return try EnvironmentCatalogue.environment(from: section, seed: seed)
    }

    @Test("problems repeat, differ by index, and their demonstrations earn the reward", arguments: levels)
    func problems(_ name: String, _ levels: Int) throws {
        for level in 1...levels {
            let environment = try Self.environment(name, level: level)
            var prompts: Set<String> = []
            for index in 0..<60 {
                let problem = try environment.problem(index, split: .train)
                #expect(problem == (try environment.problem(index, split: .train)))
                try environment.check(problem)
                prompts.insert(problem.prompt)
                let (shown, completion) = try #require(try environment.demonstration(index, split: .train))
                #expect(shown == problem && environment.verdict(on: completion, for: problem).reward == 1)
                #expect(environment.verdict(on: " \(completion)\n", for: problem).isCorrect)
                for wrong in ["", completion + completion, "x" + completion, "?"] {
                    #expect(!environment.verdict(on: wrong, for: problem).isCorrect, "\(problem.prompt) \(wrong)")
                }
                #expect(problem.prompt.hasSuffix("=\n") && !problem.prompt.dropLast().contains("\n"))
            }
            #expect(prompts.count > (level == 1 ? 15 : 40), "\(name) \(level): \(prompts.count)")
        }
    }

    @Test("no held-out problem is in training, for any two seeds", arguments: levels)
    func splits(_ name: String, _ levels: Int) throws {
        for level in 1...levels {
            let first = try Self.environment(name, level: level, seed: 1)
            let second = try Self.environment(name, level: level, seed: 2)
            let train = Set(try (0..<400).map { try first.problem($0, split: .train).prompt })
            let heldout = Set(try (0..<60).map { try second.problem($0, split: .heldout).prompt })
            #expect(train.isDisjoint(with: heldout) && heldout.count > 3, "\(name) \(level): \(heldout.count)")
        }
    }

    @Test func `orders of a held-out list are not trained on`() throws {
        let sorting = try Self.environment("sorting", level: 1)
        let numbers = { (problem: Problem) in problem.fields["answer"] }
        let train = try (0..<1_000).map { numbers(try sorting.problem($0, split: .train)) }
        let heldout = try (0..<200).map { numbers(try sorting.problem($0, split: .heldout)) }
        #expect(heldout.allSatisfy { !train.contains($0) })
    }

    @Test func `reasons and refusals`() throws {
        let modular = try Self.environment("modular", level: 2)
        let problem = Problem(id: "p", prompt: "2*x=4 mod 5=\n", fields: ["answer": .string("2")])
        for (text, reason) in [
            ("2", "correct"), ("3", "wrong_value"), ("-2", "wrong_value"), ("two", "format"), ("", "format"),
        ] {
            #expect(modular.verdict(on: text, for: problem).reason == reason)
        }
        #expect(modular.verdict(on: String(repeating: "2", count: 1_000_000), for: problem).reason == "wrong_value")
        #expect(throws: EnvironmentError.self) { try modular.problem(-1, split: .train) }
        let empty = Problem(id: "p", prompt: "?")
        #expect(modular.verdict(on: "2", for: empty).reason == "malformed_problem")
        let error = try #require(throws: EnvironmentError.self) { try modular.check(empty) }
        #expect(error.description == "a problem of modular needs \"answer\", a text (p)")
    }
}
