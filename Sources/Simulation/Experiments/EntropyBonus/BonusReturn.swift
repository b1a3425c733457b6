// How long a collapsed policy takes to come back under an entropy bonus.

/// A return from a collapse of a given depth.
struct BonusReturn: Sendable {
    var setting: BonusSetting
    var coefficient: Double
    var optimiser: OptimiserKind
    /// H to which the policy is trained without bonus first, nats.
    var depth: Double
    /// Steps to 1 nat, per seed; NaN where `patience` was not enough.
    var steps: [Double] = []

    static let patience = 600

    var name: String {
        "\(setting.name), coefficient \(digits(coefficient, 2)), \(optimiser == .sgd ? "gradient descent" : "Adam"), "
            + "from \(digits(depth, 3)) nats"
    }

    func run(seed: UInt64) throws -> Double {
        let start = try setting.collapse(setting.task(seed: seed), below: depth, seed: seed)
        let entropy = try setting.train(
            start, coefficient: coefficient, optimiser: optimiser, steps: Self.patience, seed: seed << 16
        ) { $0 >= 1 }.entropy
        return (entropy.last ?? 0) >= 1 ? Double(entropy.count - 1) : .nan
    }

    /// The returns that are timed: where the derivation says slow, and on both sides of a threshold.
    static let all: [BonusReturn] =
        [OptimiserKind.sgd, .adam()].flatMap { optimiser in
            [0.02, 0.005].map {
                BonusReturn(
                    setting: BonusSetting(name: "A = R − mean, exact", completions: nil, normalisesStd: false),
                    coefficient: 0.65, optimiser: optimiser, depth: $0)
            }
        }
        + [0.8, 1.25].map {
            BonusReturn(setting: EntropyBonusHysteresis.main, coefficient: $0, optimiser: .adam(), depth: 0.02)
        }
}
