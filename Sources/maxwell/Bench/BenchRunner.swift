// Runs groups of cases in rounds in which each case takes its turn, the first one untimed, and takes medians.

import Analysis
import Foundation
import Torch

struct BenchRunner {
    private(set) var measurements: [BenchMeasurement] = []
    private(set) var series: [BenchSeries] = []
    /// None for groups that were not announced, as in tests.
    private var bar: ProgressBar?
    private var done = 0

    init(_ groups: [BenchGroup]) {
        let total = groups.reduce(0) { $0 + $1.runs }
        bar = total > 0 ? ProgressBar("bench", total: total, unit: "runs") : nil
    }

    mutating func run(_ group: BenchGroup) throws {
        let cases = try group.make()
        var samples = [[[String: Double]]](repeating: [], count: cases.count)
        var peaks = [Int?](repeating: nil, count: cases.count)
        for round in 0..<(group.runs / max(1, group.count)) {
            for (index, item) in cases.enumerated() {
                if round == 0 { PeakMemory.reset() }
                let sample = try timed(item)
                if round == 0 { peaks[index] = PeakMemory.bytes }
                if round > 0 || !group.warmsUp { samples[index].append(sample) }
                advance(item.name)
            }
        }
        let found = cases.indices.map { BenchMeasurement(cases[$0], group.name, samples[$0], peakBytes: peaks[$0]) }
        let rates = BenchPeaks(found)
        measurements += zip(found, cases).map { $0.withShares(of: rates, limit: $1.limit) }
        if let variable = group.variable {
            let varied = cases.indices.filter { cases[$0].size != nil }
            try add(group, variable, varied.map { cases[$0] }, varied.map { found[$0] })
        }
    }

    private func timed(_ item: BenchCase) throws -> [String: Double] {
        let clock = ContinuousClock()
        let start = clock.now
        let before = ProcessInfo.processorSeconds
        var parts = try item.run()
        try Runtime.synchronize()
        let elapsed = clock.now - start
        parts["cpu"] = ProcessInfo.processorSeconds - before
        let seconds = Double(elapsed.components.seconds) + Double(elapsed.components.attoseconds) * 1e-18
        if parts["total"] == nil { parts["total"] = seconds }
        return parts
    }

    private mutating func add(
        _ group: BenchGroup, _ variable: String, _ cases: [BenchCase], _ found: [BenchMeasurement]
    ) throws {
        let sizes = cases.compactMap(\.size)
        guard sizes.count == found.count else { return }
        for part in group.parts {
            let costs = found.map { part == "total" ? $0.seconds : $0.parts[part] ?? 0 }
            let fit = costs.allSatisfy { $0 > 0 } ? try ScalingFit(sizes: sizes, costs: costs) : nil
            series.append(
                BenchSeries(
                    name: "\(group.name)/\(part)", variable: variable,
                    points: zip(sizes, costs).map { BenchSeries.Point(size: $0, seconds: $1) }, fit: fit))
        }
    }

    private mutating func advance(_ name: String) {
        done += 1
        bar?.update(done, name)
    }
}
