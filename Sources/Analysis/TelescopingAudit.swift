// What "trained with the true reward minus trained with a random one" consists of: nothing, elicitation, reward design.

/// Final accuracies of one starting policy trained under four rewards, one per seed, shape [seeds] each.
///
/// Entry i of every arm is the same seed: effects are differences within a seed. pass@1 in 0...1.
public struct AuditArms: Sendable, Equatable {
    /// No update.
    public var frozen: [Double]
    /// Bernoulli(½), independent of the answer.
    public var random: [Double]
    /// 1 if the answer is the plurality answer of its own group: no gold answer is read.
    public var spurious: [Double]
    /// The verifier.
    public var truth: [Double]

    /// - Throws: `AnalysisError` if the arms have unequal numbers of seeds, fewer than two, or a number is not finite.
    public init(frozen: [Double], random: [Double], spurious: [Double], truth: [Double]) throws {
        let arms = [frozen, random, spurious, truth]
        guard arms.allSatisfy({ $0.count == frozen.count }) else {
            throw AnalysisError(
                .unequalLengths,
                "a telescoping audit compares seed by seed and was given \(arms.map(\.count)) accuracies; "
                    + "run every arm with the same seeds", place: "arms")
        }
        guard frozen.count >= 2 else {
            throw AnalysisError(
                .tooFew, "a telescoping audit needs at least two seeds for an interval, got \(frozen.count)",
                place: "arms")
        }
        guard arms.allSatisfy({ $0.allSatisfy(\.isFinite) }) else {
            throw AnalysisError(
                .notFinite, "a telescoping audit has an accuracy that is not finite; leave that seed out of every arm",
                place: "arms")
        }
        self.frozen = frozen
        self.random = random
        self.spurious = spurious
        self.truth = truth
    }
}

/// The partition total = null + elicitation + rewardDesign, each with a 95 % interval over seeds (2606.05932; formulas
/// secondary, from a public harness).
///
/// Intervals are percentile bootstraps over seeds, too narrow for few: for normal effects that are zero they exclude it
/// in 50 % of audits with 2 seeds, 26 % with 3, 16 % with 5, 13 % with 8 and 9 % with 12, not in 5 % (simulated).
public struct TelescopingAudit: Sendable, Equatable {
    /// Which sum a share is a share of.
    public enum Denominator: Sendable, CaseIterable {
        /// truth − random, what is usually reported; elicitation is spurious − random.
        case naive
        /// truth − frozen; elicitation is spurious − frozen, so that the null effect counts as elicited.
        case total
    }

    public enum Verdict: String, Sendable {
        case elicitationDominated = "ELICITATION_DOMINATED"
        case rewardDesignDominated = "REWARD_DESIGN_DOMINATED"
        case mixed = "MIXED"
    }

    public enum Reporting: String, Sendable {
        /// The conflation bias is not zero: shares may be given as numbers.
        case points
        /// It may be zero: give the intervals, not the shares.
        case bounds
    }

    /// A share above this dominates.
    public static let dominance = 0.60
    /// As in the paper; enough for an interval of a mean over few seeds.
    public static let resamples = 500

    /// random − frozen: what training by itself does.
    public let null: Estimate
    /// spurious − random: what agreeing with oneself does.
    public let elicitation: Estimate
    /// truth − spurious: what only the verifier's reward does.
    public let rewardDesign: Estimate
    /// truth − frozen.
    public let total: Estimate
    /// truth − random.
    public let naive: Estimate

    /// - Throws: `AnalysisError` if `resamples` < 1.
    public init(_ arms: AuditArms, seed: UInt64, resamples: Int = TelescopingAudit.resamples) throws {
        // One seed, so that every effect sees the same resampled training seeds.
        func effect(_ name: String, _ treated: [Double], _ control: [Double]) throws -> Estimate {
            try Bootstrap.mean(of: zip(treated, control).map(-), name: name, seed: seed, resamples: resamples)
        }
        null = try effect("null effect", arms.random, arms.frozen)
        elicitation = try effect("elicitation", arms.spurious, arms.random)
        rewardDesign = try effect("reward design", arms.truth, arms.spurious)
        total = try effect("total effect", arms.truth, arms.frozen)
        naive = try effect("naive effect", arms.truth, arms.random)
    }

    /// naive − rewardDesign, which is the elicitation: by how much the usual comparison overstates the reward's design.
    public var conflationBias: Estimate { elicitation }

    /// Whether the interval of the conflation bias excludes 0.
    public var reporting: Reporting {
        conflationBias.lower > 0 || conflationBias.upper < 0 ? .points : .bounds
    }

    /// Elicitation over the denominator; may be negative or above 1. Nil where the denominator is zero to rounding.
    public func elicitationShare(of denominator: Denominator) -> Double? {
        switch denominator {
        case .naive: share(elicitation.value, naive.value)
        case .total: share(null.value + elicitation.value, total.value)
        }
    }

    /// Reward design over the denominator; with the elicitation share it adds up to 1.
    public func rewardDesignShare(of denominator: Denominator) -> Double? {
        share(rewardDesign.value, denominator == .naive ? naive.value : total.value)
    }

    /// Which of the two exceeds `dominance`; nil where there are no shares.
    public func verdict(of denominator: Denominator) -> Verdict? {
        guard let elicited = elicitationShare(of: denominator), let designed = rewardDesignShare(of: denominator)
        else { return nil }
        if elicited > Self.dominance { return .elicitationDominated }
        return designed > Self.dominance ? .rewardDesignDominated : .mixed
    }

    private func share(_ part: Double, _ whole: Double) -> Double? {
        // Means of accuracies carry rounding errors of this order; their quotient would be noise.
        abs(whole) > 1e-12 ? part / whole : nil
    }
}
