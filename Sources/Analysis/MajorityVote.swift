// maj@k: how often the answer that most of k samples give is right.

import Trajectories

/// One sample of a problem as a vote.
public struct Vote: Sendable, Equatable {
    /// Nil where the sample gives no answer: it does not vote. Right answers are one, however they are written; wrong
    /// ones are one only if they are written alike.
    public var answer: String?
    public var isCorrect: Bool

    public init(answer: String?, isCorrect: Bool) {
        self.answer = answer
        self.isCorrect = isCorrect
    }

    fileprivate var ballot: String? { isCorrect ? "right" : answer.map { "wrong " + $0 } }
}

public enum MajorityVote {
    /// The answer with the most votes, of equal ones the one given first, and whether it is right; nil if nobody voted.
    public static func winner(_ votes: [Vote]) -> Vote? {
        var counts: [String: Int] = [:]
        for answer in votes.compactMap(\.ballot) { counts[answer, default: 0] += 1 }
        guard let most = counts.values.max() else { return nil }
        return votes.first { $0.ballot.map { counts[$0] == most } == true }
    }

    /// The share of k-subsets of a problem's samples whose winner is right: exact for k = n, else over `draws` seeded subsets.
    ///
    /// - Throws: `AnalysisError` unless 1 <= k <= n.
    public static func estimate(_ votes: [Vote], k: Int, seed: UInt64, problem: Int, draws: Int = 256) throws -> Double
    {
        guard (1...max(1, votes.count)).contains(k), !votes.isEmpty else {
            throw AnalysisError(
                .outOfRange,
                "maj@\(k) cannot be estimated from \(votes.count) samples; choose k from 1 to \(votes.count)",
                place: "maj@\(k)")
        }
        if k == votes.count { return winner(votes)?.isCorrect == true ? 1 : 0 }
        var random = RandomSource(seed: seed, purpose: .bootstrap, step: k, prompt: problem)
        var order = Array(votes.indices)
        var right = 0
        for _ in 0..<draws {
            // the first k places of a Fisher-Yates shuffle, then in the samples' own order
            for place in 0..<k { order.swapAt(place, place + random.integer(below: order.count - place)) }
            let chosen = order.prefix(k).sorted().map { votes[$0] }
            if winner(chosen)?.isCorrect == true { right += 1 }
        }
        return Double(right) / Double(draws)
    }

    /// maj@k over problems, each with the same weight, with a seeded bootstrap interval over problems.
    public static func estimate(_ problems: [[Vote]], k: Int, seed: UInt64) throws -> Estimate {
        let values = try problems.enumerated().map { try estimate($1, k: k, seed: seed, problem: $0) }
        return try Bootstrap.mean(of: values, name: "maj@\(k)", seed: seed)
    }
}
