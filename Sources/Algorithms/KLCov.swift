// KL-Cov: the tokens whose probability and advantage vary together most are held near the policy before the update.

public import ConfigCoding

/// Adds β D to the loss of the share of tokens with the largest score (log p − mean)(A − mean A) (2505.22617; primary:
/// published code).
///
/// D is an estimate of the divergence between policy and proximal policy: in the published code |policy − proximal|, in
/// the paper KL(proximal‖policy), estimated without bias by r − 1 − log r. **Inert with one update per batch**: there the
/// ratio is 1, and every D has derivative 0, so the method is the plain policy gradient; it needs mini-batches or
/// epochs. Selected once over the mini-batch, not inside micro-batches.
public struct CovarianceDivergence: Regulariser, Equatable {
    public var share = 2e-4
    /// β.
    public var coefficient = 1.0
    public var preset = CovariancePreset.code
    /// Taken of x = proximal − policy, on tokens that stand for draws from the proximal policy.
    public var estimator = KLEstimator.abs

    public init() {}

    public var name: String { "kl_cov" }
    public var reads: Signals { [.logprob, .proximal] }
    public var actsOnPolicy: Bool { false }

    public func terms(for tokens: TokenTable) -> [RegulariserTerm] {
        var terms = [RegulariserTerm](repeating: RegulariserTerm(loss: 0), count: tokens.count)
        for token in selected(tokens) {
            let x = Double(tokens.proximalLogprob[token]) - Double(tokens.policyLogprob[token])
            terms[token] = RegulariserTerm(
                loss: coefficient * estimator.value(x), dLogprob: -coefficient * estimator.derivative(x))
        }
        return terms
    }

    func selected(_ tokens: TokenTable) -> [Int] {
        let ranked = tokens.ranked(0..<tokens.count, by: tokens.covarianceScores)
        return Array(ranked.prefix(preset.count(share: share, of: tokens.count)))
    }
}

public enum KLCov {
    private enum Estimator: String, CaseIterable { case abs, k2, k3 }

    /// Reads `share` (2e-4; the paper's 7B runs use 2e-3), `coefficient` (1), `preset` (code), `estimator` (abs in code,
    /// k3 in the paper) and GRPO's keys but the clip's: there is none.
    /// - Throws: `ConfigError`.
    public static func algorithm(from section: ConfigSection) throws -> Algorithm {
        var part = CovarianceDivergence()
        part.share = try CovariancePreset.share(section, default: part.share)
        part.coefficient = try section.value("coefficient", default: part.coefficient, in: 0...1e6)
        part.preset = try section.choice("preset", default: part.preset)
        let estimator = try section.choice("estimator", default: part.preset == .code ? Estimator.abs : .k3)
        part.estimator = KLEstimator(rawValue: estimator.rawValue) ?? .abs
        return try GRPO.algorithm(
            from: section, named: "kl_cov", surrogate: ClippedSurrogate(clipLow: 1, clipHigh: .infinity),
            regularisers: [part])
    }
}
