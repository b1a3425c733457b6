// The laws of the orders, for many sizes and seeds.

import ConfigCoding
import Environments
import Testing
import Trajectories

@Suite struct ProblemOrderTests {
    private func problems(_ keys: [JSONValue]) -> [Problem] {
        keys.enumerated().map { Problem(id: "d:\($0 + 1)", prompt: "p", fields: ["level": $1]) }
    }

    @Test func `every order has each problem once per epoch, and the same one at the same position always`() throws {
        for seed in UInt64(0)..<20 {
            var random = RandomSource(seed: seed, purpose: .testing)
            let count = 1 + random.integer(below: 40)
            let problems = problems((0..<count).map { _ in .number(random.uniform()) })
            for name in ProblemOrderCatalogue.names {
                let yaml = "{name: \(name)\(name == "curriculum" ? ", field: level, share: 0.4, window: 5" : "")}"
                let section = try ConfigSection.parse(yaml, name: "o")
                let order = try ProblemOrderCatalogue.order(from: section)
                try section.finish()
                let positions = random.integer(below: 200)
                let sequence = try order.sequence(of: problems, seed: seed, positions: positions)
                let start = (sequence as? CurriculumSequence)?.rampLength ?? 0
                for epoch in 0..<3 {
                    let places = (0..<count).map { start + epoch * count + $0 }
                    #expect(places.map(sequence.index).sorted() == Array(0..<count), "\(name)")
                }
                let again = try order.sequence(of: problems, seed: seed, positions: positions)
                let places = (0..<100).map { _ in random.integer(below: 500) }
                #expect(places.map(sequence.index) == places.map(again.index), "in any order of asking")
            }
        }
    }

    @Test func `the ramp goes from easy to hard, window by window, and shows its problems equally often`() throws {
        for seed in UInt64(0)..<60 {
            var random = RandomSource(seed: seed, purpose: .testing)
            let count = 1 + random.integer(below: 30)
            let easyToHard = Array(0..<count).shuffled(using: &random)
            let rank = Dictionary(uniqueKeysWithValues: easyToHard.enumerated().map { ($1, $0) })
            let ramp = random.integer(below: 100)
            let window = 1 + random.integer(below: 12)
            let sequence = CurriculumSequence(easyToHard: easyToHard, ramp: ramp, window: window, seed: seed)
            #expect(sequence.rampLength <= ramp && ramp - sequence.rampLength < count)
            let ranks = (0..<sequence.rampLength).compactMap { rank[sequence.index(at: $0)] }
            // each problem of the ramp as often as the others, and all of them if there is room
            let times = Dictionary(grouping: ranks) { $0 }.mapValues(\.count)
            #expect(Set(times.values).count <= 1 && times.count == min(ramp, count))
            // spread evenly: gaps of the list differ by at most one
            let taken = times.keys.sorted()
            let gaps = zip(taken, taken.dropFirst()).map { $1 - $0 }
            #expect((gaps.max() ?? 1) - (gaps.min() ?? 1) <= 1 && (taken.first ?? 0) == 0)
            // no window before an easier one, each pass over a window whole
            let passes = times.first?.value ?? 1
            for start in stride(from: 0, to: taken.count, by: window) {
                let own = taken[start..<min(taken.count, start + window)]
                for pass in 0..<passes {
                    let first = start * passes + pass * own.count
                    #expect(ranks[first..<first + own.count].sorted() == Array(own))
                }
            }
        }
    }

    @Test func `levels and pass rates are read as difficulty`() throws {
        func easyToHard(_ yaml: String, _ keys: [JSONValue]) throws -> [Int] {
            let order = try Curriculum(from: try ConfigSection.parse(yaml, name: "o"))
            let sequence = try order.sequence(of: problems(keys), seed: 1, positions: 100)
            return try #require(sequence as? CurriculumSequence).easyToHard
        }
        let levels: [JSONValue] = [.string("Level 5"), .string("Level 1"), .number(2.5), .string("Level 1")]
        #expect(try easyToHard("field: level", levels) == [1, 3, 2, 0])
        let rates: [JSONValue] = [.number(0.2), .number(0.9), .number(0.5)]
        #expect(try easyToHard("{field: level, hard: low}", rates) == [1, 2, 0])
        let error = try #require(throws: EnvironmentError.self) {
            try easyToHard("field: level", [.number(1), .string("Level ?")])
        }
        #expect(error.description.hasSuffix("filter the file or name another field (d:2)"))
        #expect(throws: ConfigError.self) { try easyToHard("share: 0.5", levels) }
    }

    @Test func `a window of one is the sorted list itself, and another seed changes the windows' order`() {
        let list = [3, 1, 2, 0, 4, 5, 6, 7]
        let sorted = CurriculumSequence(easyToHard: list, ramp: 8, window: 1, seed: 1)
        #expect((0..<8).map(sorted.index) == list)
        let half = CurriculumSequence(easyToHard: list, ramp: 4, window: 1, seed: 1)
        #expect((0..<4).map(half.index) == [3, 2, 4, 6], "every second one")
        let one = CurriculumSequence(easyToHard: list, ramp: 16, window: 8, seed: 1)
        let other = CurriculumSequence(easyToHard: list, ramp: 16, window: 8, seed: 2)
        #expect((0..<16).map(one.index) != (0..<16).map(other.index))
        #expect((0..<8).map(one.index) != (8..<16).map(one.index), "each pass has its own order")
    }
}
