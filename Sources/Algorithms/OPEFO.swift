// OPEFO: expanding and contracting tokens are reweighted so that their predicted effects on entropy balance.

public import ConfigCoding
import EntropyDynamics

/// Weights 1 + λ on tokens predicted to raise entropy and 1 − λ on those predicted to lower it, with
/// λ = (Dn − Up)/(Dn + Up), Up and Dn the sums of predicted rises and falls (2605.11491, secondary).
///
/// The predictions are −r A (S − E[S]) (2602.03392, theorem 3.3), so that to first order, on free logits under gradient
/// descent, the batch leaves entropy as it is. Void under Adam and shared weights as a number; the sign still pushes the
/// right way. |λ| is held to `limit`, because 1 − λ must stay positive.
public struct FlowBalanceRule: TokenRule, Equatable {
    public var limit: Double

    public init(limit: Double = 0.5) { self.limit = limit }

    public var name: String { "flow_balance" }
    public var reads: Signals { [.logprob, .proximal, .discriminant, .expectedDiscriminant] }

    public func weights(for tokens: TokenTable) -> [Float] {
        let changes = changes(tokens)
        guard let scaling = scaling(changes) else { return [Float](repeating: 1, count: tokens.count) }
        return scaling.weights(predictedChanges: changes).map { Float($0) }
    }

    /// `scale` (λ), `expanding` and `contracting` (means over all tokens, nats per unit learning rate).
    public func metrics(for tokens: TokenTable, weights: [Float]) -> [Metric] {
        let changes = changes(tokens)
        let count = Double(max(tokens.count, 1))
        return [
            Metric("scale", scaling(changes)?.scale ?? 0),
            Metric("expanding", changes.reduce(0) { $0 + max(0, $1) } / count),
            Metric("contracting", changes.reduce(0) { $0 + max(0, -$1) } / count),
        ]
    }

    private func changes(_ tokens: TokenTable) -> [Double] {
        (0..<tokens.count).map { token in
            let ratio = probabilityRatio(Double(tokens.policyLogprob[token]), Double(tokens.proximalLogprob[token]))
            return -ratio * Double(tokens.advantage[token]) * tokens.centredDiscriminant(token)
        }
    }

    /// Nil where a batch has no flow, or one that is not finite.
    private func scaling(_ changes: [Double]) -> FlowScaling? {
        try? FlowBalance(predictedChanges: changes).scaling(toward: 0, limit: limit)
    }
}

public enum OPEFO {
    /// Reads `limit` (0.5) and GRPO's keys.
    /// - Throws: `ConfigError`.
    public static func algorithm(from section: ConfigSection) throws -> Algorithm {
        try GRPO.algorithm(
            from: section, named: "opefo",
            rules: [FlowBalanceRule(limit: try section.value("limit", default: 0.5, in: 0...0.99))])
    }
}
