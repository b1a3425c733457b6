// Modular equations: the one solution of a x + b = c (mod m).

public import ConfigCoding
public import Trajectories
import Verifiers

/// `3*x+4=2 mod 7=` asks for x in 0..<7, here 4. The factor is coprime to the modulus, so there is exactly one.
///
/// Level n has moduli of 3...11, 20, 50, 200, 1000; level 1 has no b.
public struct ModularEquations: ProceduralTask {
    public let level: Int
    public let seed: UInt64
    public var name: String { "modular" }

    /// Reads `level` (1) in 1...5.
    /// - Throws: `ConfigError`.
    public init(from section: ConfigSection, seed: UInt64) throws {
        level = try section.value("level", default: 1, in: 1...5)
        self.seed = seed
    }

    public func draw(_ random: inout RandomSource) -> TaskDraw {
        let largest = [11, 20, 50, 200, 1_000][level - 1]
        let modulus = 3 + random.integer(below: largest - 2)
        let units = (1..<modulus).filter { Self.greatestCommonDivisor($0, modulus) == 1 }
        let factor = units[random.integer(below: units.count)]
        let shift = level == 1 ? 0 : random.integer(below: modulus)
        let solution = random.integer(below: modulus)
        let right = (factor * solution + shift) % modulus
        let left = shift == 0 ? "\(factor)*x" : "\(factor)*x+\(shift)"
        return TaskDraw(prompt: "\(left)=\(right) mod \(modulus)=\n", answer: String(solution))
    }

    private static func greatestCommonDivisor(_ first: Int, _ second: Int) -> Int {
        var (a, b) = (first, second)
        while b != 0 { (a, b) = (b, a % b) }
        return a
    }
}
