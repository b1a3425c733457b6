// The recipes that ship with the project, on lines in the published formats that were written for these tests.

import ConfigCoding
import Environments
import Foundation
import Testing
import Trajectories

@testable import maxwell

@Suite struct EvaluationRecipeTests {
    static let lines: [String: [String]] = [
        "aime": [
            #"{"ID": "2024-I-0", "Problem": "Find 6 times 7.", "Solution": "...", "Answer": 42}"#,
            #"{"id": 1, "problem": "Find 6 times 7 once more.", "answer": "042", "url": "u"}"#,
        ],
        "dapo500": [
            #"{"prompt": [{"role": "user", "content": "Find 6 times 7. End with Answer: "}], "#
                + #""reward_model": {"ground_truth": "42", "style": "rule"}, "extra_info": {"index": "a"}}"#,
            #"{"prompt": "Find 6 times 7.", "solution": "42"}"#,
        ],
        "gsm8k": [
            #"{"question": "Six boxes hold seven pens each. How many pens?", "answer": "6*7 = <<6*7=42>>42\n#### 42"}"#
        ],
        "math": [
            #"{"problem": "Find $6\\cdot 7$.", "level": "Level 1", "type": "Prealgebra", "solution": "It is $\\boxed{42}$."}"#
        ],
    ]

    static var shipped: [String] {
        let all = (try? FileManager.default.contentsOfDirectory(atPath: Maxwell.root + "configs/eval")) ?? []
        return all.filter { $0.hasSuffix(".yaml") }.map { String($0.dropLast(5)) }.sorted()
    }

    @Test func `every recipe has lines here`() { #expect(Self.shipped == Self.lines.keys.sorted()) }

    @Test(arguments: lines.keys.sorted())
    func `a recipe reads its format, judges by its answer and runs`(name: String) throws {
        let scratch = try Scratch()
        let file = Maxwell.root + "configs/eval/\(name).yaml"
        let recipe = try DataRecipe(try ConfigSection.load(file: file), seed: 1)
        let text = try #require(Self.lines[name]).joined(separator: "\n") + "\n"
        let problems = try ProblemFile.parse(Array(text.utf8), name: "p.jsonl", mapping: recipe.data.mapping)
        for problem in problems {
            try recipe.environment.check(problem)
            #expect(recipe.environment.verdict(on: #"So it is $\boxed{42}$."#, for: problem).isCorrect)
            #expect(!recipe.environment.verdict(on: #"So it is $\boxed{41}$."#, for: problem).isCorrect)
        }
        if ["aime", "dapo500"].contains(name) {
            #expect(recipe.sampling.samples == 32 && recipe.sampling.temperature == 0.7)
            #expect(recipe.sampling.ks.last == 32 && recipe.sampling.maxNewTokens == 7168)
        }

        try Maxwell.writeModel(to: scratch("model"), contextLength: 400)
        try Data(
            "{% for m in messages %}<{{ m.role }}>{{ m.content }}\n{% endfor %}{% if add_generation_prompt %}<a>{% endif %}"
                .utf8
        ).write(to: URL(filePath: scratch("model") + "/chat_template.jinja"))
        let data = try scratch.write(text, to: "p.jsonl")
        let result = try Maxwell.success([
            "eval", "--model", scratch("model"), "--recipe", file, "--problems", data, "--samples", "2", "--k", "2",
            "--max-new-tokens", "5", "--json", "--out", scratch("out.jsonl"),
        ])
        let summary = try #require(try JSONSerialization.jsonObject(with: Data(result.utf8)) as? [String: Any])
        #expect(summary["problems"] as? Int == problems.count && summary["samples"] as? Int == 2)
        let written = try objects(try String(contentsOfFile: scratch("out.jsonl"), encoding: .utf8))
        #expect(written.count == 2 * problems.count)
        let prompt = try #require(written.last?["prompt"] as? String)
        #expect(prompt.hasPrefix("<user>") && prompt.hasSuffix("\\boxed{}.\n<a>"))
    }

    /// Countdown lines under names of their own, some of them too long.
    private func countdown(_ scratch: borrowing Scratch) throws -> String {
        let lines = (1...30).map { number in
            let front = number > 27 ? String(repeating: "0 ", count: 30) : ""
            return
                #"{"q": {"text": "\#(front)\#(number)=\#(number)\n"}, "numbers": [\#(number)], "target": \#(number)}"#
        }
        return try scratch.write(lines.joined(separator: "\n") + "\n", to: "problems.jsonl")
    }

    @Test func `a run's configuration is a recipe, and its evaluation sees what the run held out`() throws {
        let scratch = try Scratch()
        try Maxwell.writeModel(to: scratch("model"))
        let file = try countdown(scratch)
        let yaml =
            Maxwell.trainYAML(model: scratch("model"), output: scratch("run"), steps: 2)
            + "\nprompts: \(file)\ndata: {fields: {prompt: q.text}, held_out: 0.4, overlong: drop}\n"
        let config = try scratch.write(yaml, to: "train.yaml")
        let trained = try Maxwell.run(["train", config])
        #expect(trained.status == 0, "\(trained.errors)")
        #expect(trained.errors.contains("whose prompts have more than 39 tokens"))
        func ids(_ part: [String]) throws -> Set<String> {
            let run = try Maxwell.run(
                [
                    "eval", "--model", scratch("model"), "--recipe", config, "--samples", "1", "--max-new-tokens", "3",
                    "--out", scratch("out.jsonl"),
                ] + part)
            #expect(run.status == 0, "\(run.errors)")
            let lines = try objects(try String(contentsOfFile: scratch("out.jsonl"), encoding: .utf8))
            return Set(lines.compactMap { $0["id"] as? String })
        }
        let (heldout, train, all) = (try ids([]), try ids(["--part", "train"]), try ids(["--part", "all"]))
        #expect(heldout.isDisjoint(with: train) && heldout.union(train) == all && all.count == 27)
        let generated = try Maxwell.run([
            "generate", "--model", scratch("model"), "--recipe", config, "--in", file, "--max-new-tokens", "2",
        ])
        #expect(Set(try objects(generated.output).compactMap { $0["id"] as? String }) == heldout)
        #expect(
            try Maxwell.run(["eval", "--model", scratch("model"), "--recipe", config, "--environment", "parity"])
                .errors.contains("--environment has no effect beside --recipe"))
        let misspelt = try Maxwell.refusal(
            ["eval", "--model", scratch("model"), "--recipe", config, "--set", "data.fields.prompt=q.txt"])
        #expect(misspelt.contains("q has \"text\"; did you mean \"text\"? (problems.jsonl:1)"))
    }

    @Test func `filter writes pass rates that a curriculum reads`() throws {
        let scratch = try Scratch()
        let file = try countdown(scratch)
        // the first 20 lines were evaluated
        let rows = (1...20).map {
            #"{"id": "problems.jsonl:\#($0)", "prompt": "", "samples": 16, "correct": 1, "pass_rate": \#(Double($0) / 21), "#
                + #""mean_reward": 0, "mean_length": 1, "truncated_share": 0, "is_majority_correct": false}"#
        }
        let table = try scratch.write(rows.joined(separator: "\n"), to: "table.jsonl")
        let filter = ["filter", "--problems", file, "--table", table, "--out", scratch("kept.jsonl")]
        #expect(try Maxwell.refusal(filter).contains("problems.jsonl:21; evaluate this very file"))
        let said = try Maxwell.success(filter + ["--allow-missing", "--rate-field", "rate"])
        #expect(said.contains("10 not evaluated"))
        let kept = try ProblemFile.load(
            scratch("kept.jsonl"), mapping: ProblemMapping(fields: [.init("prompt", from: ["q.text"])]))
        let rates = kept.map { $0.fields["rate"] }
        #expect(rates == (2...19).map { .number(Double($0) / 21) })
        let sequence = try Curriculum(field: "rate", hard: .low, share: 1, window: 1).sequence(
            of: kept, seed: 1, positions: kept.count)
        #expect(kept[sequence.index(at: 0)].prompt == "19=19\n" && kept[sequence.index(at: 17)].prompt == "2=2\n")
        #expect(
            try Maxwell.refusal(filter + ["--allow-missing", "--rate-field", "target"]).contains(
                "problems.jsonl:2 has a field target already"))
    }
}
