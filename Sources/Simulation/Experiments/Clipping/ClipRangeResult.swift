// What the bounds of the ratio clip did: curves, differences from no clip, and findings.

import Plots

struct ClipRangeResult {
    var arms: [ClipRange.Arm]

    var result: ExperimentResult { ExperimentResult(tables: [table], panels: panels, findings: findings) }

    func arm(_ bounds: ClipRange.Bounds, _ cell: ClipRange.Cell, rate: Double = ClipRange.usualRate) -> ClipRange.Arm? {
        arms.first { $0.bounds.name == bounds.name && $0.cell == cell && $0.rate == rate }
    }

    /// Entropy of one arm minus that of another, both averaged over the run, per seed, nats.
    func difference(
        _ bounds: ClipRange.Bounds, _ other: ClipRange.Bounds, _ cell: ClipRange.Cell,
        rate: Double = ClipRange.usualRate
    ) -> [Double] {
        guard let one = arm(bounds, cell, rate: rate), let two = arm(other, cell, rate: rate) else { return [] }
        return zip(one.entropy, two.entropy).map { $0 - $1 }
    }

    private var table: ResultTable {
        ResultTable(
            "clip_bounds", rowNames: arms.map { "\($0.bounds.name), \($0.cell.name), rate \(digits($0.rate, 1))" },
            columns: [
                ("clip_low", arms.map(\.bounds.low)),
                ("clip_high", arms.map { $0.bounds.high.isFinite ? $0.bounds.high : nil }),
                ("learning_rate", arms.map(\.rate)),
                ("entropy_mean_nats", arms.map { mean($0.entropy) }),
                (
                    "entropy_mean_minus_clip_free_nats",
                    arms.map { mean(difference($0.bounds, ClipRange.free, $0.cell, rate: $0.rate)) }
                ),
                ("entropy_final_nats", arms.map { mean($0.curves.ends) }),
                ("pass_rate_final", arms.map { mean($0.passRates) }),
                ("clipped_high_share", arms.map { mean($0.clippedHigh) }),
                ("clipped_low_share", arms.map { mean($0.clippedLow) }),
            ])
    }

    private var panels: [any Chart] {
        let curves = ClipRange.cells.filter { $0.table == .peaked }.map { cell in
            LineChart(
                title: "Entropy, \(cell.isRandom ? "random" : "informative") reward, peaked table, rate 0.4",
                xTitle: "step", yTitle: "entropy, nats per token",
                series: ClipRange.bounds.enumerated().compactMap { index, bounds in
                    // Bands of seven arms would hide one another; the bars below have the ranges.
                    arm(bounds, cell).map { arm in
                        LineChart.Series(
                            name: bounds.name, x: (0..<arm.curves.count).map(Double.init), y: arm.curves.mean,
                            color: index == 0 ? Palette.neutral : Palette.color(index - 1), isDashed: index == 0)
                    }
                }, size: ChartSize(width: 676, height: 290))
        }
        let compared = ClipRange.bounds.filter { $0.name != ClipRange.free.name }
        let bars = BarChart(
            title: "Entropy beside clip-free, rate 0.4: mean over the run and range of seeds",
            yTitle: "difference of entropy, nats per token", groups: compared.map(\.shortName),
            series: ClipRange.cells.map { cell in
                let values = compared.map { difference($0, ClipRange.free, cell) }
                return BarChart.Series(
                    name: cell.name, values: values.map(mean), low: values.map { $0.min() ?? .nan },
                    high: values.map { $0.max() ?? .nan })
            }, decimals: nil, size: ChartSize(width: 676, height: 290))
        return curves + [bars, dependence]
    }

    /// How the bounds act as updates grow and more tokens are clipped.
    private var dependence: BarChart {
        let points = ClipRange.cells.filter(\.isRandom).flatMap { cell in
            ClipRange.rates.map { (cell: cell, rate: $0) }
        }
        let bounds = [
            (ClipRange.symmetric, Palette.neutral), (ClipRange.lowAlone, Palette.orange),
            (ClipRange.highAlone, Palette.sky),
        ]
        return BarChart(
            title: "Entropy beside clip-free under random reward, by learning rate",
            yTitle: "difference of entropy, nats per token",
            groups: points.map { "\($0.cell.table.rawValue), \(digits($0.rate, 1))" },
            series: bounds.map { bounds, color in
                let values = points.map { difference(bounds, ClipRange.free, $0.cell, rate: $0.rate) }
                return BarChart.Series(
                    name: bounds.name, values: values.map(mean), low: values.map { $0.min() ?? .nan },
                    high: values.map { $0.max() ?? .nan }, color: color)
            }, decimals: nil, size: ChartSize(width: 676, height: 270))
    }
}
