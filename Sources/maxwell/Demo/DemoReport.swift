// The demo's report page: what came out, what was predicted of it, and what it cost.

import Analysis
import Plots
import Trajectories

/// Everything the page shows; `curves` and `samples` are per arm, in the order of `summary.arms`.
///
/// Arms without curves or samples, and numbers that are not finite, leave their places on the page empty.
struct DemoReport {
    var summary: DemoSummary
    /// Read from each arm's `metrics.jsonl`.
    var curves: [RunCurves]
    /// A few held-out groups per arm after training, the same problems for every arm.
    var samples: [[RolloutGroup]]
    /// The same problems before training.
    var initialSamples: [RolloutGroup]
    /// One printable text per token.
    var decode: ([Int32]) -> [String]

    /// The arms of one algorithm: one per seed.
    struct Contender {
        var name: String
        /// The same in every chart.
        var color: Color
        /// Indices into `summary.arms`.
        var arms: [Int]
    }

    /// The algorithms in the order in which they first appear.
    var contenders: [Contender] {
        var result: [Contender] = []
        for (index, arm) in summary.arms.enumerated() {
            let name = DemoReport.displayName(arm.algorithm)
            if let known = result.firstIndex(where: { $0.name == name }) {
                result[known].arms.append(index)
            } else {
                result.append(Contender(name: name, color: Palette.color(result.count), arms: [index]))
            }
        }
        return result
    }

    /// What the others are compared with: plain GRPO, or the first algorithm if it is not there.
    var baseline: Contender? {
        contenders.first { $0.name == "GRPO" } ?? contenders.first
    }

    var seeds: [Int] { Set(summary.arms.map(\.seed)).sorted() }

    var hasSeveralSeeds: Bool { contenders.contains { $0.arms.count > 1 } }

    /// `clip_v` as papers write it.
    static func displayName(_ algorithm: String) -> String {
        let lower = algorithm.lowercased()
        if lower == "grpo" { return "GRPO" }
        if lower.hasPrefix("clip_") { return "Clip_" + lower.dropFirst(5).uppercased() }
        return algorithm
    }

    func label(ofArm index: Int) -> String {
        let arm = summary.arms[index]
        let name = DemoReport.displayName(arm.algorithm)
        return hasSeveralSeeds ? "\(name), seed \(arm.seed)" : name
    }

    func curves(ofArm index: Int) -> RunCurves? {
        curves.indices.contains(index) ? curves[index] : nil
    }

    /// The whole file.
    func html() -> String {
        var page = HTMLPage(title: title, subtitle: subtitle)
        page.facts(facts)
        page.section("Result")
        page.paragraph(resultParagraph)
        if hasSeveralSeeds { page.table(algorithmTable, caption: algorithmTableCaption) }
        page.table(armTable, caption: armTableCaption)

        page.section("Entropy and reward")
        page.figures([entropyFigure, rewardFigure])

        page.section("Held-out problems")
        page.figures([passFigure, tradeFigure])

        page.section("Predicted and measured")
        page.paragraph(
            "Each update is measured twice: entropy on its tokens before and after. The difference is set against two "
                + "predictions made from the same update. The first follows the optimiser's real step through the "
                + "parameters, the second adds up what each token would do if its logits were free.")
        page.figures([parameterFigure, tokenFigure])
        page.table(
            trackingTable,
            caption: "R² = 1 − Σ(m − p)² / Σ(m − mean m)² of the prediction p as it stands, without a fit; slope is "
                + "that of measured on predicted; r is the correlation.")
        page.figures([updatesFigure, droppedFigure])

        page.section("Completions")
        addCompletions(to: &page)

        page.section("What it cost")
        page.table(costTable, caption: costCaption)

        page.section("How to repeat it")
        page.preformatted(command)
        page.paragraph(
            "The same seed on the same machine and number of threads gives the same numbers, times apart. The metrics "
                + "of every update are in \(metricsPlaces).")

        page.section("Words")
        for line in glossary { page.paragraph(line) }
        return page.html()
    }

    private var title: String {
        let names = contenders.map(\.name)
        return names.isEmpty ? "Countdown" : "Countdown with \(inWords(names))"
    }

    private var subtitle: String {
        let seeds = seeds.map(String.init)
        let parts = [
            seeds.isEmpty ? nil : "\(seeds.count == 1 ? "seed" : "seeds") \(inWords(seeds))",
            "\(summary.steps) updates of \(summary.promptsPerStep) × \(summary.completionsPerPrompt) completions",
            "\(magnitude(Double(summary.parameters))) parameters", "learning rate \(summary.learningRate)",
            "\(duration(summary.secondsTotal)) on \(counted(summary.threads, "thread"))",
            "libtorch \(summary.libtorch)",
        ]
        return "maxwell demo · " + parts.compactMap { $0 }.joined(separator: " · ")
    }

    private var command: String {
        let seeds = seeds
        let count = seeds.count > 1 ? " --seeds \(seeds.count)" : ""
        return "maxwell demo --seed \(seeds.first ?? 1)\(count)"
    }

    private var metricsPlaces: String {
        let places = summary.arms.map(\.metrics).filter { !$0.isEmpty }
        guard let first = places.first else { return "the arms' metrics.jsonl" }
        return places.count == 1 ? first : "\(first) and its siblings"
    }

    private var glossary: [String] {
        [
            "Entropy, H = −Σ p log p: how undecided the policy is about its next token, exact over the whole "
                + "vocabulary at the sampling temperature, as a mean over sampled tokens. All entropies are in nats: "
                + "ln 2 = 0.693 is a fair coin.",
            "S* = p (H + log p), the entropy discriminant of the sampled token: positive for tokens that are already "
                + "likely, negative for unlikely ones. Making such a token more likely lowers entropy where S* is "
                + "positive and raises it where it is negative, to first order.",
            "E[S] = Σ p S: the mean of S under the policy itself. S* − E[S] is therefore zero on average, and is what "
                + "a policy-gradient step of unit advantage takes from entropy when logits are free. Clip_V drops "
                + "tokens by it, Clip_B by S*.",
            "ΔH: entropy after an update minus before, on the same tokens. A: advantage, how much better a completion "
                + "did than the others of its prompt.",
            "pass@k: the share of problems that at least one of k samples solves, estimated without bias from "
                + "\(summary.samples) samples per problem.",
        ]
    }
}
