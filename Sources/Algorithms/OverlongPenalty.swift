// The soft overlong penalty: completions that come close to the length limit lose reward, more the closer they come.

import ConfigCoding

/// 0 up to L_max − L_cache tokens, then falling in a straight line to −1 at L_max and staying there (DAPO, 2503.14476,
/// equation 13; primary).
public struct OverlongPenalty: CompletionShaping, Equatable {
    /// L_max, tokens.
    public var limit: Int
    /// L_cache, tokens, in 1...limit.
    public var buffer: Int

    public init(limit: Int, buffer: Int) {
        self.limit = limit
        self.buffer = buffer
    }

    public var name: String { "overlong_penalty" }

    public func adjustment(for outcome: Outcome) -> Double {
        -min(max(Double(outcome.length - (limit - buffer)) / Double(buffer), 0), 1)
    }

    /// Reads `overlong_limit` (off unless the method has a default) and `overlong_buffer` (a fifth of the limit, the
    /// published proportion).
    static func reading(_ section: ConfigSection, default fallback: Int?) throws -> OverlongPenalty? {
        let limit = try section.optional("overlong_limit", as: Int.self, in: 1...Int.max) ?? fallback
        let buffer = try section.optional("overlong_buffer", as: Int.self, in: 1...Int.max)
        guard let limit else {
            guard buffer == nil else {
                throw section.fault(.unknownKey, "overlong_buffer", "has no effect without overlong_limit; remove it")
            }
            return nil
        }
        if let buffer, buffer > limit {
            throw section.fault(.outOfRange, "overlong_buffer", "must not exceed overlong_limit, \(limit)")
        }
        return OverlongPenalty(limit: limit, buffer: buffer ?? max(1, limit / 5))
    }
}
