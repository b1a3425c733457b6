// The counter-based random source: every draw is a pure function of its coordinates, so order, batching and resuming cannot change it.

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// Philox4x32-10 (Salmon et al., SC 2011): a keyed bijection of a 128-bit counter.
public enum Philox {
    /// Four 32-bit words for one counter under one 64-bit key.
    @inlinable
    public static func block(
        counter: (UInt32, UInt32, UInt32, UInt32), key: (UInt32, UInt32)
    ) -> (UInt32, UInt32, UInt32, UInt32) {
        var (c0, c1, c2, c3) = counter
        var (k0, k1) = key
        for _ in 0..<10 {
            let left = UInt64(0xD251_1F53) * UInt64(c0)
            let right = UInt64(0xCD9E_8D57) * UInt64(c2)
            (c0, c1, c2, c3) = (
                UInt32(truncatingIfNeeded: right >> 32) ^ c1 ^ k0, UInt32(truncatingIfNeeded: right),
                UInt32(truncatingIfNeeded: left >> 32) ^ c3 ^ k1, UInt32(truncatingIfNeeded: left)
            )
            k0 &+= 0x9E37_79B9
            k1 &+= 0xBB67_AE85
        }
        return (c0, c1, c2, c3)
    }
}

/// What a stream of draws is for; two purposes never share a draw.
public enum RandomPurpose: UInt32, Sendable {
    case sampling = 1
    case initialisation = 2
    case problems = 3
    case shuffling = 4
    case bootstrap = 5
    case testing = 6
    case selection = 7
    /// Points at which verifiers compare expressions.
    case probing = 8
    /// Fixed directions that hidden states are projected on.
    case projection = 9
    /// Which problems of a file are held out.
    case splitting = 10
}

/// A generator over one stream of the counter space, addressed by (seed, purpose, step, prompt, sample).
///
/// The n-th number of a stream depends on those coordinates and n alone. `position` may be set to jump.
public struct RandomSource: RandomNumberGenerator, Sendable {
    private let key: (UInt32, UInt32)
    private let stream: (UInt32, UInt32, UInt32)
    /// Index of the next 64-bit number in the stream.
    public var position: UInt32

    /// - Parameters: `step`, `prompt` (at most 2^32 each) and `sample` (at most 2^24) name the stream within a purpose.
    public init(seed: UInt64, purpose: RandomPurpose, step: Int = 0, prompt: Int = 0, sample: Int = 0) {
        key = (UInt32(truncatingIfNeeded: seed), UInt32(truncatingIfNeeded: seed >> 32))
        stream = (
            UInt32(truncatingIfNeeded: step), UInt32(truncatingIfNeeded: prompt),
            UInt32(truncatingIfNeeded: sample) | (purpose.rawValue << 24)
        )
        position = 0
    }

    @inline(__always)
    public mutating func next() -> UInt64 {
        let words = Philox.block(counter: (position, stream.0, stream.1, stream.2), key: key)
        position &+= 1
        return UInt64(words.0) << 32 | UInt64(words.1)
    }

    /// Uniform in [0, 1), 53 bits.
    public mutating func uniform() -> Double {
        Double(next() >> 11) * 0x1p-53
    }

    /// Two independent standard normal numbers (Box-Muller).
    public mutating func normalPair() -> (Double, Double) {
        let radius = (-2 * log(1 - uniform())).squareRoot()
        let angle = 2 * Double.pi * uniform()
        return (radius * cos(angle), radius * sin(angle))
    }

    /// Uniform integer in `0..<bound` without bias that matters (64-bit multiply-shift).
    public mutating func integer(below bound: Int) -> Int {
        Int(truncatingIfNeeded: next().multipliedFullWidth(by: UInt64(bound)).high)
    }
}
