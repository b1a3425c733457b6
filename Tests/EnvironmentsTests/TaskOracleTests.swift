// Answers of the tasks against brute force that reads nothing but the prompt.

import Environments
import Testing
import Trajectories

@Suite struct TaskOracleTests {
    /// Problems of every level, as prompt without its last `=` and answer.
    private func each(_ name: String, _ levels: Int, _ body: (String, String) throws -> Void) throws {
        for level in 1...levels {
            let environment = try ProceduralTaskTests.environment(name, level: level, seed: 5)
            for index in 0..<120 {
                let problem = try environment.problem(index, split: index % 4 == 0 ? .heldout : .train)
                try body(String(problem.prompt.dropLast(2)), try #require(problem.fields["answer"]?.string))
            }
        }
    }

    @Test func `chains have the value that sums of products of their parts have`() throws {
        try each("arithmetic", 5) { prompt, answer in
            var text = prompt
            // Parentheses hold two numbers: their value, with its sign doubled away, takes their place.
            var inner = 0
            if let open = text.firstIndex(of: "("), let close = text.firstIndex(of: ")") {
                inner = value(text[text.index(after: open)..<close]) { Int($0) ?? 0 }
                text.replaceSubrange(open...close, with: "p")
            }
            #expect(value(text[...]) { $0 == "p" ? inner : Int($0) ?? 0 } == Int(answer), "\(prompt)")
        }
    }

    /// Terms between `+` and `-`, factors between `*`.
    private func value(_ text: Substring, _ number: (Substring) -> Int) -> Int {
        text.replacing("-", with: "+-").split(separator: "+").reduce(0) { total, term in
            let body = term.hasPrefix("-") ? term.dropFirst() : term
            let product = body.split(separator: "*").reduce(1) { $0 * number($1) }
            return total + (term.hasPrefix("-") ? -product : product)
        }
    }

    @Test func `exactly one number below the modulus solves a modular equation`() throws {
        try each("modular", 5) { prompt, answer in
            let words = prompt.split { "*x+= mod".contains($0) }.compactMap { Int($0) }
            let (factor, shift) = (words[0], words.count == 4 ? words[1] : 0)
            let (right, modulus) = (words[words.count - 2], words[words.count - 1])
            let solutions = (0..<modulus).filter { (factor * $0 + shift - right) % modulus == 0 }
            #expect(solutions.map(String.init) == [answer], "\(prompt)")
        }
    }

    @Test func `numbers are the same in both bases`() throws {
        try each("bases", 4) { prompt, answer in
            let words = prompt.split(separator: " ").map(String.init)
            let from = try #require(Int(words[2]))
            let to = try #require(Int(words[4]))
            #expect(from != to)
            #expect(String(try #require(Int(words[0], radix: from)), radix: to) == answer, "\(prompt)")
        }
    }

    @Test func `sorted lists rise and keep every number`() throws {
        try each("sorting", 5) { prompt, answer in
            var rest = prompt.split(separator: " ").dropFirst().compactMap { Int($0) }
            let sorted = answer.split(separator: " ").compactMap { Int($0) }
            #expect(zip(sorted, sorted.dropFirst()).allSatisfy { $0 <= $1 }, "\(prompt)")
            for number in sorted { rest.remove(at: try #require(rest.firstIndex(of: number))) }
            #expect(rest.isEmpty, "\(prompt)")
        }
    }

    @Test func `words are rewritten by the first rule at its leftmost place until none applies`() throws {
        try each("rewriting", 5) { prompt, answer in
            let halves = prompt.split(separator: " on ")
            let rules = halves[0].split(separator: " ").map { rule in
                let sides = rule.split(separator: ">").map(String.init)
                return (sides[0], sides[1] == "-" ? "" : sides[1])
            }
            #expect(rules.allSatisfy { $0.1.count < $0.0.count })
            var word = String(halves[1])
            while let rule = rules.first(where: { word.contains($0.0) }) {
                word.replace(rule.0, with: rule.1, maxReplacements: 1)
            }
            #expect((word.isEmpty ? "-" : word) == answer, "\(prompt)")
        }
    }

    @Test func `exactly one arrangement fits all clues of a grid, and each clue is needed`() throws {
        try each("logic", 4) { prompt, answer in
            let clues = prompt.split(separator: " ").map(String.init)
            let sides = answer.split(separator: " ").map(String.init)
            let solutions = arrangements(sides[0].count).filter { houses in clues.allSatisfy { holds($0, houses) } }
            #expect(solutions.count == 1, "\(prompt)")
            let houses = try #require(solutions.first)
            let expected = [sides[0], sides[1]].map { side in
                String(side.sorted { (houses[$0] ?? 0) < (houses[$1] ?? 0) })
            }
            #expect(expected == sides, "\(prompt)")
            for skipped in clues.indices {
                let fewer = clues.indices.filter { $0 != skipped }.map { clues[$0] }
                let left = arrangements(sides[0].count).filter { houses in fewer.allSatisfy { holds($0, houses) } }
                #expect(left.count > 1, "\(prompt) without \(clues[skipped])")
            }
        }
    }

    /// The house of every letter, for every way to put people and pets into houses.
    private func arrangements(_ count: Int) -> [[Character: Int]] {
        func orders(_ items: [Character]) -> [[Character]] {
            items.isEmpty
                ? [[]] : items.flatMap { item in orders(items.filter { $0 != item }).map { [item] + $0 } }
        }
        let people = orders(Array("ABCD".prefix(count)))
        let pets = orders(Array("pqrs".prefix(count)))
        return people.flatMap { left in
            pets.map { right in
                Dictionary(
                    uniqueKeysWithValues: zip(left + right, (1...count).map { $0 } + (1...count).map { $0 }))
            }
        }
    }

    private func holds(_ clue: String, _ houses: [Character: Int]) -> Bool {
        let parts = Array(clue)
        let left = houses[parts[0]] ?? 0
        let right = houses[parts[2]] ?? parts[2].wholeNumberValue ?? 0
        switch parts[1] {
        case "=": return left == right
        case "!": return left != right
        case "<": return left < right
        default: return left - right == 1 || right - left == 1
        }
    }
}
