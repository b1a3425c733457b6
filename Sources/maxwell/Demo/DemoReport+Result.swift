// The result in plain words and large numbers. Every claim is made by comparing numbers, so none outlives them.

import Analysis
import Comparison
import Plots

extension DemoReport {
    var facts: [HTMLPage.Fact] {
        var facts = contenders.map { contender in
            HTMLPage.Fact(
                "\(contender.name): pass@1 / pass@16",
                decimal(mean(contender) { $0.after.passAt1.value }, 3) + " / "
                    + decimal(mean(contender) { $0.after.passAt16.value }, 3),
                note: "from " + decimal(mean(contender) { $0.before.passAt1.value }, 3) + " / "
                    + decimal(mean(contender) { $0.before.passAt16.value }, 3) + "; entropy "
                    + signedPercent(mean(contender, \.entropyChange)))
        }
        let (quality, updates) = pooledQuality("entropy/predicted_parameter")
        if let quality {
            facts.append(
                .init("ΔH predicted, R²", decimal(quality.r2Identity, 3), note: "parameter space, \(updates) updates"))
        }
        return facts
    }

    /// The predictions of all arms against their measurements.
    func pooledQuality(_ prediction: String) -> (quality: PredictionQuality?, updates: Int) {
        let clouds = clouds(contenders)
        return (
            PredictionFigures.quality(clouds, prediction), clouds.reduce(0) { $0 + $1.pairs(prediction).count }
        )
    }

    var resultParagraph: String {
        guard let baseline else { return "There are no arms to report." }
        var sentences = [startSentence, baselineSentence(baseline)]
        sentences += contenders.filter { $0.name != baseline.name }.map { comparison($0, with: baseline) }
        sentences.append(ranking)
        sentences.append(predictionSentence)
        if hasSeveralSeeds { sentences.append("Numbers are means over \(counted(seeds.count, "seed")).") }
        return sentences.compactMap { $0 }.joined(separator: " ")
    }

    private var startSentence: String? {
        let all = Array(summary.arms.indices)
        let one = spread(all) { $0.before.passAt1.value }.mean
        let sixteen = spread(all) { $0.before.passAt16.value }.mean
        guard one.isFinite, sixteen.isFinite else { return nil }
        return "Before training the model solves \(percent(one)) of the held-out problems with one sample and "
            + "\(percent(sixteen)) with sixteen."
    }

    private func baselineSentence(_ baseline: Contender) -> String {
        let one = mean(baseline) { $0.after.passAt1.value }
        let sixteen = mean(baseline) { $0.after.passAt16.value }
        let first = mean(baseline, \.entropyInitial)
        let last = mean(baseline, \.entropyFinal)
        let verb = last < first ? "fell" : last > first ? "rose" : "went"
        return "After \(counted(summary.steps, "update")) \(baseline.name) solves \(percent(one)) with one sample "
            + "(\(points(one - mean(baseline) { $0.before.passAt1.value }))) and \(percent(sixteen)) with sixteen "
            + "(\(points(sixteen - mean(baseline) { $0.before.passAt16.value }))), while its entropy \(verb) from "
            + "\(decimal(first, 3)) to \(decimal(last, 3)) nats per token (\(signedPercent(last / first - 1)))."
    }

    private func comparison(_ contender: Contender, with baseline: Contender) -> String {
        let one: (DemoArm) -> Double = { $0.after.passAt1.value }
        let sixteen: (DemoArm) -> Double = { $0.after.passAt16.value }
        let ratio = mean(contender, \.entropyFinal) / mean(baseline, \.entropyFinal)
        return "Against \(baseline.name), \(contender.name) ends with \(decimal(ratio, 2)) times the entropy, its "
            + "pass@16 \(higherOrLower(mean(contender, sixteen) - mean(baseline, sixteen)))"
            + certainty(contender, baseline, { $0.after.passAt16 })
            + " and its pass@1 \(higherOrLower(mean(contender, one) - mean(baseline, one)))"
            + certainty(contender, baseline, { $0.after.passAt1 }) + "."
    }

    /// How far a difference can be trusted: over how many seeds it has its sign, or whether intervals overlap.
    private func certainty(
        _ contender: Contender, _ baseline: Contender, _ value: (DemoArm) -> Interval
    ) -> String {
        let bySeed = Dictionary(baseline.arms.map { (summary.arms[$0].seed, summary.arms[$0]) }) { first, _ in first }
        let pairs = contender.arms.compactMap { index -> (Interval, Interval)? in
            bySeed[summary.arms[index].seed].map { (value(summary.arms[index]), value($0)) }
        }.filter { $0.value.isFinite && $1.value.isFinite }
        guard let first = pairs.first else { return "" }
        if pairs.count > 1 {
            let higher = pairs.count { $0.value > $1.value }
            let lower = pairs.count { $0.value < $1.value }
            return " (\(higher >= lower ? "higher" : "lower") in \(max(higher, lower)) of \(pairs.count) seeds)"
        }
        let overlap = first.0.lower <= first.1.upper && first.1.lower <= first.0.upper
        return overlap ? " (the 95 % intervals overlap)" : " (the 95 % intervals do not overlap)"
    }

    /// Who ends highest, in what; a tie has no winner.
    private var ranking: String? {
        guard contenders.count > 1 else { return nil }
        let orders: [(name: String, value: (DemoArm) -> Double)] = [
            ("pass@1", { $0.after.passAt1.value }), ("pass@16", { $0.after.passAt16.value }),
            ("entropy", { $0.entropyFinal }),
        ]
        var prizes: [(winner: String, names: [String])] = []
        for order in orders {
            let ranked = contenders.map { ($0.name, mean($0, order.value)) }.filter { $0.1.isFinite }
            guard ranked.count > 1, let best = ranked.max(by: { $0.1 < $1.1 }),
                ranked.count(where: { $0.1 == best.1 }) == 1
            else { continue }
            if let known = prizes.firstIndex(where: { $0.winner == best.0 }) {
                prizes[known].names.append(order.name)
            } else {
                prizes.append((best.0, [order.name]))
            }
        }
        guard !prizes.isEmpty else { return nil }
        let clauses = prizes.map { "\($0.winner) ends with the highest \(inWords($0.names))" }
        return inWords(clauses) + "."
    }

    private var predictionSentence: String? {
        let (parameter, updates) = pooledQuality("entropy/predicted_parameter")
        guard let parameter else { return nil }
        var sentence =
            "Over \(updates) updates the entropy change predicted in parameter space agrees with the measured one with "
            + "R² \(decimal(parameter.r2Identity, 3)) (slope \(decimal(parameter.slope, 2)))"
        if let token = pooledQuality("entropy/predicted_token").quality {
            sentence += "; the token-level prediction correlates with it at \(decimal(token.correlation, 2))"
        }
        return sentence + "."
    }

    /// A difference of shares, against what was before.
    private func points(_ difference: Double) -> String {
        guard difference.isFinite else { return "change unknown" }
        let size = decimal(100 * difference.magnitude, 1)
        return size == "0.0" ? "as before" : "\(size) points \(difference > 0 ? "more" : "fewer")"
    }

    /// A difference of shares, against another algorithm.
    private func higherOrLower(_ difference: Double) -> String {
        guard difference.isFinite else { return "is not known" }
        let size = decimal(100 * difference.magnitude, 1)
        return size == "0.0" ? "is the same" : "is \(size) points \(difference > 0 ? "higher" : "lower")"
    }
}
