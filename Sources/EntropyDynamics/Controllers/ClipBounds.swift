// Bounds of the policy ratio that depend on the token's probability.

/// One side of the clip: ε(π) = α π + β, a function of the probability π of the token under the policy being trained.
public struct ClipBound: Sendable, Equatable {
    /// α.
    public var slope: Double
    /// β.
    public var intercept: Double

    public init(slope: Double, intercept: Double) {
        self.slope = slope
        self.intercept = intercept
    }

    /// ε(π).
    public func width(at probability: Double) -> Double { slope * probability + intercept }

    /// (1 − weight) · self + weight · other, again a line in π.
    public func mixed(with other: ClipBound, weight: Double) -> ClipBound {
        ClipBound(
            slope: slope * (1 - weight) + other.slope * weight,
            intercept: intercept * (1 - weight) + other.intercept * weight)
    }
}

/// Both sides of the clip in force: the surrogate is min(r A, clip(r, 1 − ε_lo(π), 1 + ε_up(π)) A).
public struct ClipBounds: Sendable, Equatable {
    public var upper: ClipBound
    public var lower: ClipBound

    public init(upper: ClipBound, lower: ClipBound) {
        self.upper = upper
        self.lower = lower
    }

    /// r_max = (1 + β) / (1 − α π_old): r > 1 + α π + β exactly when r > r_max, because π = r π_old.
    ///
    /// 2602.09782 (primary: the authors' blog; identity derived). It does not depend on the moving π. Needs α π_old <
    /// 1.
    public func maximumRatio(oldProbability: Double) -> Double {
        (1 + upper.intercept) / (1 - upper.slope * oldProbability)
    }

    /// r_min = (1 − β) / (1 + α π_old): r < 1 − α π − β exactly when r < r_min (derived). Needs α π_old > −1.
    public func minimumRatio(oldProbability: Double) -> Double {
        (1 - lower.intercept) / (1 + lower.slope * oldProbability)
    }

    /// Whether the surrogate of a token is constant in r, so that it has no gradient.
    public func isClipped(ratio: Double, oldProbability: Double, advantage: Double) -> Bool {
        advantage > 0
            ? ratio > maximumRatio(oldProbability: oldProbability)
            : advantage < 0 && ratio < minimumRatio(oldProbability: oldProbability)
    }
}
