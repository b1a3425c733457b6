// The penalty of long completions.

public import ConfigCoding
public import Trajectories

/// 0 up to a length, then falling linearly to -1 at the maximum (the soft overlong punishment of DAPO, 2503.14476
/// eq. 13, which counts tokens; a verifier sees text and counts characters or words).
///
/// Every completion counts as correct: a length solves nothing.
public struct LengthPenalty: Verifier {
    public enum Unit: String, Sendable, CaseIterable {
        /// Unicode scalars.
        case characters
        /// What white space separates.
        case words
    }

    public var free: Int
    public var maximum: Int
    public var unit: Unit

    public init(free: Int, maximum: Int, unit: Unit = .characters) {
        self.free = free
        self.maximum = maximum
        self.unit = unit
    }

    /// Reads `maximum` and `free` (0), lengths of `unit` (characters; or words).
    /// - Throws: `ConfigError`.
    public init(from section: ConfigSection) throws {
        let maximum = try section.required("maximum", as: Int.self)
        guard maximum > 0 else { throw section.fault(.outOfRange, "maximum", "must be at least 1, got \(maximum)") }
        let free = try section.value("free", default: 0, in: 0...Int.max)
        guard free < maximum else {
            throw section.fault(.outOfRange, "free", "must be less than maximum (\(maximum)), got \(free)")
        }
        self.init(free: free, maximum: maximum, unit: try section.choice("unit", default: .characters))
    }

    public func check(_ problem: Problem) throws {}

    /// Reasons: `short`, `long`, `too_long`.
    public func verdict(on completion: String, for problem: Problem) -> Verdict {
        let length =
            unit == .characters
            ? completion.unicodeScalars.count : completion.split(whereSeparator: \.isWhitespace).count
        if length <= free { return Verdict(reward: 0, isCorrect: true, reason: "short") }
        if length >= maximum { return Verdict(reward: -1, isCorrect: true, reason: "too_long") }
        return Verdict(
            reward: -Double(length - free) / Double(maximum - free), isCorrect: true, reason: "long")
    }
}
