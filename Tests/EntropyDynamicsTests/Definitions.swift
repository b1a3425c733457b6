// Quantities written out from their definitions, in plain numbers and in dual numbers: oracles for the tests.

import EntropyDynamics
import Foundation
import Trajectories

/// softmax(z / T) without any of the care the library takes.
func definedProbabilities(_ logits: [Double], temperature: Double = 1) -> [Double] {
    let top = logits.max() ?? 0
    let weights = logits.map { exp(($0 - top) / temperature) }
    let total = weights.reduce(0, +)
    return weights.map { $0 / total }
}

/// −Σ p log p.
func definedEntropy(_ probabilities: [Double]) -> Double {
    probabilities.reduce(0) { $1 > 0 ? $0 - $1 * log($1) : $0 }
}

/// log p of a softmax whose raw logits move with the given slopes, temperature and all.
func dualLogs(_ logits: [Dual], temperature: Dual) -> [Dual] {
    let top = logits.map(\.value).max() ?? 0
    let z = logits.map { ($0 - Dual(top)) / temperature }
    let total = Dual.log(z.map(Dual.exp).reduce(Dual(0), +))
    return z.map { $0 - total }
}

/// The derivative of a function of log p with respect to every raw logit.
func dualGradient(_ logits: [Double], temperature: Double = 1, of function: ([Dual]) -> Dual) -> [Double] {
    logits.indices.map { moving in
        let moved = logits.enumerated().map { Dual($1, $0 == moving ? 1 : 0) }
        return function(dualLogs(moved, temperature: Dual(temperature))).slope
    }
}

/// Σ p f.
func dualMean(_ logs: [Dual], _ values: [Dual]) -> Dual {
    zip(logs, values).reduce(Dual(0)) { $0 + Dual.exp($1.0) * $1.1 }
}

/// Σ p x of plain rows.
func weighted(_ p: [Double], _ x: [Double]) -> Double { zip(p, x).reduce(0) { $0 + $1.0 * $1.1 } }

/// A row of standard normal numbers.
func randomRow(_ random: inout RandomSource, count: Int) -> [Double] {
    (0..<count).map { _ in random.normalPair().0 }
}
