// An algorithm: one part for each slot.

/// A policy-gradient algorithm as a composition of parts.
///
/// It sees tokens only as a `TokenTable` and answers with two derivatives per token; no model, tensor or autograd graph
/// is involved, so the same value trains a transformer and a softmax table.
public struct Algorithm: Sendable {
    /// Name in the catalogue, snake case.
    public var name: String
    public var credit: any Credit
    public var rules: [any TokenRule]
    public var surrogate: any Surrogate
    public var regularisers: [any Regulariser]
    public var aggregation: Aggregation

    public init(
        name: String, credit: any Credit, rules: [any TokenRule] = [], surrogate: any Surrogate,
        regularisers: [any Regulariser] = [], aggregation: Aggregation
    ) {
        self.name = name
        self.credit = credit
        self.rules = rules
        self.surrogate = surrogate
        self.regularisers = regularisers
        self.aggregation = aggregation
    }

    /// The union of what the parts read.
    public var reads: Signals {
        let ofRules = rules.reduce(into: Signals.always) { $0.formUnion($1.reads) }
        return regularisers.reduce(into: ofRules) { $0.formUnion($1.reads) }
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
}
