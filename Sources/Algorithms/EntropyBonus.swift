// The entropy bonus: the oldest way to hold entropy up, and the baseline of every other.

/// Adds −β H to each token's loss, so that a step of learning rate η raises H by ηβ Σ S² to first order.
///
/// The formula is exact (∂H/∂z = −S); the bonus is void where H is already 0 or log V, because S vanishes there.
public struct EntropyBonus: TokenRegulariser, Equatable {
    /// β; a negative one is a penalty.
    public var coefficient: Double

    public init(coefficient: Double) {
        self.coefficient = coefficient
    }

    public var name: String { "entropy_bonus" }
    public var reads: Signals { [.entropy, .squaredDiscriminant] }

    public func term(for token: Int, in tokens: TokenTable) -> RegulariserTerm {
        RegulariserTerm(loss: -coefficient * Double(tokens.entropy[token]), dEntropy: -coefficient)
    }
}
