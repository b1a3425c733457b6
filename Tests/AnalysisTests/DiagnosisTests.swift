// The diagnosis: each question is answered from runs that are made to have one trouble.

import Runs
import Testing

@testable import Analysis

@Suite struct DiagnosisTests {
    /// 60 updates of a run in which nothing is wrong; `change` spoils single updates.
    private func run(_ change: (_ step: Int, inout [String: Double]) -> Void = { _, _ in }) -> [MetricsRecord] {
        (1...60).map { step in
            var values: [String: Double] = [
                "reward/mean": 0.1 + 0.005 * Double(step), "group/dead_share": 0.2, "group/solved_none_share": 0.1,
                "group/solved_all_share": 0.1, "algorithm/ratio_max": 1, "optimiser/gradient_norm": 0.3,
                "optimiser/refused": 0, "entropy/before": 1 - 0.002 * Double(step), "entropy/measured_change": -0.002,
                "mismatch/logprob_mean": 1e-7, "completion/truncated_share": 0.02,
                "algorithm/reference_kl_k3": 0.01,
            ]
            change(step, &values)
            return MetricsRecord(step: step, fields: values.sorted { $0.key < $1.key }.map { ($0, .double($1)) })
        }
    }

    private func troubles(_ records: [MetricsRecord]) -> [String] {
        Diagnosis(records).findings.filter(\.isTrouble).map(\.question)
    }

    @Test func `a healthy run has no trouble and explains its loss of 0`() throws {
        let findings = Diagnosis(run()).findings
        #expect(findings.allSatisfy { !$0.isTrouble }, "\(findings)")
        let loss = try #require(findings.first { $0.question == "Why is the loss 0?" })
        #expect(loss.answer.contains("norm was 0.3"))
        let reward = try #require(findings.first { $0.question == "Does it learn?" })
        #expect(reward.answer == "Mean reward went from 0.153 to 0.352.")
    }

    @Test func `groups without variance are blamed on the right side`() throws {
        let hard = run {
            $1["group/dead_share"] = 0.9
            $1["group/solved_none_share"] = 0.9
        }
        let easy = run {
            $1["group/dead_share"] = 0.9
            $1["group/solved_all_share"] = 0.9
        }
        #expect(troubles(hard) == ["Why do groups have zero variance?"])
        #expect(Diagnosis(hard).findings[0].answer.contains("too hard"))
        #expect(Diagnosis(easy).findings[0].answer.contains("too easy"))
    }

    @Test func `a gradient of 0, refusals, KL and mismatch are troubles`() {
        #expect(troubles(run { $1["optimiser/gradient_norm"] = 0 }) == ["Why is the loss 0?"])
        #expect(troubles(run { if $0 == 9 { $1["optimiser/refused"] = 1 } }) == ["Why were updates skipped?"])
        #expect(
            troubles(run { $1["algorithm/reference_kl_k3"] = 0.005 * Double($0) }) == ["Why does KL rise?"])
        #expect(troubles(run { $1["mismatch/logprob_mean"] = 0.1 }) == ["Do sampler and trainer agree?"])
        #expect(troubles(run { $1["completion/truncated_share"] = 0.5 }) == ["Why are completions cut off?"])
    }

    @Test func `one update that moved entropy is named`() throws {
        let records = run { if $0 == 31 { $1["entropy/measured_change"] = -0.4 } }
        let finding = try #require(Diagnosis(records).findings.first)
        #expect(finding.question == "What did entropy do?" && finding.isTrouble)
        #expect(finding.answer.contains("Update 31 alone moved it by −0.4, 200 times the median update"))
    }

    @Test func `metrics that were not logged are not spoken of`() {
        #expect(Diagnosis([]).findings.isEmpty)
        let few = (1...3).map { MetricsRecord(step: $0, fields: [("loss", .double(1))]) }
        #expect(Diagnosis(few).findings.isEmpty)
    }
}
