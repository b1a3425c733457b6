// The tokens of one optimiser mini-batch as columns: all an algorithm ever sees of a batch.

/// N trainable tokens, one entry per token in every column. Prompt, padded and masked tokens are simply not in it;
/// tokens with advantage 0 are, because they count in denominators and statistics.
///
/// Log-probabilities and entropies are in nats, over the full vocabulary, at the sampling temperature.
public struct TokenTable: Sendable, Equatable {
    /// log p_k under the policy being trained, [N].
    public let policyLogprob: [Float]
    /// H, [N].
    public let entropy: [Float]
    /// S_k = p_k (H + log p_k), [N] (2602.03392, theorem 3.2).
    public let discriminant: [Float]
    /// E_p[S], [N] (2602.03392, theorem 3.3).
    public let expectedDiscriminant: [Float]
    /// Var_p[S], [N].
    public let varianceDiscriminant: [Float]?
    /// Σ S² over the vocabulary, [N]; without it the effect of a loss on H itself cannot be predicted.
    public let squaredDiscriminant: [Float]?
    /// log p_k under the policy before the update, [N].
    public let proximalLogprob: [Float]
    /// log p_k as the sampler recorded it, [N].
    public let sampledLogprob: [Float]
    /// log p_k under a reference policy, [N].
    public let referenceLogprob: [Float]?
    /// A, [N].
    public let advantage: [Float]
    /// Which completion a token belongs to, [N]; unique over the table.
    public let sequence: [Int32]
    /// Which prompt a token belongs to, [N].
    public let group: [Int32]
    /// Which update of the run this is: a coordinate of whatever is drawn at random for these tokens.
    public let update: Int

    /// N.
    public var count: Int { policyLogprob.count }

    /// - Throws: `AlgorithmError` if two columns differ in length or a number is not finite.
    public init(
        policyLogprob: [Float], entropy: [Float], discriminant: [Float], expectedDiscriminant: [Float],
        varianceDiscriminant: [Float]? = nil, squaredDiscriminant: [Float]? = nil, proximalLogprob: [Float],
        sampledLogprob: [Float], referenceLogprob: [Float]? = nil, advantage: [Float], sequence: [Int32],
        group: [Int32], update: Int = 0
    ) throws {
        self.policyLogprob = policyLogprob
        self.entropy = entropy
        self.discriminant = discriminant
        self.expectedDiscriminant = expectedDiscriminant
        self.varianceDiscriminant = varianceDiscriminant
        self.squaredDiscriminant = squaredDiscriminant
        self.proximalLogprob = proximalLogprob
        self.sampledLogprob = sampledLogprob
        self.referenceLogprob = referenceLogprob
        self.advantage = advantage
        self.sequence = sequence
        self.group = group
        self.update = update
        try validate()
    }

    private func validate() throws {
        let columns: [(String, [Float]?)] = [
            ("policyLogprob", policyLogprob), ("entropy", entropy), ("discriminant", discriminant),
            ("expectedDiscriminant", expectedDiscriminant), ("varianceDiscriminant", varianceDiscriminant),
            ("squaredDiscriminant", squaredDiscriminant), ("proximalLogprob", proximalLogprob),
            ("sampledLogprob", sampledLogprob), ("referenceLogprob", referenceLogprob), ("advantage", advantage),
        ]
        for (name, column) in columns {
            guard let column else { continue }
            guard column.count == count else { throw AlgorithmError.unequal(name, column.count, expected: count) }
            if let row = column.firstIndex(where: { !$0.isFinite }) {
                throw AlgorithmError.notFinite(name, row, column[row])
            }
        }
        for (name, column) in [("sequence", sequence), ("group", group)] where column.count != count {
            throw AlgorithmError.unequal(name, column.count, expected: count)
        }
    }

    /// S_k − E_p[S] of one token, in Double (2602.03392, theorem 3.3).
    public func centredDiscriminant(_ token: Int) -> Double {
        Double(discriminant[token]) - Double(expectedDiscriminant[token])
    }

    /// The rows with these indices, in this order; an index may be repeated. Traps on an index outside the table.
    public subscript(rows rows: some Sequence<Int>) -> TokenTable {
        let rows = Array(rows)
        func pick<Value>(_ column: [Value]) -> [Value] { rows.map { column[$0] } }
        return TokenTable(
            checked: pick(policyLogprob), pick(entropy), pick(discriminant), pick(expectedDiscriminant),
            varianceDiscriminant.map(pick), squaredDiscriminant.map(pick), pick(proximalLogprob), pick(sampledLogprob),
            referenceLogprob.map(pick), pick(advantage), pick(sequence), pick(group), update)
    }

    /// The same tokens with other advantages, [N].
    func with(advantage: [Float]) -> TokenTable {
        TokenTable(
            checked: policyLogprob, entropy, discriminant, expectedDiscriminant, varianceDiscriminant,
            squaredDiscriminant, proximalLogprob, sampledLogprob, referenceLogprob, advantage, sequence, group, update)
    }

    /// One table out of the tables of the micro-batches of one update, in order. An optional column survives if every part has it.
    public static func joined(_ parts: [TokenTable]) -> TokenTable {
        func all<Value>(_ column: (TokenTable) -> [Value]) -> [Value] { parts.flatMap(column) }
        func optional(_ column: (TokenTable) -> [Float]?) -> [Float]? {
            let columns = parts.compactMap(column)
            return columns.count == parts.count ? columns.flatMap { $0 } : nil
        }
        return TokenTable(
            checked: all(\.policyLogprob), all(\.entropy), all(\.discriminant), all(\.expectedDiscriminant),
            optional(\.varianceDiscriminant), optional(\.squaredDiscriminant), all(\.proximalLogprob),
            all(\.sampledLogprob), optional(\.referenceLogprob), all(\.advantage), all(\.sequence), all(\.group),
            parts.first?.update ?? 0)
    }

    private init(
        checked policyLogprob: [Float], _ entropy: [Float], _ discriminant: [Float], _ expectedDiscriminant: [Float],
        _ varianceDiscriminant: [Float]?, _ squaredDiscriminant: [Float]?, _ proximalLogprob: [Float],
        _ sampledLogprob: [Float], _ referenceLogprob: [Float]?, _ advantage: [Float], _ sequence: [Int32],
        _ group: [Int32], _ update: Int
    ) {
        self.policyLogprob = policyLogprob
        self.entropy = entropy
        self.discriminant = discriminant
        self.expectedDiscriminant = expectedDiscriminant
        self.varianceDiscriminant = varianceDiscriminant
        self.squaredDiscriminant = squaredDiscriminant
        self.proximalLogprob = proximalLogprob
        self.sampledLogprob = sampledLogprob
        self.referenceLogprob = referenceLogprob
        self.advantage = advantage
        self.sequence = sequence
        self.group = group
        self.update = update
    }
}
