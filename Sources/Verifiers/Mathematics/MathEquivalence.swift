// Whether an answer is mathematically the gold answer: texts in, a judgement and its cost out.

/// The comparison of two answers.
public struct MathEquivalence: Sendable, Equatable {
    public enum Outcome: String, Sendable, CaseIterable {
        case equal
        case different
        /// The answer is no expression that the grammar knows.
        case unreadable
        /// The step budget ended before a decision.
        case tooComplex
    }

    public var outcome: Outcome
    /// Steps of the budget that were used.
    public var steps: Int

    /// Steps that a comparison may take at most.
    public static var budget: Int { MathWork.budget }

    /// Compares two answers, each without the text around it.
    ///
    /// Deterministic, and bounded by the step budget whatever the texts are. `1,234` may be read as a number or as two
    /// items; equal in one reading is equal.
    /// - Parameter tolerance: relative to the gold answer; applies where a number on either side has a decimal point.
    public static func compare(gold: String, answer: String, tolerance: Double = 1e-6) -> MathEquivalence {
        let work = MathWork()
        do {
            let outcome = try outcome(gold, answer, tolerance, work)
            return MathEquivalence(outcome: outcome, steps: work.used)
        } catch {
            return MathEquivalence(outcome: .tooComplex, steps: work.used)
        }
    }

    /// Whether a text is an expression that the grammar knows.
    public static func isReadable(_ text: String) -> Bool {
        let text = clean(text)
        return sentence(text) != nil || (try? MathParser.parse(text, joinsThousands: true, MathWork())) != nil
    }

    private static func outcome(
        _ gold: String, _ answer: String, _ tolerance: Double, _ work: MathWork
    ) throws -> Outcome {
        let (gold, answer) = (clean(gold), clean(answer))
        try work.spend(min(MathLexer.maximumScalars, gold.utf8.count + answer.utf8.count))
        if gold == answer { return gold.isEmpty ? .unreadable : .equal }
        let golds = try readings(gold, work)
        let answers = try readings(answer, work)
        guard !answers.isEmpty else { return .unreadable }
        let equality = MathEquality(tolerance: tolerance, work: work)
        for left in golds {
            for right in answers {
                do {
                    if try equality.holds(left, right) { return .equal }
                } catch MathFault.undefined, MathFault.syntax {
                    continue
                }
            }
        }
        return .different
    }

    /// The trees that a text may mean: none, one, or two.
    private static func readings(_ text: String, _ work: MathWork) throws -> [MathExpression] {
        if let words = sentence(text) { return [.text(words)] }
        var trees: [MathExpression] = []
        for joinsThousands in [true, false] {
            do {
                let (tree, isAmbiguous) = try MathParser.parse(text, joinsThousands: joinsThousands, work)
                trees.append(tree)
                if !isAmbiguous { return trees }
            } catch MathFault.syntax, MathFault.undefined {
                continue
            }
        }
        return trees
    }

    /// A text of several words, one of which is longer than a product of letters would be; nil for anything else.
    private static func sentence(_ text: String) -> String? {
        guard text.utf8.count <= 200,
            text.unicodeScalars.allSatisfy({ $0.isLetter || $0 == " " || $0 == "'" || $0 == "-" || $0 == "," })
        else { return nil }
        let words = text.split(whereSeparator: { $0 == " " || $0 == "," })
        let isWord = { (word: Substring) in
            let name = String(word)
            return word.count >= 4 && MathVocabulary.functions[name] == nil && MathVocabulary.plain[name] == nil
                && !MathVocabulary.greek.contains(name)
        }
        return words.count > 1 && words.contains(where: isWord) ? MathLexer.words(text) : nil
    }

    /// Without white space and punctuation at the ends.
    private static func clean(_ text: String) -> String {
        // Longer texts are refused by the lexer; nothing here should cost more than they may.
        guard text.utf8.count <= 4 * MathLexer.maximumScalars else { return text }
        return text.trimmed
    }
}
