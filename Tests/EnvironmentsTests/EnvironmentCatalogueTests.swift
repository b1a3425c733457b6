// Environments from configurations, with the sentences for wrong ones.

import ConfigCoding
import Environments
import Testing
import Trajectories

@Suite struct EnvironmentCatalogueTests {
    @Test("the default is countdown with its defaults, and every option is read")
    func options() throws {
        let plain = try make("")
        #expect(plain.name == "countdown" && plain.count(of: .train) == nil)
        #expect((plain as? Countdown)?.options == Countdown.Options())
        let yaml = "name: countdown\nmin_numbers: 2\nmax_numbers: 6\nmax_number: 25\nmax_target: 99"
        let full = try #require(try make(yaml) as? Countdown)
        #expect(full.options == Countdown.Options(minNumbers: 2, maxNumbers: 6, maxNumber: 25, maxTarget: 99))
        #expect(full.seed == 12)
        #expect(
            EnvironmentCatalogue.names == [
                "countdown", "arithmetic", "modular", "bases", "sorting", "rewriting", "logic", "dataset", "parity",
            ])
    }

    @Test(
        "wrong options get their exact sentence",
        arguments: [
            (
                "name: cuontdown",
                "name must be one of countdown, arithmetic, modular, bases, sorting, rewriting, logic, dataset, parity, "
                    + "got cuontdown; did you mean countdown? (t.yaml:1)"
            ),
            ("min_numbers: 1", "min_numbers must lie in 2...6, got 1 (t.yaml:1)"),
            ("max_numbers: 7", "max_numbers must lie in 2...6, got 7 (t.yaml:1)"),
            ("max_number: 0", "max_number must lie in 1...1000, got 0 (t.yaml:1)"),
            ("max_target: 0", "max_target must lie in 1...1000000, got 0 (t.yaml:1)"),
            (
                "min_numbers: 5",
                "min_numbers leaves no problems: min_numbers is 5, max_numbers is 4 (t.yaml:1)"
            ),
            (
                "max_numbers: 2",
                "max_numbers leaves no problems: min_numbers is 3, max_numbers is 2 (t.yaml:1)"
            ),
            ("name: parity\nprompt_length: 0", "prompt_length must lie in 1...65536, got 0 (t.yaml:2)"),
            ("name: logic\nlevel: 5", "level must lie in 1...4, got 5 (t.yaml:2)"),
            (
                "name: dataset",
                "reward needs at least one component that decides what is correct; name one, like "
                    + "\"solved: {verifier: mathematics}\" (t.yaml)"
            ),
            (
                "reward:\n  solved:\n    verifier: mathematics\n    weight: 2000",
                "reward.solved.weight must lie in -1000...1000, got 2000 (t.yaml:4)"
            ),
            (
                "reward:\n  solved:\n    verifier: mathematic",
                "reward.solved.verifier must be one of mathematics, multiple_choice, exact, pattern, think_format, length, "
                    + "json_schema, program, command, http, own, got mathematic; did you mean mathematics? (t.yaml:3)"
            ),
            (
                "reward:\n  solved:\n    verifier: own\n    wieght: 1",
                "reward.solved.wieght is not a key here; did you mean weight? (t.yaml:4)"
            ),
            ("max_numbrs: 5", "max_numbrs is not a key here; did you mean max_numbers? (t.yaml:1)"),
        ])
    func sentences(_ yaml: String, _ sentence: String) throws {
        let error = try #require(throws: ConfigError.self) { try make(yaml) }
        #expect(error.description == sentence)
    }

    @Test func `a reward adds components to an environment's own verdict`() throws {
        let yaml = """
            min_numbers: 2
            max_numbers: 2
            reward:
              solved:
                verifier: own
              short:
                verifier: length
                weight: 0.5
                maximum: 10
            """
        let environment = try make(yaml)
        let (problem, completion) = try #require(try environment.demonstration(0, split: .train))
        let verdict = environment.verdict(on: completion, for: problem)
        #expect(environment.name == "countdown" && verdict.isCorrect && verdict.reason == "correct")
        #expect(verdict.components.map(\.name) == ["solved", "short"])
        #expect(verdict.reward == 1 - 0.5 * Double(completion.count) / 10)
        #expect(environment.verdict(on: "", for: problem).reason == "format")
        try environment.check(problem)
        #expect(throws: EnvironmentError.self) { try environment.check(Problem(id: "p", prompt: "?")) }
    }

    @Test func `a dataset judges problems from files and has none of its own`() throws {
        let environment = try make("name: dataset\nreward:\n  solved:\n    verifier: mathematics")
        let problems = try ProblemFile.parse(
            Array(#"{"prompt": "1/2 + 1/2?", "answer": "1"}"#.utf8), name: "data.jsonl")
        try environment.check(problems[0])
        #expect(environment.verdict(on: "The answer is 2/2.", for: problems[0]).reward == 1)
        #expect(environment.verdict(on: "The answer is 2.", for: problems[0]).reward == 0)
        #expect(environment.count(of: .train) == 0)
        let error = try #require(throws: EnvironmentError.self) { try environment.problem(0, split: .train) }
        #expect(error.description.hasPrefix("a dataset has no problems of its own; name a file of them"))
    }

    private func make(_ yaml: String) throws -> any Environment {
        let section = try ConfigSection.parse(yaml, name: "t.yaml")
        let environment = try EnvironmentCatalogue.environment(from: section, seed: 12)
        try section.finish()
        return environment
    }
}
