// The tokens that the ratio clip removes: their probabilities, and which way their updates would have moved entropy.

import Algorithms
import EntropyDynamics
import Trajectories

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// What the clip did to the tokens of one or several runs.
struct ClippedTokens: Sendable {
    /// One token without gradient.
    struct Token: Sendable {
        /// p_k under the proximal policy.
        var probability: Double
        /// S_k − E_p[S] under the policy being updated, nats.
        var centred: Double
        /// A > 0 and r > 1 + clip_high; otherwise A < 0 and r < 1 − clip_low.
        var isHigh: Bool
    }

    private(set) var clipped: [Token] = []
    /// Tokens met, clipped or not, per bin of their proximal probability.
    private(set) var seen = [Int](repeating: 0, count: edges.count)
    private let surrogate = ClippedSurrogate()

    /// Upper ends of the probability bins.
    static let edges = [0.05, 0.1, 0.15, 0.2, 0.4, 0.6, 0.8, 1]
    static var bins: [String] {
        zip([0] + edges, edges).map { "\(digits($0, $0 == 0 ? 0 : 2))–\(digits($1, $1 == 1 ? 0 : 2))" }
    }
    static func bin(_ p: Double) -> Int { edges.firstIndex { p <= $0 } ?? edges.count - 1 }

    mutating func add(policyLogprob: Double, proximalLogprob: Double, advantage: Double, centred: Double) {
        let p = exp(proximalLogprob)
        seen[Self.bin(p)] += 1
        let side = surrogate.term(
            policyLogprob: policyLogprob, proximalLogprob: proximalLogprob, advantage: advantage
        ).clipSide
        if side != .none { clipped.append(Token(probability: p, centred: centred, isHigh: side == .high)) }
    }

    mutating func add(_ other: ClippedTokens) {
        clipped += other.clipped
        for bin in seen.indices { seen[bin] += other.seen[bin] }
    }

    /// Fraction of all tokens that were clipped.
    var share: Double { Double(clipped.count) / Double(max(1, seen.reduce(0, +))) }

    /// The probability that a fraction of the clipped tokens does not exceed; NaN without any.
    func quantile(_ fraction: Double) -> Double {
        let ordered = clipped.map(\.probability).sorted()
        guard let last = ordered.last else { return .nan }
        let place = Int((fraction * Double(ordered.count)).rounded(.up)) - 1
        return place < ordered.count ? ordered[max(0, place)] : last
    }

    /// Fraction of the tokens of one side with S − E[S] < 0; NaN without any.
    func negativeShare(high: Bool) -> Double {
        let side = clipped.filter { $0.isHigh == high }
        return side.isEmpty ? .nan : Double(side.count { $0.centred < 0 }) / Double(side.count)
    }

    /// Fraction of the tokens of one side in each bin; of all tokens where no side is given; 0 without any.
    func histogram(high: Bool?) -> [Double] {
        var counts = seen.map(Double.init)
        if let high {
            counts = counts.map { _ in 0 }
            for token in clipped where token.isHigh == high { counts[Self.bin(token.probability)] += 1 }
        }
        let total = counts.reduce(0, +)
        return counts.map { $0 / max(1, total) }
    }

    /// A run of GRPO with clip bounds 0.2/0.2.
    static func trained(_ task: TableTask, _ settings: SimulationSettings) throws -> ClippedTokens {
        var simulator = try Simulator(task, try catalogueAlgorithm("name: grpo"), settings)
        var found = ClippedTokens()
        for _ in 0..<settings.steps {
            try simulator.step { tokens, _ in
                for token in 0..<tokens.count {
                    found.add(
                        policyLogprob: Double(tokens.policyLogprob[token]),
                        proximalLogprob: Double(tokens.proximalLogprob[token]),
                        advantage: Double(tokens.advantage[token]), centred: tokens.centredDiscriminant(token))
                }
            }
        }
        return found
    }

    /// Tokens drawn from the first policy, with advantages of ±1, after every logit of their row has moved by an
    /// independent normal number of this deviation.
    ///
    /// A crude stand-in for shared weights, under which a step's row is moved by other tokens' updates: on a table only
    /// a second draw of the same token in the same row can carry its ratio far from 1.
    static func drifted(_ task: TableTask, _ deviation: Double, seed: UInt64) throws -> ClippedTokens {
        let policy = try TablePolicy(prompts: task.prompts, tree: task.tree, logits: task.logits)
        var found = ClippedTokens()
        for step in 0..<ClipTable.steps {
            for (index, row) in policy.rows.enumerated() {
                var random = RandomSource(seed: seed, purpose: .sampling, step: step, prompt: index)
                let moved = try Categorical(
                    logits: row.logProbabilities.map { $0 + deviation * random.normalPair().0 })
                for _ in 0..<16 {
                    var left = random.uniform()
                    let token = row.probabilities.firstIndex { p in
                        left -= p
                        return left < 0
                    }
                    guard let token else { continue }
                    found.add(
                        policyLogprob: moved.logProbabilities[token], proximalLogprob: row.logProbabilities[token],
                        advantage: random.uniform() < 0.5 ? 1 : -1, centred: moved.centredDiscriminant(of: token))
                }
            }
        }
        return found
    }
}
