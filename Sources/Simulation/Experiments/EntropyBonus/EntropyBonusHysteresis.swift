// Experiment: a fixed entropy bonus from a fresh and from a collapsed policy, and a bonus ramped up and down.

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// Knife edge and hysteresis of the entropy bonus.
///
/// The bonus moves H by ηβ Σ S² per step (derived from 2602.03392, theorem 3.2), and Σ S² vanishes at the uniform and
/// at the collapsed end: the restoring force is gone where it is needed. That alone makes a return slow; whether it is
/// impossible depends on how fast the policy gradient vanishes beside it, which `BonusBalance` derives.
public enum EntropyBonusHysteresis: Experiment {
    public static let name = "entropy-bonus"
    public static let question =
        "Is a fixed entropy bonus a knife edge, and can a coefficient that holds a fresh policy revive a collapsed one?"
    public static let source =
        "an independent study of fixed and adaptive entropy bonuses, and 2505.22617 (secondary); balance derived"
    public static let setup =
        "4 contexts x 16 tokens, one rewarded token per context, gradient descent at 1 for 200 steps from a fresh "
        + "policy and from one trained without bonus to below 0.02 nats; GRPO with 64, 16 and infinitely many "
        + "completions, and 16 without division by the standard deviation; ramps over 20 coefficients from 0.25 to 2.5 "
        + "and back on 2 contexts, 10 and 60 steps each; returns from 0.02 and 0.005 nats timed for up to 600 steps, "
        + "by descent at 1 and by Adam at 0.05"

    static let main = BonusSetting(name: "GRPO, 64 completions", completions: 64, normalisesStd: true)
    static let exact = BonusSetting(name: "GRPO, exact", completions: nil, normalisesStd: true)
    static let centred = BonusSetting(name: "A = R − mean, 16", completions: 16, normalisesStd: false)
    static let settings = [
        main, BonusSetting(name: "GRPO, 16 completions", completions: 16, normalisesStd: true), exact, centred,
    ]
    static let coefficients = [0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.65, 0.8, 1, 1.25, 2, 4]
    static let ramped = (0..<20).map { 0.25 * exp(log(10) * Double($0) / 19) }
    static let rampSteps = [10, 60]
    static let steps = 200

    /// The runs of one setting, [coefficients][seeds].
    struct Runs: Sendable {
        var setting: BonusSetting
        var fresh: [SeedCurves]
        var collapsed: [SeedCurves]
    }

    /// Ramps of one setting at one speed: H per coefficient, one curve per seed.
    struct Ramp: Sendable {
        var setting: BonusSetting
        var steps: Int
        var up: SeedCurves
        var down: SeedCurves

        /// Mean over the ramp's coefficients of H on the way down minus H on the way up, per seed, nats.
        var gaps: [Double] { zip(up.seeds, down.seeds).map { up, down in mean(zip(up, down).map { $1 - $0 }) } }
    }

    public static func run(seeds: Int) throws -> ExperimentResult {
        let pairs = try inParallel(settings.count * seeds) { index in
            try fromBothStarts(settings[index / seeds], seed: UInt64(index % seeds + 1))
        }
        let runs = settings.indices.map { setting in
            let own = Array(pairs[setting * seeds..<(setting + 1) * seeds])
            return Runs(
                setting: settings[setting],
                fresh: coefficients.indices.map { index in SeedCurves(own.map { $0.fresh[index] }) },
                collapsed: coefficients.indices.map { index in SeedCurves(own.map { $0.collapsed[index] }) })
        }
        let plan = [main, centred].flatMap { setting in rampSteps.map { (setting: setting, steps: $0) } }
        let loops = try inParallel(plan.count * seeds) { index in
            let (setting, steps) = plan[index / seeds]
            return try setting.ramp(ramped, steps: steps, seed: UInt64(index % seeds + 1))
        }
        let ramps = plan.indices.map { index in
            let own = loops[index * seeds..<(index + 1) * seeds]
            return Ramp(
                setting: plan[index].setting, steps: plan[index].steps, up: SeedCurves(own.map(\.up)),
                down: SeedCurves(own.map(\.down)))
        }
        let times = try inParallel(BonusReturn.all.count * seeds) { index in
            try BonusReturn.all[index / seeds].run(seed: UInt64(index % seeds + 1))
        }
        var returns = BonusReturn.all
        for index in returns.indices { returns[index].steps = Array(times[index * seeds..<(index + 1) * seeds]) }
        return EntropyBonusResult(runs: runs, ramps: ramps, returns: returns).result
    }

    /// H over the steps for each coefficient, [coefficients][steps + 1]; the draws are the same from both starts.
    private static func fromBothStarts(
        _ setting: BonusSetting, seed: UInt64
    ) throws -> (fresh: [[Double]], collapsed: [[Double]]) {
        let fresh = try setting.task(seed: seed)
        let collapsed = try setting.collapse(fresh, seed: seed)
        func curves(_ start: TableTask) throws -> [[Double]] {
            try coefficients.map {
                try setting.train(start, coefficient: $0, steps: steps, seed: seed << 16).entropy
            }
        }
        return (try curves(fresh), try curves(collapsed))
    }
}
