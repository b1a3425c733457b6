// The states of short token sequences: every prefix is one, and has its own row of logits.

/// All prefixes of sequences of exactly `length` tokens over a vocabulary; length 1 is a bandit with one state.
///
/// State 0 is the empty prefix; the states of one depth follow those of the depth before it. A whole sequence is a
/// leaf, numbered 0 ..< leaves in the order of its tokens read as digits.
public struct PrefixTree: Sendable, Equatable {
    public let vocabulary: Int
    public let length: Int
    /// Prefixes shorter than a sequence: 1 + V + … + V^(length − 1).
    public let states: Int
    /// V^length.
    public let leaves: Int
    /// First state of each depth, [length].
    private let starts: [Int]

    /// A tree larger than this is refused: it would be a typing error, not an experiment.
    static let largest = 1 << 20

    /// - Throws: `SimulationError` if the vocabulary has fewer than two tokens, the length is not positive, or there
    ///   are more than 2^20 sequences.
    public init(vocabulary: Int, length: Int = 1) throws {
        guard vocabulary >= 2, length >= 1 else {
            throw SimulationError(
                .badSetting, "a table policy needs at least 2 tokens and 1 position, got \(vocabulary) and \(length)",
                place: "vocabulary")
        }
        var starts: [Int] = []
        var (total, width) = (0, 1)
        for _ in 0..<length {
            starts.append(total)
            total += width
            guard width <= Self.largest / vocabulary else {
                throw SimulationError(
                    .badSetting,
                    "a table policy holds at most \(Self.largest) sequences; \(vocabulary)^\(length) are more, "
                        + "so shorten the sequences or the vocabulary", place: "length")
            }
            width *= vocabulary
        }
        self.vocabulary = vocabulary
        self.length = length
        self.starts = starts
        states = total
        leaves = width
    }

    /// The state, or at the last position the leaf, that a token leads to.
    public func child(of state: Int, at position: Int, token: Int) -> Int {
        let next = (state - starts[position]) * vocabulary + token
        return position + 1 == length ? next : starts[position + 1] + next
    }

    /// The states at a position.
    public func states(at position: Int) -> Range<Int> {
        starts[position]..<(position + 1 == length ? states : starts[position + 1])
    }
}
