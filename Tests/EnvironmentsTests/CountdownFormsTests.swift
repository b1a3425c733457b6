// The enumeration of distinct expressions against every binary tree over the same numbers.

import Testing
import Trajectories

@testable import Environments

@Suite struct CountdownFormsTests {
    @Test("different numbers have 1, 4, 26, 296, 4,672 and 94,648 forms")
    func counts() {
        // With generating functions P for a number or a product and S for a number or a sum, sums are e^2P - e^P - P,
        // and products e^S - 1 - S (parts are labelled, a sum has a positive term, both have two parts or more).
        for (count, expected) in [(1, 1), (2, 4), (3, 26), (4, 296), (5, 4_672), (6, 94_648)] {
            let numbers = Array([101, 211, 307, 401, 503, 601][..<count])
            #expect(CountdownForms(numbers).values().count == expected)
        }
    }

    @Test("forms are the classes of all trees: same values, same number of classes for each, also with repeats")
    func bruteForce() {
        for trial in 0..<60 {
            var random = RandomSource(seed: 41, purpose: .testing, step: trial)
            let count = 1 + random.integer(below: 4)
            let numbers = (0..<count).map { _ in 1 + random.integer(below: trial % 3 == 0 ? 2 : 9) }
            var classes: [Int: Set<String>] = [:]
            for tree in ExpressionTree.all(over: numbers) { classes[tree.value, default: []].insert(tree.normalForm) }
            let forms = CountdownForms(numbers)
            var found: [Int: Int] = [:]
            for value in forms.values() { found[value, default: 0] += 1 }
            #expect(found == classes.mapValues(\.count), "\(numbers)")
        }
    }

    @Test("canonical texts of solutions are distinct and correct, in 1,000 problems")
    func solutions() throws {
        let countdown = try Countdown(options: .init(), seed: 2)
        for index in 0..<1_000 {
            let problem = try countdown.problem(index, split: .train)
            let solutions = try countdown.solutions(of: problem)
            #expect(!solutions.isEmpty)
            #expect(Set(solutions).count == solutions.count)
            for text in solutions { #expect(countdown.verdict(on: text, for: problem).isCorrect, "\(text)") }
        }
    }

    @Test("every order of the operands of a form is written equally often, none with a leading minus")
    func uniform() {
        let forms = CountdownForms([2, 3, 7])
        let form = forms.forms(valued: 12)[0]
        var counts: [String: Int] = [:]
        for trial in 0..<6_000 {
            var random = RandomSource(seed: 43, purpose: .testing, step: trial)
            counts[forms.text(of: form, using: &random), default: 0] += 1
        }
        #expect(Set(counts.keys) == ["2+3+7", "2+7+3", "3+2+7", "3+7+2", "7+2+3", "7+3+2"])
        #expect(counts.values.allSatisfy { abs($0 - 1_000) < 150 })

        let signed = forms.forms(valued: 8)[0]
        let texts = (0..<500).map { trial in
            var random = RandomSource(seed: 44, purpose: .testing, step: trial)
            return forms.text(of: signed, using: &random)
        }
        #expect(Set(texts) == ["3+7-2", "7+3-2", "3-2+7", "7-2+3"])
    }

    @Test("sums, products and nested forms are written with the parentheses they need and no others")
    func writing() throws {
        let countdown = try Countdown(options: .init(), seed: 1)
        #expect(try countdown.solutions(of: countdownProblem([2, 3], target: 6)) == ["2*3"])
        #expect(try countdown.solutions(of: countdownProblem([2, 2], target: 4)) == ["2+2", "2*2"])
        #expect(try countdown.solutions(of: countdownProblem([2, 3, 7], target: 35)) == ["7*(2+3)"])
        #expect(try countdown.solutions(of: countdownProblem([5], target: 5)) == ["5"])
        #expect(try countdown.solutions(of: countdownProblem([5], target: 6)) == [])
        let seven = countdownProblem([1, 2, 3, 4, 5, 6, 7], target: 1)
        #expect(throws: EnvironmentError.self) { try countdown.solutions(of: seven) }
        let huge = countdownProblem(Array(repeating: 1 << 40, count: 3), target: 1 << 40)
        #expect(try countdown.solutions(of: huge) == ["1099511627776+1099511627776-1099511627776"])
    }

    @Test("statistics count what solutions list")
    func statistics() throws {
        let countdown = try Countdown(options: .init(), seed: 6)
        let counts = try (0..<200).map { try countdown.solutions(of: countdown.problem($0, split: .heldout)).count }
        let statistics = try countdown.statistics(over: 0..<200, split: .heldout)
        #expect(statistics.problems == 200)
        #expect(abs(statistics.meanSolutions - Double(counts.reduce(0, +)) / 200) < 1e-12)
        #expect(statistics.uniqueShare == Double(counts.count { $0 == 1 }) / 200)
        #expect(statistics.guessingRate > 0 && statistics.guessingRate < 0.2)
        #expect(try countdown.statistics(over: 0..<0, split: .train).problems == 0)
    }
}
