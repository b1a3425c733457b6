// Forward-mode derivatives for tests: exact to rounding, and sharing no formula with the code under test.

import Foundation

/// a + b·ε with ε² = 0.
struct Dual {
    var value: Double
    var slope: Double

    init(_ value: Double, _ slope: Double = 0) {
        self.value = value
        self.slope = slope
    }

    static func + (a: Dual, b: Dual) -> Dual { Dual(a.value + b.value, a.slope + b.slope) }
    static func - (a: Dual, b: Dual) -> Dual { Dual(a.value - b.value, a.slope - b.slope) }
    static func * (a: Dual, b: Dual) -> Dual { Dual(a.value * b.value, a.slope * b.value + a.value * b.slope) }
    static func / (a: Dual, b: Dual) -> Dual {
        Dual(a.value / b.value, (a.slope * b.value - a.value * b.slope) / (b.value * b.value))
    }

    static func exp(_ a: Dual) -> Dual {
        let power = Foundation.exp(a.value)
        return Dual(power, power * a.slope)
    }

    static func log(_ a: Dual) -> Dual { Dual(Foundation.log(a.value), a.slope / a.value) }
}

/// The statistics of one token written out from their definitions, in dual numbers.
struct DualStatistics {
    var logprob, entropy, discriminant, expected, variance: Dual

    /// - Parameter moving: the raw logit with respect to which slopes are taken.
    init(_ logits: [Double], temperature: Double, token: Int, moving: Int) {
        let top = logits.max() ?? 0
        let z = logits.enumerated().map { index, logit in
            Dual((logit - top) / temperature, index == moving ? 1 / temperature : 0)
        }
        let total = Dual.log(z.map(Dual.exp).reduce(Dual(0), +))
        let logs = z.map { $0 - total }
        let p = logs.map(Dual.exp)
        func mean(_ values: [Dual]) -> Dual { zip(p, values).map(*).reduce(Dual(0), +) }
        let h = Dual(0) - mean(logs)
        let s = zip(p, logs).map { $0 * (h + $1) }
        let expected = mean(s)
        logprob = logs[token]
        entropy = h
        discriminant = s[token]
        self.expected = expected
        variance = mean(s.map { ($0 - expected) * ($0 - expected) })
    }
}
