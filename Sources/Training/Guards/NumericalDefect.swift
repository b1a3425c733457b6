// The first number of an update that is none, and where it is.

import Models

/// A number that is not finite: which quantity, at which token or of which tensor.
public struct NumericalDefect: Sendable, Equatable {
    public enum Place: Sendable, Equatable {
        /// `position` counts the completion's tokens from 0.
        case token(sequence: Int, position: Int, id: Int32)
        /// A parameter's gradient, by the parameter's name.
        case tensor(String)
        /// Only the sum over all is not finite.
        case total
    }

    public var quantity: String
    public var value: Double
    public var place: Place

    /// "log p of token 17 (id 42) of completion 3 is nan".
    public var description: String {
        switch place {
        case .token(let sequence, let position, let id):
            "\(quantity) of token \(position) (id \(id)) of completion \(sequence) is \(value)"
        case .tensor(let name): "\(quantity) of \(name) is \(value)"
        case .total: "\(quantity) is \(value)"
        }
    }
}

extension NumericalDefect {
    /// The first of some columns, in order, with an entry that is not finite; each has one entry per trainable token.
    static func first(
        in columns: [(name: String, values: [Float])], of sequences: [TrainingSequence]
    ) -> NumericalDefect? {
        for (name, values) in columns {
            guard let row = values.firstIndex(where: { !$0.isFinite }) else { continue }
            var start = 0
            for (index, sequence) in sequences.enumerated() {
                if row < start + sequence.tokens.count {
                    let position = row - start
                    return NumericalDefect(
                        quantity: name, value: Double(values[row]),
                        place: .token(sequence: index, position: position, id: sequence.tokens[position]))
                }
                start += sequence.tokens.count
            }
        }
        return nil
    }

    /// In the statistics that every algorithm reads.
    static func first(in statistics: TokenStatistics, of sequences: [TrainingSequence]) -> NumericalDefect? {
        first(
            in: [
                ("log p", statistics.logprob), ("H", statistics.entropy), ("S*", statistics.discriminant),
                ("E[S]", statistics.expectedDiscriminant),
            ], of: sequences)
    }

    /// In what the algorithm made of them.
    static func first(in derivatives: TokenDerivatives, of sequences: [TrainingSequence]) -> NumericalDefect? {
        first(
            in: [("the derivative by log p", derivatives.g1), ("the derivative by H", derivatives.g2)], of: sequences)
    }
}

/// An update that must not be made; the caller of `PolicyUpdater.update` throws it from its derivatives.
struct RefusedUpdate: Error {
    var defect: NumericalDefect
    var statistics: TokenStatistics
}
