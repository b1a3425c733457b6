// The head operator's accumulators for one token, in Double: logits arrive in any order and in any number of pieces.

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// Sums over the logits of one row seen so far, relative to their running maximum, from which every statistic follows.
///
/// With u = z/T − max and e = exp(u) it keeps Σeᵏ, Σeᵏu, Σeᵏu² for k = 1, 2, 3. The zeroth sums leave the top token
/// out (it contributes exactly 1), which keeps 1 − p_top and H accurate when the top token has almost all the mass.
/// Logits of −∞ contribute nothing.
public struct StreamingStatistics: Sendable, Equatable {
    /// Three sums of one power of e: without the top token, and weighted by u and u² (the top token adds 0 to those).
    struct Power: Sendable, Equatable {
        var tail = 0.0
        var first = 0.0
        var second = 0.0

        mutating func add(_ weight: Double, _ u: Double) {
            tail += weight
            first += weight * u
            second += weight * u * u
        }

        /// The same sums seen from a maximum that lies −d higher, the former top token having joined the tail.
        func lowered(by d: Double, _ factor: Double) -> Power {
            let total = 1 + tail
            return Power(
                tail: factor * total, first: factor * (first + d * total),
                second: factor * (second + 2 * d * first + d * d * total))
        }

        static func + (a: Power, b: Power) -> Power {
            Power(tail: a.tail + b.tail, first: a.first + b.first, second: a.second + b.second)
        }
    }

    public let temperature: Double
    /// Largest tempered logit seen; −∞ before the first finite one.
    public private(set) var maximum = -Double.infinity
    var a = Power()
    var b = Power()
    var c = Power()

    /// - Parameter temperature: T > 0, applied to every logit as it arrives.
    public init(temperature: Double = 1) {
        precondition(temperature > 0, "a softmax needs a positive temperature")
        self.temperature = temperature
    }

    /// Takes in one raw logit.
    public mutating func add(_ logit: Double) {
        let z = logit / temperature
        guard z > -.infinity else { return }
        guard maximum > -.infinity else {
            maximum = z
            return
        }
        if z > maximum { raise(to: z) } else { addTail(z - maximum) }
    }

    /// Takes in raw logits, one tile after another.
    public mutating func add(contentsOf logits: some Sequence<Double>) {
        for logit in logits { add(logit) }
    }

    /// Takes in everything another accumulator of the same row has seen. Associative and commutative up to rounding.
    public mutating func merge(_ other: StreamingStatistics) {
        precondition(other.temperature == temperature, "partial sums of one row share its temperature")
        guard other.maximum > -.infinity else { return }
        guard maximum > -.infinity else {
            self = other
            return
        }
        var (high, low) = maximum >= other.maximum ? (self, other) : (other, self)
        // Both tops are counted as 1 outside the sums; the lower one, now in the tail, must be counted inside.
        let d = low.maximum - high.maximum
        let r = exp(d)
        high.a = high.a + low.a.lowered(by: d, r)
        high.b = high.b + low.b.lowered(by: d, r * r)
        high.c = high.c + low.c.lowered(by: d, r * r * r)
        self = high
    }

    private mutating func addTail(_ u: Double) {
        let e = exp(u)
        a.add(e, u)
        b.add(e * e, u)
        c.add(e * e * e, u)
    }

    private mutating func raise(to z: Double) {
        let d = maximum - z
        let r = exp(d)
        a = a.lowered(by: d, r)
        b = b.lowered(by: d, r * r)
        c = c.lowered(by: d, r * r * r)
        maximum = z
    }
}
