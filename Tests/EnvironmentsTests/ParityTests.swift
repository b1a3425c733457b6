// The parity task: rewards counted by hand, problems and demonstrations that fit, refusals.

import Environments
import Testing
import Trajectories

@Suite struct ParityTests {
    @Test(
        "the reward is the share of characters with the wanted parity",
        arguments: [
            (0, "0246", 1.0, "correct"), (1, "0246", 0.0, "mixed"), (0, "01", 0.5, "mixed"), (1, "aca", 1.0, "correct"),
            (0, "", 0.0, "empty"), (1, "\u{FFFD}", 1.0, "correct"), (0, "\u{20102}\u{20103}2", 2.0 / 3, "mixed"),
        ])
    func verdicts(_ parity: Double, _ text: String, _ reward: Double, _ reason: String) throws {
        let problem = Problem(id: "p", prompt: "1", fields: ["parity": .number(parity)])
        let verdict = try Parity(seed: 1).verdict(on: text, for: problem)
        #expect(verdict == Verdict(reward: reward, isCorrect: reward == 1, reason: reason))
    }

    @Test("problems repeat, differ by index and split, and ask for what their first digit says")
    func problems() throws {
        let parity = try Parity(promptLength: 12, seed: 3)
        var prompts: Set<String> = []
        for index in 0..<50 {
            for split in Split.allCases {
                let problem = try parity.problem(index, split: split)
                #expect(problem == (try parity.problem(index, split: split)))
                #expect(problem.prompt.count == 12 && problem.prompt.allSatisfy(\.isNumber))
                let first = try #require(problem.prompt.first?.wholeNumberValue)
                #expect(problem.fields["parity"]?.integer == first % 2)
                let (shown, completion) = try #require(try parity.demonstration(index, split: split))
                #expect(shown == problem && parity.verdict(on: completion, for: problem).isCorrect)
                prompts.insert(problem.prompt)
            }
        }
        #expect(prompts.count == 100)
    }

    @Test func `what is no parity problem is refused`() throws {
        let parity = try Parity(seed: 1)
        for fields: [String: JSONValue] in [[:], ["parity": .number(2)], ["parity": .string("even")]] {
            let problem = Problem(id: "p", prompt: "1", fields: fields)
            #expect(throws: EnvironmentError.self) { try parity.check(problem) }
            #expect(parity.verdict(on: "1", for: problem).reason == "malformed_problem")
        }
        #expect(throws: EnvironmentError.self) { try parity.problem(-1, split: .train) }
        #expect(throws: EnvironmentError.self) { try Parity(promptLength: 0, seed: 1) }
    }
}
