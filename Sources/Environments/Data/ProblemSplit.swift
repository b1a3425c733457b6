// Which problems of a file are held out: decided by the problem's own text, so that it never depends on its place.

public import ConfigCoding
public import Trajectories

/// A share of a file that is never trained on.
///
/// Whether a problem belongs to it follows from its text, the seed and the share alone: the order of the file, other
/// problems, the run's seed and the template change nothing; problems of one text fall on one side; a larger share
/// contains a smaller one.
public struct ProblemSplit: Sendable, Equatable {
    /// Expected share of held-out problems.
    public var share: Double
    public var seed: UInt64

    public init(share: Double = 0, seed: UInt64 = 1) {
        self.share = share
        self.seed = seed
    }

    /// Reads `held_out` (0) in 0...0.9 and `held_out_seed` (1).
    /// - Throws: `ConfigError`.
    public init(from section: ConfigSection) throws {
        share = try section.value("held_out", default: 0, in: 0...0.9)
        seed = UInt64(try section.value("held_out_seed", default: 1, in: 0...Int.max))
    }

    /// The side of a problem with this digest.
    public func side(of digest: UInt64) -> Split {
        guard share > 0 else { return .train }
        var random = RandomSource(
            seed: seed, purpose: .splitting, step: Int(digest >> 32), prompt: Int(digest & 0xFFFF_FFFF))
        return random.uniform() < share ? .heldout : .train
    }

    /// A digest of a problem's text; runs of white space count as one space.
    public static func digest(of text: String) -> UInt64 {
        let bytes = Array(text.split(whereSeparator: \.isWhitespace).joined(separator: " ").utf8)
        var state: (UInt32, UInt32, UInt32, UInt32) = (UInt32(truncatingIfNeeded: bytes.count), 0, 0, 0)
        for start in stride(from: 0, to: bytes.count, by: 8) {
            let word = bytes[start..<min(bytes.count, start + 8)].reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
            let key = (UInt32(truncatingIfNeeded: word), UInt32(truncatingIfNeeded: word >> 32))
            state = Philox.block(counter: state, key: key)
        }
        return UInt64(state.0) << 32 | UInt64(state.1)
    }
}

/// The problems of a file by side.
public struct SplitProblems: Sendable, Equatable {
    public var train: [Problem] = []
    public var heldout: [Problem] = []
}
