// The two tables on which the ratio clip is studied: one near uniform, one with most mass on a few tokens.

/// A task of 32 contexts for the experiments on the ratio clip; each context rewards one token.
enum ClipTable: String, Sendable, CaseIterable {
    /// 16 tokens, logits of deviation 1: H ≈ 2.4 of 2.8 nats.
    case flat
    /// 32 tokens, logits of deviation 3: H ≈ 1.4 of 3.5 nats, and a few tokens have most of the mass.
    case peaked

    static let setup =
        "32 contexts on a flat table (16 tokens, logits of deviation 1) and on a peaked one (32 tokens, deviation 3), "
        + "one rewarded token per context, 16 completions per context and step dealt to 4 updates, 80 steps"

    static let steps = 80

    /// The sizes of every run on it; one update per step would leave every ratio at 1.
    static func settings(_ optimiser: OptimiserKind = .sgd, _ learningRate: Double, seed: UInt64) -> SimulationSettings
    {
        SimulationSettings().with {
            $0.steps = steps
            $0.updatesPerStep = 4
            $0.optimiser = optimiser
            $0.learningRate = learningRate
            $0.seed = seed
        }
    }

    func task(_ reward: TableReward, seed: UInt64) throws -> TableTask {
        try TableTask.random(
            prompts: 32, vocabulary: self == .flat ? 16 : 32, spread: self == .flat ? 1 : 3, reward: reward, seed: seed)
    }
}
