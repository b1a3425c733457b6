// The page of one run, whatever it logged.

import Analysis
import Comparison
import Runs
import Testing

@Suite struct RunReportTests {
    private func record(_ step: Int, _ extra: [(String, MetricValue)] = []) -> MetricsRecord {
        MetricsRecord(
            step: step,
            fields: [
                ("rollout_step", .int(step)), ("reward/mean", .double(0.1 * Double(step))),
                ("entropy/before", .double(1 - 0.1 * Double(step))), ("tokens/completion", .int(2_000_000)),
                ("seconds/rollout", .double(1.25)), ("seconds/update", .double(0.5)),
            ] + extra)
    }

    @Test func `what was logged is drawn, and what was not has no section`() {
        let plain = RunReport(
            name: "mine", curves: RunCurves((1...4).map { record($0) }), configuration: "name: <grpo>"
        ).html()
        #expect(plain.contains("4 steps, 4 updates") && plain.contains("name: &lt;grpo&gt;"))
        #expect(plain.contains("5.0") && plain.contains("2.0") && plain.contains("8.00 M"))
        #expect(!plain.contains("Predicted and measured") && !plain.contains("Tokens dropped"))
        let full = RunReport(
            name: "mine",
            curves: RunCurves(
                (1...4).map { step in
                    record(
                        step,
                        [
                            ("entropy/measured_change", .double(0.01 * Double(step))),
                            ("entropy/predicted_parameter", .double(0.01 * Double(step))),
                            ("algorithm/clip_v/dropped", .double(0.02)), ("thermostat/share", .double(0.3)),
                            ("early_stopping/pass_at_1", .double(0.4)), ("early_stopping/peak", .double(0.5)),
                        ])
                }), configuration: ""
        ).html()
        for text in [
            "Predicted and measured", "R² 1.000", "Tokens dropped", "Length of the correction", "Tests of early",
        ] {
            #expect(full.contains(text), "\(text)")
        }
    }

    @Test func `a run without any update is a page without curves`() {
        #expect(RunReport(name: "x", curves: RunCurves([]), configuration: "").html().hasSuffix("</html>\n"))
    }
}
