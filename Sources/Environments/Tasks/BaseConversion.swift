// Base conversion: a whole number from one base to another.

public import ConfigCoding
public import Trajectories
import Verifiers

/// `101 base 2 to 10=` asks for 5; digits above nine are small letters.
///
/// Level 1 goes between 2 and 10 up to 31, level 2 among 2, 8, 10 and 16 up to 255, level 3 among 2...16 up to 4095,
/// level 4 among 2...36 up to 99999.
public struct BaseConversion: ProceduralTask {
    public let level: Int
    public let seed: UInt64
    public var name: String { "bases" }

    /// Reads `level` (1) in 1...4.
    /// - Throws: `ConfigError`.
    public init(from section: ConfigSection, seed: UInt64) throws {
        level = try section.value("level", default: 1, in: 1...4)
        self.seed = seed
    }

    public func draw(_ random: inout RandomSource) -> TaskDraw {
        let bases = [[2, 10], [2, 8, 10, 16], Array(2...16), Array(2...36)][level - 1]
        let value = random.integer(below: [32, 256, 4_096, 100_000][level - 1])
        let from = random.integer(below: bases.count)
        // A step of 1 up to the number of bases less 1 never comes back to the same one.
        let to = (from + 1 + random.integer(below: bases.count - 1)) % bases.count
        return TaskDraw(
            prompt: "\(Self.digits(value, base: bases[from])) base \(bases[from]) to \(bases[to])=\n",
            answer: Self.digits(value, base: bases[to]))
    }

    private static func digits(_ value: Int, base: Int) -> String {
        let symbols = Array("0123456789abcdefghijklmnopqrstuvwxyz")
        var digits: [Character] = []
        var rest = value
        repeat {
            digits.append(symbols[rest % base])
            rest /= base
        } while rest > 0
        return String(digits.reversed())
    }
}
