// What the clipped tokens show: histograms, dependence on the clip fraction, and findings.

import Plots

extension RatioClip {
    /// The arms whose histograms are drawn: clip fractions of the usual size.
    private static let drawn = arms.indices.filter {
        arms[$0].table == .peaked
            && (arms[$0].way == .descent && arms[$0].strength == 0.4
                || arms[$0].way == .drift && arms[$0].strength == 0.07)
    }

    static func histograms(_ results: [ClippedTokens]) -> [ResultTable] {
        drawn.map { arm in
            ResultTable(
                "histogram_\(arms[arm].way == .drift ? "drift" : "descent")", rowNames: ClippedTokens.bins,
                columns: [
                    ("all_tokens_share", results[arm].histogram(high: nil)),
                    ("clipped_high_share", results[arm].histogram(high: true)),
                    ("clipped_low_share", results[arm].histogram(high: false)),
                ])
        }
    }

    static func panels(_ results: [ClippedTokens]) -> [any Chart] {
        let bars = drawn.map { arm in
            BarChart(
                title: "Probability of clipped tokens: \(arms[arm].way.name), peaked table, "
                    + "\(digits(100 * results[arm].share, 2)) % clipped",
                yTitle: "share of the tokens of each kind, by bin of their proximal probability p",
                groups: ClippedTokens.bins,
                series: [
                    .init(name: "all tokens", values: results[arm].histogram(high: nil), color: Palette.neutral),
                    .init(name: "clipped, A > 0", values: results[arm].histogram(high: true), color: Palette.blue),
                    .init(
                        name: "clipped, A < 0", values: results[arm].histogram(high: false), color: Palette.vermilion),
                ], decimals: nil, size: ChartSize(width: 676, height: 250))
        }
        let lines = [
            againstShare(
                "95th percentile of p among the clipped tokens (dashed: flat table)",
                "probability", Annotation(.y(0.15), label: "claimed: 0.15"), results
            ) { $0.quantile(0.95) },
            againstShare(
                "Clipped tokens with A > 0 that would have raised entropy (dashed: flat table)",
                "share with S − E[S] < 0", Annotation(.y(0.5), label: "half"), results
            ) { $0.negativeShare(high: true) },
        ]
        return bars + lines
    }

    private static func againstShare(
        _ title: String, _ yTitle: String, _ annotation: Annotation, _ results: [ClippedTokens],
        _ value: (ClippedTokens) -> Double
    ) -> LineChart {
        let series = ClipTable.allCases.reversed().flatMap { table in
            Way.allCases.enumerated().map { index, way in
                let own = arms.indices.filter { arms[$0].table == table && arms[$0].way == way }
                return LineChart.Series(
                    name: table == .peaked ? way.name : "", x: own.map { 100 * results[$0].share },
                    y: own.map { value(results[$0]) }, color: Palette.color(index), isDashed: table == .flat)
            }
        }
        return LineChart(
            title: title, xTitle: "clipped tokens, % of all tokens", yTitle: yTitle, series: series, xKind: .log,
            xRange: 0.01...10, yRange: 0...1, annotations: [annotation], legend: .above,
            size: ChartSize(width: 676, height: 300))
    }

    static func findings(_ results: [ClippedTokens]) -> [Finding] {
        func usual(_ ways: [Way]) -> [Int] {
            arms.indices.filter { ways.contains(arms[$0].way) && Arm.usualShares.contains(results[$0].share) }
        }
        let (updates, drift) = (usual([.descent, .adam, .randomReward]), usual([.drift]))
        func finding(
            _ claim: String, _ which: [Int], _ quantity: String, _ value: (ClippedTokens) -> Double,
            isMet: (Int) -> Bool
        ) -> Finding {
            let met = which.count(where: isMet)
            return Finding(
                claim, holds: !which.isEmpty && met == which.count,
                measured: "\(met) of \(which.count) set-ups that clip 0.1–2 %; "
                    + "\(quantity) \(spread(which.map { value(results[$0]) }, 2))")
        }
        func rare(_ which: [Int], _ cause: String) -> Finding {
            finding(
                "Clipped tokens have probability at most about 0.15 (2602.03392); \(cause)", which,
                "95th percentile of p", { $0.quantile(0.95) }, isMet: { results[$0].quantile(0.95) <= 0.15 })
        }
        func raising(_ which: [Int], _ cause: String) -> Finding {
            finding(
                "Clipping on A > 0 removes entropy-raising updates (2602.03392); \(cause)", which,
                "share with S < E[S]", { $0.negativeShare(high: true) },
                isMet: { results[$0].negativeShare(high: true) > 0.5 })
        }
        return [
            rare(updates, "ratios moved by updates of the row"),
            rare(drift, "ratios moved by drift of the row"),
            finding(
                "Tokens of p ≤ 0.15 are a larger part of the clipped than of all", updates + drift,
                "their part of the clipped", shareUpToClaimed,
                isMet: { shareUpToClaimed(results[$0]) > results[$0].histogram(high: nil)[..<3].reduce(0, +) }),
            raising(updates, "ratios moved by updates of the row"),
            raising(drift, "ratios moved by drift of the row"),
            finding(
                "Clipping on A < 0 removes entropy-lowering updates (2602.03392)", updates + drift,
                "share with S < E[S]", { $0.negativeShare(high: false) },
                isMet: { results[$0].negativeShare(high: false) > 0.5 }),
        ]
    }
}
