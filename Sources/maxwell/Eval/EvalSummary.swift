// What an evaluation says, from the lines of its completions alone: so a resumed one says the same.

import Analysis
import Trajectories

/// The result of `maxwell eval --json`.
struct EvalSummary: Encodable {
    struct Interval: Encodable {
        var k: Int
        var value, lower, upper: Double

        init(_ k: Int, _ estimate: Estimate) {
            self.k = k
            value = estimate.value
            lower = estimate.lower
            upper = estimate.upper
        }
    }
    var model: String
    var problems, samples: Int
    var average: Interval
    var passAtK, majAtK: [Interval]
    var meanEntropy, meanLength: Double
    var reasons: [String: Double]

    /// - Parameter lines: `samples` of every problem, problem after problem.
    init(model: String, lines: [CompletionLine], samples: Int, ks: [Int], seed: UInt64) throws {
        self.model = model
        self.samples = samples
        let rows = ProblemRow.rows(lines, samples: samples)
        problems = rows.count
        let outcomes = try rows.map { try ProblemOutcome(samples: $0.samples, correct: $0.correct) }
        let votes = rows.indices.map { row in
            lines[(row * samples)..<((row + 1) * samples)].map {
                Vote(answer: $0.answer, isCorrect: $0.isCorrect == true)
            }
        }
        average = Interval(samples, try PassAtK.average(outcomes, seed: seed))
        passAtK = try ks.map { Interval($0, try PassAtK.estimate(outcomes, k: $0, seed: seed)) }
        majAtK = try ks.map { Interval($0, try MajorityVote.estimate(votes, k: $0, seed: seed)) }
        let tokens = lines.reduce(0) { $0 + $1.tokens.count }
        let entropy = lines.reduce(0.0) { $1.entropy.reduce($0) { $0 + Double($1) } }
        meanEntropy = entropy / Double(max(1, tokens))
        meanLength = Double(tokens) / Double(max(1, lines.count))
        reasons = Dictionary(grouping: lines) { $0.reason ?? "not_judged" }.mapValues {
            Double($0.count) / Double(lines.count)
        }
    }

    /// As lines of text.
    func text(temperature: Double) -> [String] {
        func row(_ name: String, _ interval: Interval) -> String {
            "\(name)\t\(fixed(interval.value, 4))\t[\(fixed(interval.lower, 4)), \(fixed(interval.upper, 4))]"
        }
        return ["\(problems) problems, \(samples) completions each, temperature \(temperature)"]
            + [row("avg@\(samples)", average)] + passAtK.map { row("pass@\($0.k)", $0) }
            + majAtK.filter { $0.k > 1 }.map { row("maj@\($0.k)", $0) }
            + ["entropy\t\(fixed(meanEntropy, 4)) nats per token, length \(fixed(meanLength, 1)) tokens"]
            + reasons.sorted { ($0.value, $1.key) > ($1.value, $0.key) }.map { "\($0.key)\t\(fixed($0.value, 4))" }
    }
}

/// One problem of `maxwell eval --table`.
struct ProblemRow: Codable, Equatable {
    var id, prompt: String
    var samples, correct: Int
    var passRate, meanReward, meanLength, truncatedShare: Double
    /// The answer most completions give, null if none gives one.
    var majorityAnswer: String?
    var isMajorityCorrect: Bool

    static func rows(_ lines: [CompletionLine], samples: Int) -> [ProblemRow] {
        stride(from: 0, to: lines.count, by: samples).map { start in
            let own = lines[start..<(start + samples)]
            let count = Double(samples)
            let correct = own.count { $0.isCorrect == true }
            let winner = MajorityVote.winner(own.map { Vote(answer: $0.answer, isCorrect: $0.isCorrect == true) })
            return ProblemRow(
                id: own[start].id, prompt: own[start].prompt, samples: samples, correct: correct,
                passRate: Double(correct) / count, meanReward: own.reduce(0) { $0 + ($1.reward ?? 0) } / count,
                meanLength: Double(own.reduce(0) { $0 + $1.tokens.count }) / count,
                truncatedShare: Double(own.count { $0.stopReason == .length }) / count,
                majorityAnswer: winner?.answer, isMajorityCorrect: winner?.isCorrect == true)
        }
    }
}
