// Where an entropy bonus and a group-normalised policy gradient cancel on a table, derived.

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// The balance on one row whose rewarded token has probability p and whose other V − 1 tokens share the rest evenly.
///
/// Per unit learning rate the policy gradient moves the rewarded logit by the drive E[x (1 − x) / std(x)], x the
/// rewarded fraction of a group, and the bonus moves it back by β S = β p (1 − p) log(p (V − 1) / (1 − p)), because
/// ∂H/∂z = −S (2602.03392, theorem 3.2). Both vanish at p = 1, and the bonus at p = 1/V as well; what a policy does
/// there depends on which of them vanishes faster. With δ = 1 − p → 0:
/// - A = R − mean: the drive is δ, so any β wins in the end, at a rate of δ² (slow, never impossible);
/// - A = (R − mean) / std of infinitely many completions: the drive is √δ, so the bonus always loses;
/// - the same with G completions: the drive is √δ while δ > 1/G and √G δ below, so the bonus wins only above a
///   coefficient that grows with G.
///
/// Where the balancing β has a minimum and a maximum over p, two states are stable between them: hysteresis. Derived;
/// first order, plain gradient descent, one rewarded token.
struct BonusBalance: Sendable {
    var vocabulary: Int
    /// G; nil: the expectation over infinitely many.
    var completions: Int?
    /// Whether advantages are divided by the standard deviation of the group.
    var normalisesStd: Bool

    /// Move of the rewarded logit per unit learning rate by the policy gradient.
    func drive(_ p: Double) -> Double {
        guard let completions else { return normalisesStd ? (p * (1 - p)).squareRoot() : p * (1 - p) }
        let g = Double(completions)
        if !normalisesStd { return p * (1 - p) * (g - 1) / g }
        var total = 0.0
        var logChoices = 0.0
        for k in 1..<completions {
            logChoices += log((g - Double(k) + 1) / Double(k))
            let x = Double(k) / g
            total += exp(logChoices + Double(k) * log(p) + (g - Double(k)) * log1p(-p)) * (x * (1 - x)).squareRoot()
        }
        return total * ((g - 1) / g).squareRoot()
    }

    /// S of the rewarded token: its move back per unit learning rate and unit coefficient.
    func force(_ p: Double) -> Double { p * (1 - p) * log(p * Double(vocabulary - 1) / (1 - p)) }

    /// H, nats.
    func entropy(_ p: Double) -> Double {
        -p * log(p) - (1 - p) * (log1p(-p) - log(Double(vocabulary - 1)))
    }

    /// The β at which the row stands still.
    func coefficient(_ p: Double) -> Double { drive(p) / force(p) }

    /// Rows that stand still, from near uniform to collapsed; stable where the coefficient falls along them.
    func states(count: Int = 400) -> [(coefficient: Double, entropy: Double)] {
        let (first, last) = (log(1 - 1.02 / Double(vocabulary)), log(1e-5))
        return (0..<count).map { index in
            let p = 1 - exp(first + (last - first) * Double(index) / Double(count - 1))
            return (coefficient(p), entropy(p))
        }
    }

    /// The coefficient below which a fresh policy is lost, and the one above which a collapsed one returns; nil where
    /// there is no such fold.
    var folds: (lost: Double?, regained: Double?) {
        let beta = states().map(\.coefficient)
        let inner = 1..<beta.count - 1
        return (
            inner.first { beta[$0] < beta[$0 - 1] && beta[$0] < beta[$0 + 1] }.map { beta[$0] },
            inner.first { beta[$0] > beta[$0 - 1] && beta[$0] > beta[$0 + 1] }.map { beta[$0] }
        )
    }

    /// H of the stable state that a policy near uniform comes to at a coefficient; 0 where there is none above a fold.
    func freshEntropy(at beta: Double) -> Double {
        let states = states()
        for (one, next) in zip(states, states.dropFirst()) {
            if next.coefficient > one.coefficient { return 0 }
            if next.coefficient <= beta { return next.entropy }
        }
        return 0
    }

    /// The coefficient that keeps a collapsed row of this entropy where it is: above it H rises, below it falls on.
    func coefficient(atEntropy entropy: Double) -> Double {
        var (low, high) = (1 / Double(vocabulary), 1 - 1e-12)
        for _ in 0..<100 {
            let middle = (low + high) / 2
            if self.entropy(middle) > entropy { low = middle } else { high = middle }
        }
        return coefficient(low)
    }
}
