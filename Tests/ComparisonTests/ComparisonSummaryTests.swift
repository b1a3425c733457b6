// pass@k, differences and rates of a comparison against counting by hand, and the page drawn from them.

import Analysis
import Foundation
import Runs
import Testing
import Trajectories

@testable import Comparison

@Suite struct ComparisonSummaryTests {
    private let plan = ComparisonPlan(
        arms: [
            ComparisonArm(name: "clip-v", algorithm: "clip_v"),
            ComparisonArm(name: "grpo", algorithm: "grpo", isPlain: true),
            ComparisonArm(name: "thermostat", algorithm: "grpo"),
        ], seeds: [1, 2], control: .matched)
    private let start = Results.record([0, 1, 1, 1, 2, 0], entropy: 0.6)

    private func summary(_ results: [RunResult]) throws -> ComparisonSummary {
        try ComparisonSummary(
            plan: plan,
            setting: .init(
                model: "m", environment: "countdown", steps: 10, promptsPerStep: 2, completionsPerPrompt: 4,
                seeds: [1, 2]), start: start, results: results, controlShare: 0.02)
    }

    /// The share of k-subsets of n samples, c of them right, that hold a right one; counted, not computed.
    private func counted(_ n: Int, _ c: Int, _ k: Int) -> Double {
        let subsets = (0..<(1 << n)).filter { $0.nonzeroBitCount == k }
        return Double(subsets.count { $0 & ((1 << c) - 1) != 0 }) / Double(subsets.count)
    }

    @Test func `pass@k, gains and differences are means over seeds and problems`() throws {
        var random = RandomSource(seed: 5, purpose: .testing)
        func draw() -> [Int] { (0..<6).map { _ in random.integer(below: 5) } }
        let runs = ["clip-v", "grpo"].flatMap { arm in [1, 2].map { Results.result(arm, $0, correct: draw()) } }
        let summary = try summary(runs)
        #expect(summary.baseline == "grpo" && summary.evaluation.ks == [1, 2, 4])
        for arm in summary.arms {
            let own = runs.filter { $0.arm == arm.name }
            for point in arm.passAtK {
                func mean(_ correct: [Int]) -> Double {
                    correct.reduce(0) { $0 + counted(4, $1, point.k) } / Double(correct.count)
                }
                let seeds = own.map { mean($0.evaluation.correct) }
                let expected = seeds.reduce(0, +) / 2
                #expect(abs(point.pass.value - expected) < 1e-12)
                #expect(zip(point.seeds, seeds).allSatisfy { abs($0 - $1) < 1e-12 })
                #expect(point.pass.lower <= expected && expected <= point.pass.upper)
                #expect(abs(point.gain.value - (expected - mean(start.correct))) < 1e-12)
                let base = runs.filter { $0.arm == "grpo" }.map { mean($0.evaluation.correct) }.reduce(0, +) / 2
                if arm.name == "grpo" {
                    #expect(point.againstBaseline == nil)
                } else {
                    #expect(abs((point.againstBaseline?.value ?? .nan) - (expected - base)) < 1e-12)
                }
            }
        }
    }

    @Test func `pass@1 per nat is the gain over the loss, and nothing where entropy did not fall`() throws {
        let summary = try summary([
            Results.result("grpo", 1, correct: [4, 4, 4, 0, 0, 0], entropy: 0.35),
            Results.result("clip-v", 1, correct: [4, 4, 4, 0, 0, 0], entropy: 0.6),
        ])
        let grpo = try #require(summary.arms.first { $0.name == "grpo" })
        // from 5/24 to 12/24, over a quarter of a nat
        #expect(abs((grpo.passPerNat ?? .nan) - (7.0 / 24) / 0.25) < 1e-12)
        #expect(summary.arms.first { $0.name == "clip-v" }?.passPerNat == nil)
        #expect(summary.finishedRuns == 2 && summary.totalRuns == 8)
    }

    @Test func `a difference is taken at the seeds that both arms have`() throws {
        let summary = try summary([
            Results.result("grpo", 2, correct: [0, 0, 0, 0, 0, 0]),
            Results.result("clip-v", 1, correct: [4, 4, 4, 4, 4, 4]),
            Results.result("clip-v", 2, correct: [4, 4, 4, 0, 0, 0]),
        ])
        let point = try #require(summary.arms.first { $0.name == "clip-v" }?.pass(1))
        #expect(point.againstBaseline?.value == 0.5 && point.pass.value == 0.75)
    }

    @Test func `another evaluation is refused`() {
        var other = Results.result("grpo", 1)
        other.evaluation.settings.samples = 8
        #expect(throws: AnalysisError.self) { try summary([other]) }
    }

    /// A run of ten steps with two updates each.
    private func curves(_ seed: Int, dropped: Double? = nil, share: Double? = nil) -> RunCurves {
        RunCurves(
            (1...20).map { update in
                let step = (update + 1) / 2
                var fields: [(String, MetricValue)] = [
                    ("rollout_step", .int(step)), ("reward/mean", .double(0.1 * Double(step))),
                    ("tokens/completion", .int(100 + step)), ("completion/length_mean", .double(5)),
                    ("entropy/before", .double(1 - 0.01 * Double(update + seed))), ("seconds/update", .double(0.5)),
                ]
                if let dropped { fields.append(("algorithm/clip_v/dropped", .double(dropped))) }
                if let share { fields.append(("thermostat/share", .double(share))) }
                return MetricsRecord(step: update, fields: fields)
            })
    }

    @Test func `a run's cost counts a step once and an update once each`() {
        let result = RunResult(
            arm: "a", algorithm: "clip_v", seed: 1, curves: curves(1, dropped: 0.02, share: 0.4),
            evaluation: Results.record([1]))
        #expect(result.steps == 10 && result.updates == 20)
        #expect(result.sampledTokens == 1055 && result.sampledCompletions == 211)
        #expect(result.seconds == 10)
        #expect(abs((result.droppedShare ?? .nan) - 0.02) < 1e-12)
        #expect(abs((result.correctionShare ?? .nan) - 0.4) < 1e-12)
        let plain = RunResult(
            arm: "a", algorithm: "grpo", seed: 1, curves: curves(1), evaluation: Results.record([1]))
        #expect(plain.droppedShare == nil && plain.correctionShare == nil)
    }

    @Test func `the page names every arm and stays whole with runs missing, equal or without metrics`() throws {
        let runs = [
            Results.result("grpo", 1), Results.result("grpo", 2), Results.result("clip-v", 1, dropped: 0.02),
            Results.result("random-drop", 1, algorithm: "random_drop", dropped: 0.02),
            Results.result("thermostat", 1, correction: 0.4),
        ]
        let summary = try summary(runs)
        for all in [
            summary.runs.map { curves($0.seed, dropped: 0.02, share: 0.4) }, summary.runs.map { _ in RunCurves([]) },
        ] {
            let report = ComparisonReport(summary: summary, curves: all, command: "maxwell compare a.yaml")
            let page = report.html()
            for name in ["grpo", "clip-v", "random-drop", "thermostat", "5 of 8 runs", "2.00\u{A0}%"] {
                #expect(page.contains(name), "\(name)")
            }
            #expect(!page.contains("nan") && !page.contains("inf,"))
            #expect(report.figures.count == 8)
            for figure in report.figures { #expect(figure.svg.hasPrefix("<svg"), "\(figure.name)") }
        }
        let nothing = try self.summary([])
        #expect(ComparisonReport(summary: nothing, curves: [], command: "").html().hasSuffix("</html>\n"))
    }
}
