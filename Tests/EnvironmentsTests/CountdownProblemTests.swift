// Countdown problems: solvable, repeatable, split without leaks, and shown by demonstrations of every solution.

import Environments
import Testing
import Trajectories

/// What makes two problems the same problem.
private struct Identity: Hashable {
    var numbers: [Int]
    var target: Int

    init(_ problem: Problem) throws {
        numbers = try #require(problem.fields["numbers"]?.array).compactMap(\.integer).sorted()
        target = try #require(problem.fields["target"]?.integer)
    }
}

@Suite struct CountdownProblemTests {
    @Test("no held-out problem is a train problem under any seed or order, in 36,000 problems")
    func splitsAreDisjoint() throws {
        var seen: [Split: Set<Identity>] = [.train: [], .heldout: []]
        for seed in [1, 2, UInt64.max] {
            let countdown = try Countdown(options: .init(), seed: seed)
            for index in 0..<10_000 {
                seen[.train]?.insert(try Identity(countdown.problem(index, split: .train)))
            }
            for index in 0..<2_000 {
                seen[.heldout]?.insert(try Identity(countdown.problem(index, split: .heldout)))
            }
        }
        let (train, heldout) = (try #require(seen[.train]), try #require(seen[.heldout]))
        #expect(train.isDisjoint(with: heldout))
        #expect(train.count > 10_000 && heldout.count > 1_000)
    }

    @Test("the split ignores the order of the numbers and holds out about a tenth")
    func splitShare() {
        var heldout = 0
        for trial in 0..<50_000 {
            var random = RandomSource(seed: 31, purpose: .testing, step: trial)
            let numbers = (0..<(2 + random.integer(below: 5))).map { _ in 1 + random.integer(below: 100) }
            let target = 1 + random.integer(below: 500)
            let split = Countdown.split(numbers: numbers, target: target)
            #expect(split == Countdown.split(numbers: numbers.shuffled(using: &random), target: target))
            if split == .heldout { heldout += 1 }
        }
        // Five standard deviations of 50,000 draws are about 335.
        #expect(abs(heldout - 5_000) < 335)
    }

    @Test("which problems are held out never changes")
    func splitIsPinned() {
        let heldout = (1...50).filter { Countdown.split(numbers: [3, 4, 5, 6], target: $0) == .heldout }
        #expect(heldout == [10, 20, 38, 50])
    }

    @Test("2,000 problems of each split are well-formed, solvable and spread over their options")
    func problems() throws {
        let options = Countdown.Options(minNumbers: 2, maxNumbers: 5, maxNumber: 12, maxTarget: 40)
        let countdown = try Countdown(options: options, seed: 5)
        for split in Split.allCases {
            var sizes: [Int: Int] = [:]
            var targets: Set<Int> = []
            for index in 0..<2_000 {
                let problem = try countdown.problem(index, split: split)
                try countdown.check(problem)
                let identity = try Identity(problem)
                #expect(2...5 ~= identity.numbers.count)
                #expect(identity.numbers.allSatisfy { 1...12 ~= $0 })
                #expect(1...40 ~= identity.target)
                #expect(Countdown.split(numbers: identity.numbers, target: identity.target) == split)
                #expect(problem.id == "countdown/\(split.rawValue)/\(index)")
                let shown = try #require(problem.fields["numbers"]?.array).compactMap(\.integer)
                #expect(problem.prompt == shown.map { "\($0)" }.joined(separator: " ") + "=\(identity.target)\n")
                sizes[identity.numbers.count, default: 0] += 1
                targets.insert(identity.target)
                if index < 300 { #expect(try !countdown.solutions(of: problem).isEmpty) }
            }
            #expect(sizes.values.allSatisfy { 350...650 ~= $0 }, "\(sizes)")
            #expect(targets.count == 40)
        }
    }

    @Test("a problem is a function of seed, split and index, in any order of asking")
    func determinism() throws {
        let one = try Countdown(options: .init(), seed: 7)
        let two = try Countdown(options: .init(), seed: 7)
        let other = try Countdown(options: .init(), seed: 8)
        var same = 0
        for split in Split.allCases {
            let forwards = try (0..<500).map { try one.problem($0, split: split) }
            let backwards = try (0..<500).reversed().map { try two.problem($0, split: split) }
            #expect(forwards == backwards.reversed())
            for index in 0..<500 {
                let demonstration = try #require(try one.demonstration(index, split: split))
                let again = try #require(try two.demonstration(index, split: split))
                #expect(demonstration.problem == forwards[index])
                #expect(demonstration.problem == again.problem && demonstration.completion == again.completion)
                if try other.problem(index, split: split).prompt == forwards[index].prompt { same += 1 }
            }
        }
        #expect(same < 30)
        #expect(try one.problem(1 << 32, split: .train).prompt != one.problem(0, split: .train).prompt)
    }

    @Test("3,000 demonstrations are correct, in the alphabet, without needless characters")
    func demonstrations() throws {
        let options = Countdown.Options(minNumbers: 2, maxNumbers: 5, maxNumber: 20, maxTarget: 100)
        let countdown = try Countdown(options: options, seed: 9)
        for index in 0..<3_000 {
            let split = Split.allCases[index % 2]
            let (problem, completion) = try #require(try countdown.demonstration(index, split: split))
            #expect(countdown.verdict(on: completion, for: problem).isCorrect, "\(problem.prompt)\(completion)")
            #expect((problem.prompt + completion).allSatisfy(Countdown.alphabet.contains))
            #expect(!completion.contains(" "))
        }
    }

    @Test("demonstrations of one problem reach its solutions and several orders of each")
    func diversity() throws {
        // So few numbers and targets that every problem comes up at many indices.
        let options = Countdown.Options(minNumbers: 4, maxNumbers: 4, maxNumber: 2, maxTarget: 4)
        let countdown = try Countdown(options: options, seed: 3)
        var texts: [Identity: Set<String>] = [:]
        var solutions: [Identity: Int] = [:]
        for index in 0..<4_000 {
            let (problem, completion) = try #require(try countdown.demonstration(index, split: .train))
            let identity = try Identity(problem)
            texts[identity, default: []].insert(completion)
            if solutions[identity] == nil { solutions[identity] = try countdown.solutions(of: problem).count }
        }
        for (identity, count) in solutions where count > 1 {
            #expect(try #require(texts[identity]).count >= count)
        }
        #expect(solutions.values.max() ?? 0 > 5)
    }

    @Test("an index below zero and options without held-out problems are refused")
    func refusals() throws {
        let countdown = try Countdown(options: .init(), seed: 1)
        let error = try #require(throws: EnvironmentError.self) { try countdown.problem(-1, split: .train) }
        #expect(
            error.description
                == "problems are numbered from 0, there is none with the number -1 (countdown/train)")
        let narrow = Countdown.Options(minNumbers: 2, maxNumbers: 2, maxNumber: 1, maxTarget: 1)
        let empty = try #require(throws: EnvironmentError.self) { try Countdown(options: narrow, seed: 1) }
        #expect(empty.code == .exhausted)
        let backwards = Countdown.Options(minNumbers: 4, maxNumbers: 3)
        let bad = try #require(throws: EnvironmentError.self) { try Countdown(options: backwards, seed: 1) }
        #expect(bad.code == .badOptions)
        #expect(empty.message.hasSuffix("in 1000 draws; raise max_number, max_numbers or max_target"))
    }
}
