// pass@k against the count of all subsets, and its intervals against chance.

import Analysis
import Testing
import Trajectories

@Suite struct PassAtKTests {
    @Test func `it is the share of k-subsets that hold a right sample`() throws {
        for n in 1...10 {
            for c in 0...n {
                for k in 1...n {
                    // The first c samples are the right ones.
                    let subsets = (0..<1 << n).filter { $0.nonzeroBitCount == k }
                    let exact = Double(subsets.count { $0 & ((1 << c) - 1) != 0 }) / Double(subsets.count)
                    let estimate = try PassAtK.estimate(ProblemOutcome(samples: n, correct: c), k: k)
                    #expect(abs(estimate - exact) <= 4e-16, "n \(n), c \(c), k \(k)")
                }
            }
        }
    }

    @Test func `large n needs no large numbers`() throws {
        for k in [1, 2, 999, 99_999] {
            let one = try PassAtK.estimate(ProblemOutcome(samples: 100_000, correct: 1), k: k)
            #expect(abs(one - Double(k) / 100_000) < 1e-15)
        }
        #expect(try PassAtK.estimate(ProblemOutcome(samples: 1_000_000, correct: 500_000), k: 5000) == 1)
        #expect(try PassAtK.estimate(ProblemOutcome(samples: 1_000_000, correct: 0), k: 1_000_000) == 0)
    }

    @Test func `it grows with k and with c, and is c over n for one`() throws {
        for number in 0..<1000 {
            var random = RandomSource(seed: 3, purpose: .testing, step: number)
            let n = 2 + random.integer(below: 200)
            let c = random.integer(below: n)
            let k = 1 + random.integer(below: n - 1)
            let here = try PassAtK.estimate(ProblemOutcome(samples: n, correct: c), k: k)
            #expect(try PassAtK.estimate(ProblemOutcome(samples: n, correct: c), k: k + 1) >= here)
            #expect(try PassAtK.estimate(ProblemOutcome(samples: n, correct: c + 1), k: k) >= here)
            let one = try PassAtK.estimate(ProblemOutcome(samples: n, correct: c), k: 1)
            #expect(abs(one - Double(c) / Double(n)) < 1e-15)
            #expect((0...1).contains(here))
        }
    }

    @Test func `over problems each has the same weight`() throws {
        let outcomes = [try ProblemOutcome([true, false, false, false]), try ProblemOutcome([true, true])]
        let pass = try PassAtK.estimate(outcomes, k: 2, seed: 1)
        #expect(abs(pass.value - (0.5 + 1) / 2) < 1e-15)
        #expect(pass.problems == 2)
        #expect(pass.lower == 0.5)
        #expect(pass.upper == 1)
        #expect(try PassAtK.average(outcomes, seed: 1).value == (0.25 + 1) / 2)
        #expect(try PassAtK.average(outcomes, seed: 1).value == PassAtK.estimate(outcomes, k: 1, seed: 1).value)
    }

    @Test func `what cannot be estimated is said`() throws {
        let four = try ProblemOutcome(samples: 4, correct: 2)
        #expect(
            message { _ = try PassAtK.estimate(four, k: 5) }
                == "pass@5 cannot be estimated from 4 samples; choose k from 1 to 4")
        #expect(
            message { _ = try PassAtK.estimate(four, k: 0) }
                == "pass@0 cannot be estimated from 4 samples; choose k from 1 to 4")
        #expect(
            message { _ = try ProblemOutcome(samples: 3, correct: 4) }
                == "a problem with 3 samples cannot have 4 correct ones; count them again")
        #expect(
            message { _ = try PassAtK.estimate([], k: 1, seed: 1) }
                == "pass@1 needs at least one problem; none was given")
        #expect(message { _ = try PassAtK.estimate([four, ProblemOutcome([true])], k: 2, seed: 1) } != nil)
    }
}

/// The sentence of the error that `body` must throw, or nil.
func message(_ body: () throws -> Void) -> String? {
    do {
        try body()
        return nil
    } catch {
        return "\(error)"
    }
}
