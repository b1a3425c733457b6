// What the tokens of a mini-batch do to each row of the table.

import Algorithms
import EntropyDynamics

/// Sums of (g1, g2) per row, from which the gradient of every logit follows.
///
/// Σ over a row's tokens of g1 (e_k − p) − g2 S needs no more than the sum per token of the vocabulary and two scalars.
struct RowEffects {
    /// Σ of the tokens' weights, [rows].
    private(set) var weight: [Double]
    /// Σ of the tokens' predicted entropy changes per unit learning rate, [rows] (2602.03392, theorem 3.3).
    private(set) var predicted: [Double]
    private var pull: [Double]
    private var g1: [Double]
    private var g2: [Double]

    init(_ policy: TablePolicy, _ batch: TableBatch, _ coefficients: TokenCoefficients, scale: Double) {
        let (rows, width) = (policy.rows.count, policy.tree.vocabulary)
        weight = [Double](repeating: 0, count: rows)
        (predicted, g1, g2) = (weight, weight, weight)
        pull = [Double](repeating: 0, count: rows * width)
        let perLogit = 1 / (policy.temperature * policy.temperature)
        for index in 0..<batch.count {
            let row = batch.row[index]
            let factor = scale * batch.weight[index]
            weight[row] += batch.weight[index]
            pull[row * width + batch.token[index]] += factor * Double(coefficients.g1[index])
            g1[row] += factor * Double(coefficients.g1[index])
            g2[row] += factor * Double(coefficients.g2[index])
            predicted[row] += factor * Double(coefficients.predictedEntropyChange[index]) * perLogit
        }
    }

    /// ∇H̄ of every logit, [rows · V], H̄ the mean of the tokens' entropies: −(share of the tokens) S_i / T.
    func entropyGradient(_ policy: TablePolicy) -> [Double] {
        let width = policy.tree.vocabulary
        let total = weight.reduce(0, +)
        var result = [Double](repeating: 0, count: pull.count)
        for row in weight.indices where weight[row] > 0 {
            let factor = -weight[row] / (total * policy.temperature)
            for token in 0..<width { result[row * width + token] = factor * policy.rows[row].discriminant(of: token) }
        }
        return result
    }

    /// ∂L/∂z of every logit, [rows · V].
    func gradient(_ policy: TablePolicy) -> [Double] {
        let width = policy.tree.vocabulary
        var result = pull
        for row in weight.indices where weight[row] > 0 {
            let p = policy.rows[row]
            for token in 0..<width {
                let index = row * width + token
                result[index] -= g1[row] * p.probabilities[token]
                if g2[row] != 0 { result[index] -= g2[row] * p.discriminant(of: token) }
                result[index] /= policy.temperature
            }
        }
        return result
    }
}
