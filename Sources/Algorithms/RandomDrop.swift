// The random control: drops a share of the tokens blindly, as many as a method drops with a reason.

public import ConfigCoding

/// Drops round(share · N) tokens of the mini-batch, each equally likely, whatever they are (ours; a control).
///
/// A random mask is known to match some published methods (2511.05993, secondary), so a comparison without this arm
/// says little. The choice is a function of seed, update, completion and position.
public struct RandomDropRule: TokenRule, Equatable {
    public var share: Double
    public var seed: UInt64

    public init(share: Double, seed: UInt64 = 1) {
        self.share = share
        self.seed = seed
    }

    public var name: String { "random_drop" }
    public var reads: Signals { [] }

    public func weights(for tokens: TokenTable) -> [Float] {
        let dropped = Int((share * Double(tokens.count)).rounded())
        var weights = [Float](repeating: 1, count: tokens.count)
        for token in tokens.ranked(0..<tokens.count, by: tokens.draws(seed: seed)).prefix(dropped) {
            weights[token] = 0
        }
        return weights
    }
}

public enum RandomDrop {
    /// Reads `share` (0.02), `seed` (1), `denominator` (all) and GRPO's keys.
    /// - Throws: `ConfigError`.
    public static func algorithm(from section: ConfigSection) throws -> Algorithm {
        try GRPO.algorithm(
            from: section, named: "random_drop",
            rules: [
                RandomDropRule(
                    share: try section.value("share", default: 0.02, in: 0.0...1),
                    seed: try section.selectionSeed())
            ],
            denominator: try section.choice("denominator", default: .all))
    }
}

extension ConfigSection {
    /// `seed` of what an algorithm draws at random, 1 if absent.
    func selectionSeed() throws -> UInt64 { UInt64(try value("seed", default: 1, in: 0...Int.max)) }
}
