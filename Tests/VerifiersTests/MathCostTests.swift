// What hostile answers cost: each within the steps of its budget, and how long the dearest takes where that is asked for.

import Foundation
import Testing
import Trajectories
import Verifiers

/// `MATH_COST_CASES` is the number of cases, `MATH_COST_FIRST` the first. With it the processor time of each comparison is
/// measured, on the thread that makes it, and the slowest are printed; what `docs/verifiers.md` says comes from
///
///     MATH_COST_CASES=100000 swift test -c release -Xswiftc -enable-testing --disable-xctest --filter MathCostTests
@Suite struct MathCostTests {
    private static func setting(_ name: String) -> Int? {
        ProcessInfo.processInfo.environment[name].flatMap { Int($0) }
    }

    private struct Measured {
        var microseconds: Int
        var steps: Int
        var trial: Int
        var gold, answer: String
    }

    @Test func `hostile answers cost no more than the budget`() throws {
        let pairs = try Fixture.pairs()
        try #require(pairs.count > 2_000)
        let count = Self.setting("MATH_COST_CASES")
        let first = Self.setting("MATH_COST_FIRST") ?? 0
        var slowest: [Measured] = []
        var outcomes: [MathEquivalence.Outcome: Int] = [:]
        var times: [Int] = []
        for trial in first..<(first + (count ?? 5_000)) {
            var generator = HostileMathematics(
                pairs: pairs, random: RandomSource(seed: 41, purpose: .testing, step: trial))
            let (gold, answer) = generator.pair()
            let start = Self.now
            let result = MathEquivalence.compare(gold: gold, answer: answer)
            let microseconds = (Self.now - start) / 1_000
            outcomes[result.outcome, default: 0] += 1
            if result.steps > MathEquivalence.budget { Issue.record("\(result.steps) steps, case \(trial): \(gold)") }
            guard count != nil else { continue }
            times.append(microseconds)
            let measured = Measured(
                microseconds: microseconds, steps: result.steps, trial: trial, gold: gold, answer: answer)
            slowest = Array((slowest + [measured]).sorted { $0.microseconds > $1.microseconds }.prefix(10))
        }
        #expect(outcomes.count == MathEquivalence.Outcome.allCases.count, "\(outcomes)")
        guard count != nil else { return }
        times.sort()
        let shown = [0.5, 0.9, 0.99, 0.999].map { "\($0): \(times[Int($0 * Double(times.count - 1))])" }
        print("\(times.count) cases, microseconds \(shown.joined(separator: ", ")), \(outcomes)")
        for one in slowest {
            print(
                "\(one.microseconds) microseconds, \(one.steps) steps, case \(one.trial): "
                    + "\(one.gold.prefix(160)) | \(one.answer.prefix(160))")
        }
    }

    /// Processor time of this thread, nanoseconds.
    private static var now: Int {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return time.tv_sec * 1_000_000_000 + time.tv_nsec
    }
}

extension Fixture {
    /// Gold and answer of every pair of both fixtures.
    static func pairs() throws -> [(gold: String, answer: String)] {
        let generated = (try read("math-verify.json")["pairs"]?.array ?? []).map { ($0.array ?? []).dropFirst() }
        let written = try read("answers.json").object.sorted { $0.key < $1.key }.flatMap { section in
            (section.value.array ?? []).map { ($0.array ?? [])[...] }
        }
        return (generated + written).compactMap { pair in
            let texts = pair.prefix(2).compactMap(\.string)
            return texts.count == 2 ? (texts[0], texts[1]) : nil
        }
    }
}
