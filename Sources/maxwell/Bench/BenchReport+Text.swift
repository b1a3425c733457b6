// The report as text: machine, measurements by group, series with their exponents.

import Analysis

extension BenchReport {
    var text: String {
        ([machineLine, ""] + table(measurementRows) + (series.isEmpty ? [] : [""] + table(seriesRows)))
            .joined(separator: "\n")
    }

    private var machineLine: String {
        "\(machine.processor), \(machine.cores) cores, \(machine.threads) threads (waiting: \(machine.waitPolicy)), "
            + "libtorch \(machine.libtorch), \(machine.vectorCapability) kernels, \(precision) products by \(machine.products) "
            + "on \(machine.device), head reduced by \(machine.headReduction), "
            + "load \(fixed(machine.loadBefore, 1)) before, \(fixed(machine.loadAfter ?? .nan, 1)) after"
    }

    private var measurementRows: [[String]] {
        let head = [
            "measurement", "median ms", "best ms", "CPU ms", "GF/s", "of float32", "of bfloat16", "GB/s", "of limit",
            "tokens/s", "peak MiB",
        ]
        return [head]
            + measurements.flatMap { found -> [[String]] in
                let row = [
                    found.name, milliseconds(found.seconds), milliseconds(found.best),
                    milliseconds(found.cpuSeconds), number(found.gigaflops, 0),
                    percent(found.shareOfFloat32Peak), percent(found.shareOfBfloat16Peak),
                    number(found.gigabytes, 1), percent(found.shareOfLimit),
                    number(found.tokensPerSecond, 0),
                    number(found.peakBytes.map { Double($0) / 1_048_576 }, 0),
                ]
                let parts = found.parts.sorted { $0.value > $1.value }.map { part, seconds in
                    ["  \(part)", milliseconds(seconds)]
                }
                return [row] + parts
            }
    }

    private var seriesRows: [[String]] {
        let head = ["series", "over", "from", "to", "exponent", "last doubling", "fixed ms", "R²"]
        return [head]
            + series.map { series in
                let sizes = series.points.map(\.size)
                return [
                    series.name, series.variable, fixed(sizes.min() ?? .nan, 0), fixed(sizes.max() ?? .nan, 0),
                    number(series.fit?.exponent, 2), number(series.fit?.lastExponent, 2),
                    number(series.fit.map { $0.fixed * 1e3 }, 2), number(series.fit?.r2, 4),
                ]
            }
    }

    private func milliseconds(_ seconds: Double) -> String { fixed(seconds * 1e3, seconds < 0.1 ? 3 : 1) }
    private func number(_ value: Double?, _ decimals: Int) -> String { value.map { fixed($0, decimals) } ?? "" }
    private func percent(_ share: Double?) -> String { share.map { fixed($0 * 100, 0) + " %" } ?? "" }

    /// Columns as wide as their widest cell; the first flush left.
    private func table(_ rows: [[String]]) -> [String] {
        let columns = rows.map(\.count).max() ?? 0
        let widths = (0..<columns).map { column in rows.map { column < $0.count ? $0[column].count : 0 }.max() ?? 0 }
        return rows.map { row in
            row.enumerated().map { column, cell in
                let padding = String(repeating: " ", count: widths[column] - cell.count)
                return column == 0 ? cell + padding : padding + cell
            }.joined(separator: "  ")
        }
    }
}
