// Terms added to the per-token loss beside the policy gradient: the regulariser slot.

/// One token's addition to the loss L (to be minimised) and its derivatives, before weight and aggregation.
public struct RegulariserTerm: Sendable, Equatable {
    public var loss: Double
    /// ∂/∂log p_k.
    public var dLogprob: Double
    /// ∂/∂H.
    public var dEntropy: Double

    public init(loss: Double, dLogprob: Double = 0, dEntropy: Double = 0) {
        self.loss = loss
        self.dLogprob = dLogprob
        self.dEntropy = dEntropy
    }
}

/// Adds to the loss of each token something that does not depend on the clipped ratio.
///
/// The weights of token rules multiply it too. It sees the whole mini-batch; one that looks at a token at a time is a `TokenRegulariser`.
public protocol Regulariser: Sendable {
    var name: String { get }
    var reads: Signals { get }
    /// False for a term without gradient at ratio 1, which one update per rollout batch never leaves.
    var actsOnPolicy: Bool { get }
    /// - Returns: one term per token, [N].
    func terms(for tokens: TokenTable) -> [RegulariserTerm]
}

extension Regulariser {
    public var actsOnPolicy: Bool { true }
}

/// A regulariser whose term follows from the token alone.
public protocol TokenRegulariser: Regulariser {
    func term(for token: Int, in tokens: TokenTable) -> RegulariserTerm
}

extension TokenRegulariser {
    public func terms(for tokens: TokenTable) -> [RegulariserTerm] {
        (0..<tokens.count).map { term(for: $0, in: tokens) }
    }
}
