// The page of a comparison: what every arm gained, what it cost in entropy, and how hard it was steered.

public import Analysis
import Plots

/// Everything the page shows.
public struct ComparisonReport {
    public var summary: ComparisonSummary
    /// Of `summary.runs`, in their order, read from each run's `metrics.jsonl`.
    public var curves: [RunCurves]
    /// How to run it again.
    public var command: String

    public init(summary: ComparisonSummary, curves: [RunCurves], command: String) {
        self.summary = summary
        self.curves = curves
        self.command = command
    }

    /// How an arm is drawn, the same in every chart.
    struct Line {
        var arm: ArmSummary
        var color: Color
        var isDashed: Bool
        /// Curves of its runs, one per seed.
        var runs: [RunCurves]
    }

    /// Six colours, then the same dashed; the control is grey.
    var lines: [Line] {
        var place = 0
        return summary.arms.map { arm in
            let isControl = arm.name == summary.control
            let line = Line(
                arm: arm, color: isControl ? Palette.neutral : Palette.color(place),
                isDashed: !isControl && place >= Palette.series.count,
                runs: zip(summary.runs, curves).filter { $0.0.arm == arm.name }.map(\.1))
            if !isControl { place += 1 }
            return line
        }
    }

    /// File name and drawing of each figure.
    public var figures: [(name: String, svg: String)] {
        named.map { (name: $0.name, svg: Figure([$0.figure.chart]).svg()) }
    }

    private var named: [(name: String, figure: HTMLPage.Figure)] {
        [
            ("entropy", entropyFigure), ("reward", rewardFigure), ("pass-at-k", passCurveFigure),
            ("against-baseline", differenceFigure), ("trade", tradeFigure), ("tokens-dropped", droppedFigure),
            ("correction", correctionFigure), ("reward-per-nat", pathFigure),
        ]
    }

    /// The whole file.
    public func html() -> String {
        var page = HTMLPage(title: title, subtitle: subtitle)
        page.facts(facts)
        page.section("Result")
        for sentence in resultParagraphs { page.paragraph(sentence) }
        page.table(passTable, caption: passTableCaption)
        page.table(differenceTable, caption: differenceTableCaption)
        page.section("Entropy and reward")
        page.figures([entropyFigure, rewardFigure])
        page.section("Held-out problems")
        page.figures([passCurveFigure, differenceFigure])
        page.section("What entropy bought")
        page.figures([pathFigure, tradeFigure])
        page.section("Control effort")
        page.figures([droppedFigure, correctionFigure])
        page.section("Equal data, equal budget")
        page.paragraph(budgetParagraph)
        page.table(costTable, caption: costTableCaption)
        page.section("How to repeat it")
        page.preformatted(command)
        page.paragraph(
            "Finished runs are not made again, interrupted ones go on. The same seeds on the same machine and number of "
                + "threads give the same numbers, times apart.")
        page.section("Words")
        for line in glossary { page.paragraph(line) }
        return page.html()
    }

    private var title: String { "\(counted(summary.arms.count, "arm")) compared" }

    private var subtitle: String {
        let setting = summary.setting
        let seeds = setting.seeds.map(String.init)
        return [
            "maxwell compare", setting.environment, setting.model,
            "\(seeds.count == 1 ? "seed" : "seeds") \(inWords(seeds))",
            "\(setting.steps) steps of \(setting.promptsPerStep) × \(setting.completionsPerPrompt) completions",
            summary.finishedRuns < summary.totalRuns
                ? "\(summary.finishedRuns) of \(counted(summary.totalRuns, "run")) finished" : nil,
        ].compactMap { $0 }.joined(separator: " · ")
    }

    /// The largest k there is.
    var lastK: Int { summary.evaluation.ks.last ?? 1 }

    private var glossary: [String] {
        [
            "Entropy, H = −Σ p log p over the whole vocabulary at the sampling temperature, in nats, as a mean over "
                + "sampled tokens: of the update's own tokens in the curves, of the held-out samples in the tables.",
            "pass@k: the share of problems that at least one of k samples solves, estimated without bias from "
                + "\(summary.evaluation.samples) samples per problem; pass@1 is avg@1, the mean share of right samples.",
            "Intervals are 95 % percentile bootstrap intervals that draw problems and seeds again, both with replacement. "
                + "Every arm met the same problems with the same random numbers, so a difference is taken problem by "
                + "problem. With few seeds they say little of how other seeds would scatter.",
            "Random drop is the control: it drops as many tokens as the methods do, blindly. What it reaches as well "
                + "owes nothing to the choice of tokens.",
        ]
    }
}
