// Weighted sums of verifiers, with each component reported.

import ConfigCoding
import Testing
import Trajectories
import Verifiers

@Suite struct RewardsTests {
    private let yaml = """
        solved:
          verifier: mathematics
          extraction: boxed
        format:
          verifier: think_format
          weight: 0.25
        brief:
          verifier: length
          weight: 0.5
          maximum: 1000
        """

    private func rewards(_ yaml: String) throws -> Rewards {
        let section = try ConfigSection.parse(yaml, name: "t.yaml")
        let rewards = try Rewards(from: section)
        try section.finish()
        return rewards
    }

    @Test func `the reward is the weighted sum, and only what decides makes it correct`() throws {
        let rewards = try rewards(yaml)
        let problem = Problem(id: "p", prompt: "?", fields: ["answer": .string("1/2")])
        try rewards.check(problem)
        for (text, solved, format, isCorrect, reason) in [
            (#"<think>a</think>\boxed{0.5}"#, 1.0, 1.0, true, "correct"), (#"\boxed{0.5}"#, 1, 0, true, "correct"),
            (#"<think>a</think>\boxed{3}"#, 0, 1, false, "wrong_answer"), ("", 0, 0, false, "no_answer"),
        ] {
            let length = -Double(text.count) / 1000
            let verdict = rewards.verdict(on: text, for: problem)
            #expect(verdict.components.map(\.name) == ["solved", "format", "brief"])
            #expect(verdict.components.map(\.value) == [solved, format, length])
            #expect(verdict.components.map(\.weight) == [1, 0.25, 0.5])
            #expect(verdict.reward == solved + 0.25 * format + 0.5 * length)
            #expect(verdict.isCorrect == isCorrect && verdict.reason == reason)
        }
    }

    @Test func `all that decide must agree, and one must`() throws {
        let both = try rewards(yaml.replacing("weight: 0.25", with: "decides: true"))
        let problem = Problem(id: "p", prompt: "?", fields: ["answer": .number(2)])
        #expect(both.verdict(on: #"\boxed{2}"#, for: problem).reason == "format")
        #expect(both.verdict(on: #"<think>a</think>\boxed{2}"#, for: problem).isCorrect)
        #expect(Rewards([]) == nil)
        let error = try #require(throws: ConfigError.self) {
            try rewards("solved:\n  verifier: mathematics\n  decides: false")
        }
        #expect(error.message.contains("needs at least one component that decides what is correct"))
    }

    @Test func `a problem is checked by every component`() throws {
        #expect(throws: VerifierError.self) { try rewards(yaml).check(Problem(id: "p", prompt: "?")) }
        let missing = try #require(throws: ConfigError.self) { try rewards("solved:\n  weight: 1") }
        #expect(missing.description.hasPrefix("solved.verifier is required and must be one of mathematics, "))
    }
}
