// What an algorithm may read of each token, as a set: the trainer computes exactly the union of what is asked for.

/// The per-token signals a part of an algorithm reads.
public struct Signals: OptionSet, Sendable, Hashable {
    public let rawValue: UInt32

    public init(rawValue: UInt32) { self.rawValue = rawValue }

    /// `policyLogprob`: log p_k of the policy being trained.
    public static let logprob = Signals(rawValue: 1 << 0)
    /// `entropy`: H.
    public static let entropy = Signals(rawValue: 1 << 1)
    /// `discriminant`: S_k.
    public static let discriminant = Signals(rawValue: 1 << 2)
    /// `expectedDiscriminant`: E_p[S].
    public static let expectedDiscriminant = Signals(rawValue: 1 << 3)
    /// `varianceDiscriminant`: Var_p[S].
    public static let varianceDiscriminant = Signals(rawValue: 1 << 4)
    /// `squaredDiscriminant`: Σ S².
    public static let squaredDiscriminant = Signals(rawValue: 1 << 5)
    /// `proximalLogprob`: log p_k of the policy before the update.
    public static let proximal = Signals(rawValue: 1 << 6)
    /// `sampledLogprob`: log p_k as the sampler recorded it.
    public static let sampled = Signals(rawValue: 1 << 7)
    /// `referenceLogprob`: log p_k of a frozen reference policy.
    public static let reference = Signals(rawValue: 1 << 8)

    /// What every algorithm reads, because its effect on entropy is always predicted.
    static let always: Signals = [.logprob, .entropy, .discriminant, .expectedDiscriminant, .proximal]
}
