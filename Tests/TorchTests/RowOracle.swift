// What one row's statistics are in Double, and how far a float32 kernel may stray from them.

import EntropyDynamics
import Foundation
import Torch
import Trajectories

/// The nine statistics of a row by their definitions, each with the size of the terms that cancel in it.
struct RowOracle {
    /// In the order of `StatisticsRow`.
    let values: [Double]
    /// Rounding of the terms shows in the result at this scale: relative errors mean nothing where a difference passes
    /// through zero (log-sum-exp and mean logit change sign, S* does at log p = -H, the others vanish on flat rows).
    let scales: [Double]

    init(_ logits: [Float], id: Int, temperature: Double = 1) throws {
        let p = try Categorical(logits: logits.map(Double.init), temperature: temperature)
        let h = p.entropy
        let top = logits.indices.max { logits[$0] < logits[$1] } ?? 0
        let lse = Double(logits[top]) / temperature - p.logProbabilities[top]
        let own = p.probabilities[id]
        let logprob = p.logProbabilities[id]
        values = [
            logprob, lse, h, p.discriminant(of: id), p.expectedDiscriminant, p.varianceDiscriminant, p.collision,
            p.squaredDiscriminant, lse - h,
        ]
        let size = abs(Double(logits[top]) / temperature) + 1
        let spread = own == 0 ? 0 : own * (h + abs(logprob))
        let collision = p.collision
        // a flat row's S are differences between log p and -H, both about H in size; on a peaked one the rest weighs
        // 1 - p_top
        let peak = p.probabilities[top]
        let rest = p.probabilities.indices.reduce(0) { $1 == top ? $0 : $0 + p.probabilities[$1] }
        let variance = peak < 0.5 ? collision * collision * h * h : rest * peak * peak * h * h
        scales = [
            own == 0 ? 1 : abs(logprob), size, h, spread, collision * h, variance, collision, collision * h * h, size,
        ]
    }

    /// The largest error over the nine statistics, each relative to its value plus its scale, and which one has it.
    func worst(_ found: [Float]) -> (error: Double, row: StatisticsRow) {
        var result = (error: 0.0, row: StatisticsRow.logprob)
        for row in StatisticsRow.allCases {
            let (a, b) = (Double(found[row.rawValue]), values[row.rawValue])
            let error = a == b ? 0 : abs(a - b) / max(max(abs(b), scales[row.rawValue]), 1e-30)
            if !(error <= result.error) { result = (error.isNaN ? .infinity : error, row) }
        }
        return result
    }
}

/// Column `row` of a statistics matrix [9, N].
func column(_ row: Int, of matrix: [Float]) -> [Float] {
    let rows = matrix.count / StatisticsRow.allCases.count
    return StatisticsRow.allCases.map { matrix[$0.rawValue * rows + row] }
}

/// Statistics of given rows of logits by the streaming kernel. Hidden states are unit vectors and the head holds the
/// logits in its columns: the products are exact, so only the reduction is under test.
func streamed(_ rows: [[Float]], ids: [Int], temperature: Double = 1, tile: Int = 0) throws -> [Float] {
    try withTorchErrors {
        let (hidden, weight) = exactHead(rows)
        return PolicyHeadKernels.statistics(
            hidden: hidden, weight: weight, ids: Tensor(ids.map(Int64.init)), temperature: temperature, tile: tile
        ).floats
    }
}

/// The hidden states [N, N] and head [V, N] whose logits are exactly `rows`.
func exactHead(_ rows: [[Float]]) -> (hidden: Tensor, weight: Tensor) {
    let count = rows.count
    let vocabulary = rows[0].count
    var unit = [Float](repeating: 0, count: count * count)
    var head = [Float](repeating: 0, count: vocabulary * count)
    for row in 0..<count {
        unit[row * count + row] = 1
        for token in 0..<vocabulary { head[token * count + row] = rows[row][token] }
    }
    return (Tensor(unit, shape: [count, count]), Tensor(head, shape: [vocabulary, count]))
}

/// The same by the kernel for logits that are given.
func direct(_ rows: [[Float]], ids: [Int], temperature: Double = 1) throws -> [Float] {
    try withTorchErrors {
        let logits = Tensor(rows.flatMap { $0 }, shape: [rows.count, rows[0].count])
        return PolicyHeadKernels.statistics(
            logits: logits, ids: Tensor(ids.map(Int64.init)), temperature: temperature
        ).floats
    }
}

extension RandomSource {
    init(_ test: Int, case number: Int = 0) {
        self.init(seed: 20_260_919, purpose: .testing, step: number, prompt: test)
    }

    mutating func normals(_ count: Int, deviation: Double = 1, mean: Double = 0) -> [Float] {
        var values: [Float] = []
        while values.count < count {
            let (a, b) = normalPair()
            values.append(Float(mean + deviation * a))
            values.append(Float(mean + deviation * b))
        }
        return Array(values.prefix(count))
    }

    /// Flat, ordinary, peaked and tied rows all occur.
    mutating func logits(_ count: Int) -> [Float] {
        let deviations = [0, 0.01, 1, 3, 8]
        var row = normals(count, deviation: deviations[integer(below: deviations.count)], mean: normalPair().0 * 5)
        if integer(below: 4) == 0 { row[integer(below: count)] += Float(5 + 20 * uniform()) }
        if integer(below: 4) == 0, let top = row.max() { row[integer(below: count)] = top }
        return row
    }
}
