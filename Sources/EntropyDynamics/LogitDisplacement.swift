// What an arbitrary displacement of all logits does to entropy.

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// The displacement δz = step · direction of one row of logits, direction of shape [V].
///
/// ΔH = −Cov_p(log p, δ) − ½ {Var_p(δ) + E_p[(H + log p)(δ − E_p δ)²]} + O(|δ|³) with δ = δz / T;
/// single bumps, policy-gradient steps and entropy bonuses are special cases.
public struct LogitDisplacement: Sendable {
    public let distribution: Categorical
    /// Direction in raw logits, shape [V].
    public let direction: [Double]
    /// direction / T, centred to mean 0 under p.
    private let centred: [Double]

    /// - Throws: `EntropyDynamicsError` if the direction has another length than the vocabulary or a non-finite entry.
    public init(_ distribution: Categorical, along direction: [Double]) throws {
        guard direction.count == distribution.vocabulary else {
            throw EntropyDynamicsError(
                .unequalLengths,
                "a displacement needs one entry per logit: \(direction.count) for \(distribution.vocabulary)",
                place: "direction")
        }
        if let index = direction.firstIndex(where: { !$0.isFinite }) {
            throw EntropyDynamicsError(
                .notANumber, "a displacement needs finite entries, got \(direction[index])",
                place: "direction[\(index)]")
        }
        self.init(checked: distribution, direction)
    }

    init(checked distribution: Categorical, _ direction: [Double]) {
        self.distribution = distribution
        self.direction = direction
        let tempered = direction.map { $0 / distribution.temperature }
        let centre = distribution.mean { tempered[$0] }
        centred = tempered.map { $0 - centre }
    }

    /// ΔH ≈ −step · Σ S_i direction_i / T.
    public func firstOrder(_ step: Double) -> Double {
        -step * centred.indices.reduce(0) { $0 + distribution.discriminant(of: $1) * centred[$1] }
    }

    /// The coefficient of step²: −½ E_p[(1 + H + log p)(v − E_p v)²], v = direction / T.
    public var curvature: Double {
        -0.5
            * distribution.mean {
                centred[$0] * centred[$0] * (1 + distribution.entropy + distribution.logProbabilities[$0])
            }
    }

    /// ΔH to second order in the step.
    public func secondOrder(_ step: Double) -> Double { firstOrder(step) + step * step * curvature }

    /// ΔH without approximation.
    ///
    /// With w the centred displacement and K = log E_p[e^w]: ΔH = K − E_p'[w] − E_p[(e^{w−K} − 1)(H + log p)];
    /// no two entropies are subtracted, so small steps keep their digits.
    public func exact(_ step: Double) -> Double {
        let moves = centred.map { step * $0 }
        let peak = moves.indices.lazy.filter { distribution.probabilities[$0] > 0 }.map { moves[$0] }.max() ?? 0
        let normaliser =
            peak < 1
            ? log1p(distribution.mean { expm1(moves[$0]) })
            : peak + log(distribution.mean { exp(moves[$0] - peak) })
        let drift = distribution.mean { exp(moves[$0] - normaliser) * moves[$0] }
        let reweighting = distribution.mean {
            expm1(moves[$0] - normaliser) * (distribution.entropy + distribution.logProbabilities[$0])
        }
        return normaliser - drift - reweighting
    }
}
