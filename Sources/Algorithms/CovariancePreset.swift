// What Clip-Cov and KL-Cov share: the score of a token, which convention counts, and the unit of the share.

import ConfigCoding
import EntropyDynamics

/// Where the paper of Clip-Cov and KL-Cov (2505.22617) and its published code differ.
public enum CovariancePreset: String, Sendable, CaseIterable {
    /// The published code; the default, because the published numbers are its.
    case code
    /// The equations of the paper.
    case paper

    /// How many of N tokens are selected: ⌊share · N⌋, in code at least one.
    public func count(share: Double, of tokens: Int) -> Int {
        let whole = Int(share * Double(tokens))
        return self == .code ? max(whole, 1) : whole
    }

    /// Reads `share`, a fraction of the mini-batch's tokens; `k_percent`, which is a hundred times that, is refused.
    static func share(_ section: ConfigSection, default fallback: Double) throws -> Double {
        if section.has("k_percent") {
            throw section.fault(
                .unknownKey, "k_percent",
                "is in percent in the published scripts; write the fraction as share (k_percent 0.2 is share: 0.002)")
        }
        return try section.value("share", default: fallback, in: 0.0...1)
    }
}

extension TokenTable {
    /// (log p − mean)(A − mean A) of every token over the mini-batch, [N] (2505.22617).
    var covarianceScores: [Double] {
        // Columns of a table are finite and equally long, which is all that could be refused.
        (try? EntropyDynamics.covarianceScores(
            logprobs: policyLogprob.map { Double($0) }, advantages: advantage.map { Double($0) }))
            ?? [Double](repeating: 0, count: count)
    }
}
