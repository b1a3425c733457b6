// `maxwell compare` on a tiny model: equal data and budget, a control, files that agree, and nothing made twice.

import Comparison
import Foundation
import Runs
import Testing

@Suite struct CompareCommandTests {
    /// A configuration of the tiny model, of three steps.
    private func config(_ algorithm: String, _ scratch: borrowing Scratch, steps: Int = 3) throws -> String {
        let lines = algorithm.split(separator: ",").map { "  \($0)" }.joined(separator: "\n")
        let name = algorithm.split(separator: ",")[0].split(separator: " ")[1]
        return try scratch.write(
            """
            model: \(scratch("model"))
            output: unused
            threads: 1
            algorithm:
            \(lines)
            rollout:
              prompts_per_step: 3
              completions_per_prompt: 4
              max_new_tokens: 8
            optimiser:
              learning_rate: 2e-3
            training:
              steps: \(steps)
            checkpoint:
              every: 2
            """, to: "\(name).yaml")
    }

    private func summary(_ text: String) throws -> ComparisonSummary {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        return try decoder.decode(ComparisonSummary.self, from: Data(text.utf8))
    }

    private let small = ["--problems", "5", "--samples", "4", "--json"]

    @Test(.timeLimit(.minutes(3)))
    func `arms, seeds and a matched control are run once, evaluated alike and drawn`() throws {
        let scratch = try Scratch()
        try Maxwell.writeModel(to: scratch("model"))
        let grpo = try config("name: grpo", scratch)
        let clip = try config("name: clip_v,mu_neg: 1,mu_pos: 1,advantages: all,zero_advantage: test", scratch)
        let dapo = try config("name: dapo,overlong_limit: 8,sampling_budget: 9", scratch)
        let call = ["compare", grpo, clip, dapo, "--seeds", "2", "--out", scratch("out")] + small
        let text = try Maxwell.success(call)
        let summary = try summary(text)
        #expect(summary.arms.map(\.name) == ["grpo", "clip_v", "dapo", "random-drop"])
        #expect(summary.finishedRuns == 8 && summary.totalRuns == 8 && summary.baseline == "grpo")
        #expect(summary.arms.allSatisfy { $0.seeds == [1, 2] && $0.passAtK.map(\.k) == [1, 2, 4] })
        // the control drops what Clip_V dropped
        let runs = Dictionary(grouping: summary.runs, by: \.arm)
        let dropped = (runs["clip_v"] ?? []).map { $0.droppedShare ?? 0 }.reduce(0, +) / 2
        let share = try #require(summary.controlShare)
        #expect(dropped > 0.01 && abs(share - dropped) < 1e-4)
        for run in runs["random-drop"] ?? [] { #expect(abs((run.droppedShare ?? 0) - share) < 0.02) }
        // DAPO samples further prompts, and stops with the step that has spent GRPO's tokens
        for seed in 1...2 {
            let budget = try #require(runs["grpo"]?.first { $0.seed == seed }?.sampledTokens)
            let run = try #require(runs["dapo"]?.first { $0.seed == seed })
            let steps = try MetricsLog.read(file: scratch("out/runs/dapo-seed\(seed)/metrics.jsonl"))
                .compactMap { $0["tokens/completion"]?.number }
            #expect(run.steps == steps.count && Double(run.sampledTokens) == steps.reduce(0, +))
            #expect(run.steps == 3 || run.sampledTokens >= budget)
            #expect(steps.dropLast().reduce(0, +) < Double(budget))
        }
        #expect(summary.runs.filter { $0.arm != "dapo" }.allSatisfy { $0.steps == 3 && $0.sampledCompletions == 36 })
        #expect(try String(contentsOfFile: scratch("out/comparison.json"), encoding: .utf8) == text)
        #expect(try String(contentsOfFile: scratch("out/comparison.html"), encoding: .utf8).contains("random-drop"))
        #expect(try FileManager.default.contentsOfDirectory(atPath: scratch("out/figures")).count == 8)

        try Maxwell.success(["report", scratch("out/runs/clip_v-seed1")])
        let page = try String(contentsOfFile: scratch("out/runs/clip_v-seed1/report.html"), encoding: .utf8)
        #expect(page.contains("Tokens dropped") && page.contains("mu_neg: 1"))
        #expect(try Maxwell.refusal(["report", scratch("out")]).contains("holds no run"))

        // again: nothing is trained or evaluated, and the numbers are the same
        let again = try Maxwell.run(call)
        #expect(again.status == 0 && again.output == text && again.errors.isEmpty)
        // one result lost: only that run is evaluated again, from its checkpoint
        try FileManager.default.removeItem(atPath: scratch("out/results/clip_v-seed2.json"))
        let one = try Maxwell.run(call)
        #expect(one.output == text && one.errors.contains("clip_v seed 2") && !one.errors.contains("grpo"))
    }

    @Test(.timeLimit(.minutes(2)))
    func `stopped in a run, it goes on there and ends with the numbers of one that was not stopped`() throws {
        let scratch = try Scratch()
        try Maxwell.writeModel(to: scratch("model"))
        let grpo = try config("name: grpo", scratch, steps: 12)
        let call = ["compare", grpo, "--seeds", "1", "--control-share", "0.1"] + small
        let whole = try summary(try Maxwell.success(call + ["--out", scratch("whole")]))
        let process = try Maxwell.start(call + ["--out", scratch("cut")], streams: scratch("stream"))
        let metrics = scratch("cut/runs/grpo-seed1/metrics.jsonl")
        while process.isRunning, (FileManager.default.contents(atPath: metrics)?.count { $0 == 10 } ?? 0) < 5 {
            usleep(500)
        }
        kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
        #expect(!FileManager.default.fileExists(atPath: scratch("cut/results/grpo-seed1.json")))
        let cut = try summary(try Maxwell.success(call + ["--out", scratch("cut")]))
        func timeless(_ summary: ComparisonSummary) -> [RunResult] {
            summary.runs.map { run in
                var run = run
                run.seconds = 0
                return run
            }
        }
        #expect(timeless(cut) == timeless(whole) && cut.start == whole.start)
        // another configuration in the same folder is refused and loses nothing
        let sentence = try Maxwell.refusal(call + ["--out", scratch("cut"), "--set", "optimiser.learning_rate=1e-3"])
        #expect(sentence.contains("grpo-seed1") && sentence.contains("another configuration"))
        #expect(try summary(try Maxwell.success(call + ["--out", scratch("cut")])) == cut)
    }

    @Test func `what is not equal, unknown or in the way is refused in a sentence`() throws {
        let scratch = try Scratch()
        try Maxwell.writeModel(to: scratch("model"))
        let grpo = try config("name: grpo", scratch)
        let longer = try config("name: clip_b", scratch, steps: 4)
        let out = ["--out", scratch("out")] + small
        let unequal = try Maxwell.refusal(["compare", grpo, longer] + out)
        #expect(unequal.contains("training.steps (3, 4)") && unequal.contains("--set"))
        #expect(try Maxwell.refusal(["compare", grpo, grpo] + out).contains("two configurations are named grpo"))
        let dapo = try config("name: dapo,overlong_limit: 8", scratch)
        #expect(try Maxwell.refusal(["compare", dapo] + out).contains("--token-budget"))
        let control = try config("name: random_drop", scratch)
        #expect(
            try Maxwell.refusal(["compare", grpo, control, "--control-share", "0.1"] + out).contains("random_drop"))
        #expect(try Maxwell.refusal(["compare", scratch("none.yaml")] + out).contains("none.yaml"))
        #expect(try Maxwell.refusal(["compare", grpo, "--out", scratch("model")]).contains("not a comparison"))
        #expect(!FileManager.default.fileExists(atPath: scratch("out")))
    }
}
