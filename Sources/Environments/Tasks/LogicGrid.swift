// Logic grids: who lives in which house with which pet, from clues that leave one arrangement.

public import ConfigCoding
public import Trajectories
import Verifiers

/// `A=2 B<A A=p q<C=` asks for the people and then the pets by house, here `BAC qpr`.
///
/// n houses in a row each have one of the people A, B, ... and one of the pets p, q, ... Clues: `A=2` (the house),
/// `A=p` (one house), `A!p` (not one house), `A<q` (further left), `A~q` (next to each other). Clues are drawn until one
/// arrangement is left, and those that are not needed are dropped. Levels 1 and 2 have three houses, 3 and 4 have four;
/// levels 2 and 4 have no clue that names a house.
public struct LogicGrid: ProceduralTask {
    public let level: Int
    public let seed: UInt64
    public var name: String { "logic" }
    /// Every arrangement: the house of each person, then of each pet.
    private let arrangements: [[Int]]

    /// Reads `level` (1) in 1...4.
    /// - Throws: `ConfigError`.
    public init(from section: ConfigSection, seed: UInt64) throws {
        level = try section.value("level", default: 1, in: 1...4)
        self.seed = seed
        let orders = Self.orders(of: Array(0..<(level <= 2 ? 3 : 4)))
        arrangements = orders.flatMap { people in orders.map { people + $0 } }
    }

    private var houses: Int { level <= 2 ? 3 : 4 }

    private enum Clue {
        case house(Int, Int)
        case together(Int, Int)
        case apart(Int, Int)
        case left(Int, Int)
        case neighbours(Int, Int)

        func holds(_ houseOf: [Int]) -> Bool {
            switch self {
            case .house(let item, let house): houseOf[item] == house
            case .together(let a, let b): houseOf[a] == houseOf[b]
            case .apart(let a, let b): houseOf[a] != houseOf[b]
            case .left(let a, let b): houseOf[a] < houseOf[b]
            case .neighbours(let a, let b): abs(houseOf[a] - houseOf[b]) == 1
            }
        }
    }

    public func draw(_ random: inout RandomSource) -> TaskDraw {
        let solution = arrangements[random.integer(below: arrangements.count)]
        var pool: [Clue] = []
        for a in 0..<(2 * houses) {
            if level % 2 == 1 { pool.append(.house(a, solution[a])) }
            for b in 0..<(2 * houses) where a != b {
                let isMixed = a < houses && b >= houses
                pool += (isMixed ? [.together(a, b), .apart(a, b)] : []) + [.left(a, b)]
                if a < b { pool.append(.neighbours(a, b)) }
            }
        }
        pool = pool.filter { $0.holds(solution) }
        pool.shuffle(using: &random)
        // All true clues of these kinds leave one arrangement: the order of any two items that differ is among them.
        var clues: [Clue] = []
        var left = arrangements
        for clue in pool where left.count > 1 {
            let fewer = left.filter(clue.holds)
            if fewer.count < left.count { clues.append(clue) }
            left = fewer
        }
        for index in clues.indices.reversed() {
            var fewer = clues
            fewer.remove(at: index)
            if arrangements.filter({ arrangement in fewer.allSatisfy { $0.holds(arrangement) } }).count == 1 {
                clues = fewer
            }
        }
        let answer = [0, houses].map { first in
            let items = (first..<(first + houses)).sorted { solution[$0] < solution[$1] }
            return items.map(name(of:)).joined()
        }.joined(separator: " ")
        let texts = clues.map(text(of:))
        return TaskDraw(
            prompt: texts.joined(separator: " ") + "=\n", answer: answer,
            identity: texts.sorted().joined(separator: " "))
    }

    private func name(of item: Int) -> String {
        item < houses ? ["A", "B", "C", "D"][item] : ["p", "q", "r", "s"][item - houses]
    }

    private func text(of clue: Clue) -> String {
        switch clue {
        case .house(let item, let house): "\(name(of: item))=\(house + 1)"
        case .together(let a, let b): "\(name(of: a))=\(name(of: b))"
        case .apart(let a, let b): "\(name(of: a))!\(name(of: b))"
        case .left(let a, let b): "\(name(of: a))<\(name(of: b))"
        case .neighbours(let a, let b): "\(name(of: a))~\(name(of: b))"
        }
    }

    private static func orders(of items: [Int]) -> [[Int]] {
        guard items.count > 1 else { return [items] }
        return items.indices.flatMap { index in
            var rest = items
            let first = rest.remove(at: index)
            return orders(of: rest).map { [first] + $0 }
        }
    }
}
