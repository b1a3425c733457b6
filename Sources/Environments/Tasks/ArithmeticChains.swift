// Integer arithmetic chains: the value of an expression with +, - and *.

public import ConfigCoding
public import Trajectories
import Verifiers

/// `12+7*3-4=` asks for 29; products bind first, the rest goes from left to right.
///
/// Level n has n + 1 numbers of 1...10, 20, 50, 100, 100; from level 4 on, two neighbours stand in parentheses.
public struct ArithmeticChains: ProceduralTask {
    public let level: Int
    public let seed: UInt64
    public var name: String { "arithmetic" }

    /// Reads `level` (1) in 1...5.
    /// - Throws: `ConfigError`.
    public init(from section: ConfigSection, seed: UInt64) throws {
        level = try section.value("level", default: 1, in: 1...5)
        self.seed = seed
    }

    public func draw(_ random: inout RandomSource) -> TaskDraw {
        let largest = [10, 20, 50, 100, 100][level - 1]
        let numbers = (0...level).map { _ in 1 + random.integer(below: largest) }
        let signs = (0..<level).map { _ in ["+", "-", "*"][random.integer(below: 3)] }
        let open = level >= 4 ? random.integer(below: level) : nil
        var text = ""
        for (index, number) in numbers.enumerated() {
            if index > 0 { text += signs[index - 1] }
            text += index == open ? "(\(number)" : "\(number)"
            if let open, index == open + 1 { text += ")" }
        }
        // Numbers and products stay far below the range of Int: 100^6 at most.
        let value = ArithmeticExpression(text)?.value ?? 0
        return TaskDraw(prompt: text + "=\n", answer: String(value))
    }
}
