// The metrics of one update, by global sums over its tokens; names and meanings are in docs/metrics.md.

import Algorithms
import Models
import Runs
import Trajectories

/// Collects one metrics line in a fixed order.
struct MetricsLine {
    private(set) var fields: [(String, MetricValue)] = []

    mutating func add(_ name: String, _ value: Double) { fields.append((name, .double(value))) }
    mutating func add(_ name: String, _ value: Int) { fields.append((name, .int(value))) }
    mutating func add(_ name: String, _ value: Double?) { fields.append((name, value.map { .double($0) } ?? .null)) }
}

extension MetricsLine {
    /// What the rollouts of a step were worth.
    mutating func add(groups: [RolloutGroup]) {
        let verdicts = groups.flatMap(\.verdicts)
        let completions = groups.flatMap(\.completions)
        let count = Double(max(1, verdicts.count))
        let rates = groups.map { group in
            Double(group.verdicts.count { $0.isCorrect }) / Double(max(1, group.verdicts.count))
        }
        let dead = groups.count { group in group.rewards.allSatisfy { $0 == group.rewards[0] } }
        add("reward/mean", verdicts.reduce(0) { $0 + $1.reward } / count)
        add("reward/correct_share", Double(verdicts.count { $0.isCorrect }) / count)
        let perGroup = Double(max(1, groups.count))
        add("group/solved_all_share", Double(rates.count { $0 == 1 }) / perGroup)
        add("group/solved_some_share", Double(rates.count { $0 > 0 && $0 < 1 }) / perGroup)
        add("group/solved_none_share", Double(rates.count { $0 == 0 }) / perGroup)
        add("group/dead_share", Double(dead) / perGroup)
        let components = verdicts.flatMap(\.components)
        for name in Set(components.map(\.name)).sorted() {
            let values = components.filter { $0.name == name }.map(\.value)
            add("component/\(name)", values.reduce(0, +) / Double(values.count))
        }
        for reason in Set(verdicts.map(\.reason)).sorted() {
            add("reason/\(reason)", Double(verdicts.count { $0.reason == reason }) / count)
        }
        let tokens = completions.reduce(0) { $0 + $1.tokens.count }
        add("completion/length_mean", Double(tokens) / count)
        add("completion/truncated_share", Double(completions.count { $0.stopReason == .length }) / count)
        add("tokens/completion", tokens)
        add("tokens/prompt", groups.reduce(0) { $0 + $1.promptTokens.count })
    }

    /// What an update was predicted to do to entropy, and what it did.
    mutating func add(report: UpdateReport, coefficients: TokenCoefficients, learningRate: Double) {
        let before = mean(report.before.entropy)
        let after = report.entropyAfter.map(mean)
        add("entropy/before", before)
        add("entropy/after", after)
        add("entropy/measured_change", after.map { $0 - before })
        add("entropy/predicted_parameter", report.parameterPrediction)
        add("entropy/predicted_token", learningRate * mean(coefficients.predictedEntropyChange))
        let (s, sDeviation) = moments(report.before.discriminant.map(Double.init))
        let centred = zip(report.before.discriminant, report.before.expectedDiscriminant).map {
            Double($0) - Double($1)
        }
        let (c, cDeviation) = moments(centred)
        add("discriminant/mean", s)
        add("discriminant/deviation", sDeviation)
        add("discriminant/centred_mean", c)
        add("discriminant/centred_deviation", cDeviation)
        for metric in coefficients.metrics { add("algorithm/\(metric.name)", metric.value) }
    }

    /// How far the sampler's log-probabilities are from the trainer's, on the same tokens and weights.
    mutating func add(sampled: [Float], report: UpdateReport) {
        let computed = report.isRecorded.indices.filter { !report.isRecorded[$0] }
        let gaps = computed.map { abs(Double(sampled[$0]) - Double(report.before.logprob[$0])) }
        add("tokens/recorded", sampled.count - computed.count)
        add("mismatch/logprob_mean", gaps.reduce(0, +) / Double(max(1, gaps.count)))
        add("mismatch/logprob_max", gaps.max() ?? 0)
    }
}

extension UpdateReport {
    /// The update as controllers see it.
    func outcome(_ coefficients: TokenCoefficients, learningRate: Double) -> UpdateOutcome {
        UpdateOutcome(
            isRefused: !gradientNorm.isFinite,
            tokenPrediction: learningRate * mean(coefficients.predictedEntropyChange),
            parameterPrediction: parameterPrediction,
            measuredChange: entropyAfter.map { mean($0) - mean(before.entropy) }, steering: steering)
    }
}

/// Mean in Double; 0 of nothing.
func mean(_ values: [Float]) -> Double {
    values.reduce(0) { $0 + Double($1) } / Double(max(1, values.count))
}

/// Mean and population standard deviation, in two passes.
func moments(_ values: [Double]) -> (mean: Double, deviation: Double) {
    let count = Double(max(1, values.count))
    let mean = values.reduce(0, +) / count
    let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / count
    return (mean, variance.squareRoot())
}
