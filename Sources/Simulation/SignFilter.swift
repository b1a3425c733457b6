// The paper's intervention: train only on tokens of one sign of advantage and one sign of the discriminant.

public import Algorithms

/// Keeps tokens by the signs of A and of S* (or of S* − E[S]); tokens of advantage 0 are dropped.
///
/// 2602.03392 trains on each of the four quadrants to show that their signs decide what entropy does.
public struct SignFilter: TokenRule, Equatable {
    public enum Sign: Sendable, CaseIterable {
        case positive
        case negative

        func includes(_ value: Double) -> Bool { self == .positive ? value > 0 : value < 0 }
    }

    public var advantage: Sign?
    public var discriminant: Sign
    /// Whether the discriminant is taken relative to E[S], which is what a policy-gradient step obeys (theorem 3.3).
    public var isCentred: Bool

    public init(advantage: Sign?, discriminant: Sign, isCentred: Bool) {
        self.advantage = advantage
        self.discriminant = discriminant
        self.isCentred = isCentred
    }

    public var name: String { "sign_filter" }
    public var reads: Signals { [.discriminant, .expectedDiscriminant] }

    public func weights(for tokens: TokenTable) -> [Float] {
        (0..<tokens.count).map { token in
            let a = Double(tokens.advantage[token])
            let s = isCentred ? tokens.centredDiscriminant(token) : Double(tokens.discriminant[token])
            let isKept = a != 0 && (advantage?.includes(a) ?? true) && discriminant.includes(s)
            return isKept ? 1 : 0
        }
    }
}
