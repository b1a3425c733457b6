// An algorithm: one part for each slot.

/// A policy-gradient algorithm as a composition of parts.
///
/// It sees tokens only as a `TokenTable` and answers with two derivatives per token; no model, tensor or autograd graph
/// is involved, so the same value trains a transformer and a softmax table.
public struct Algorithm: Sendable {
    /// Name in the catalogue, snake case.
    public var name: String
    public var rolloutPlan: RolloutPlan
    public var credit: any Credit
    public var shapings: [any AdvantageShaping]
    public var rules: [any TokenRule]
    public var surrogate: any Surrogate
    public var regularisers: [any Regulariser]
    public var aggregation: Aggregation
    /// Stepped by the loop once per update, in order; see `Algorithm.plan(for:)`.
    public var controllers: [any Controller]

    public init(
        name: String, rolloutPlan: RolloutPlan = RolloutPlan(), credit: any Credit,
        shapings: [any AdvantageShaping] = [],
        rules: [any TokenRule] = [], surrogate: any Surrogate, regularisers: [any Regulariser] = [],
        aggregation: Aggregation, controllers: [any Controller] = []
    ) {
        self.name = name
        self.rolloutPlan = rolloutPlan
        self.credit = credit
        self.shapings = shapings
        self.rules = rules
        self.surrogate = surrogate
        self.regularisers = regularisers
        self.aggregation = aggregation
        self.controllers = controllers
    }

    /// The union of what the parts read.
    public var reads: Signals {
        let parts =
            [credit.reads] + shapings.map(\.reads) + rules.map(\.reads) + regularisers.map(\.reads)
            + controllers.map(\.reads)
        return parts.reduce(into: Signals.always) { $0.formUnion($1) }
    }

    /// Says whether a table has every signal the algorithm reads.
    /// - Throws: `AlgorithmError` naming the column that is missing.
    public func check(_ tokens: TokenTable) throws {
        let optional: [(Signals, String, [Float]?)] = [
            (.varianceDiscriminant, "varianceDiscriminant", tokens.varianceDiscriminant),
            (.squaredDiscriminant, "squaredDiscriminant", tokens.squaredDiscriminant),
            (.reference, "referenceLogprob", tokens.referenceLogprob),
        ]
        for (signal, column, values) in optional where reads.contains(signal) && values == nil {
            throw AlgorithmError.missing(column, for: name)
        }
    }

    /// The credit as the controllers adjust it now, in order.
    public var currentCredit: any Credit { controllers.reduce(credit) { $1.adjusted($0) } }

    /// The advantage of every completion of a rollout batch, in the shape of `groups`.
    /// - Throws: `AlgorithmError` if the credit reads the reference and an outcome lacks it, or an advantage is not
    ///   finite.
    public func advantages(of groups: [[Outcome]]) throws -> [[Double]] {
        if credit.reads.contains(.reference), groups.joined().contains(where: { $0.referenceLogprob == nil }) {
            throw AlgorithmError.missing("referenceLogprob", for: name)
        }
        let advantages = currentCredit.advantages(of: groups)
        for (group, values) in advantages.enumerated() {
            if let row = values.firstIndex(where: { !$0.isFinite }) {
                throw AlgorithmError.notFinite("advantages[\(group)]", row, Float(values[row]))
            }
        }
        return advantages
    }
}
