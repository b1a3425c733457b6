// Alarms: each is raised by its metric beyond its limit, by nothing else, and says what would help.

import Runs
import Testing

@testable import Analysis

@Suite struct AlarmTests {
    private let quiet: [String: Double] = [
        "entropy/before": 1, "entropy/measured_change": -0.01, "mismatch/logprob_mean": 1e-7,
        "algorithm/ratio_max": 1, "algorithm/proximal_kl_k3": 0.001,
    ]

    private func record(_ changes: [String: Double] = [:]) -> MetricsRecord {
        let values = quiet.merging(changes) { $1 }.sorted { $0.key < $1.key }
        return MetricsRecord(step: 7, fields: values.map { ($0.key, .double($0.value)) })
    }

    @Test(arguments: [
        (Alarm.entropyCollapse, "entropy/before", 0.0099), (.entropyExplosion, "entropy/before", 5.01),
        (.entropyJump, "entropy/measured_change", 0.51), (.entropyJump, "entropy/measured_change", -0.51),
        (.samplerMismatch, "mismatch/logprob_mean", 0.021), (.largeRatio, "algorithm/ratio_max", 50.1),
        (.proximalKL, "algorithm/proximal_kl_k3", 0.51),
    ])
    func `a metric beyond its limit raises its alarm alone`(alarm: Alarm, metric: String, value: Double) {
        let limits = AlarmLimits(entropyCeiling: 5)
        #expect(Alarm.raised(by: record(), limits: limits).isEmpty)
        let loud = record([metric: value])
        #expect(Alarm.raised(by: loud, limits: limits) == [alarm])
        #expect(alarm.sentence(in: loud).hasPrefix("update 7: "))
    }

    @Test func `what later updates of a step moved is no mismatch`() {
        let moved = record(["mismatch/logprob_mean": 1, "algorithm/ratio_max": 1.2])
        #expect(Alarm.raised(by: moved, limits: AlarmLimits()).isEmpty)
    }

    @Test func `metrics that are absent or no number raise nothing`() {
        let limits = AlarmLimits(entropyFloor: 10, entropyCeiling: 0)
        #expect(Alarm.raised(by: MetricsRecord(step: 1), limits: limits).isEmpty)
        let null = MetricsRecord(step: 1, fields: [("entropy/before", .null), ("entropy/measured_change", .null)])
        #expect(Alarm.raised(by: null, limits: limits).isEmpty)
    }

    @Test(arguments: [
        (0.0, "0"), (1.0, "1"), (0.012345, "0.0123"), (-2.5, "−2.5"), (123.4, "123"), (99_999, "99999"),
        (1e-9, "0.000000001"),
    ])
    func `numbers in sentences have three digits`(value: Double, text: String) {
        #expect(Sentence.number(value) == text)
    }
}
