// List sorting: whole numbers in rising order.

public import ConfigCoding
public import Trajectories
import Verifiers

/// `sort 3 1 2=` asks for `1 2 3`. Repeats are kept.
///
/// Level n has 2 n + 1 numbers below 10, 30, 100, 1000, 1000, some of them negative from level 3 on. The split looks at
/// the numbers without their order: no order of a held-out list is trained on.
public struct ListSorting: ProceduralTask {
    public let level: Int
    public let seed: UInt64
    public var name: String { "sorting" }

    /// Reads `level` (1) in 1...5.
    /// - Throws: `ConfigError`.
    public init(from section: ConfigSection, seed: UInt64) throws {
        level = try section.value("level", default: 1, in: 1...5)
        self.seed = seed
    }

    public func draw(_ random: inout RandomSource) -> TaskDraw {
        let largest = [10, 30, 100, 1_000, 1_000][level - 1]
        let numbers = (0..<(2 * level + 1)).map { _ in
            let size = random.integer(below: largest)
            return level >= 3 && random.integer(below: 3) == 0 ? -size : size
        }
        let text = { (numbers: [Int]) in numbers.map(String.init).joined(separator: " ") }
        return TaskDraw(
            prompt: "sort \(text(numbers))=\n", answer: text(numbers.sorted()), identity: text(numbers.sorted()))
    }
}
