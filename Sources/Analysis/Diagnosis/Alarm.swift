// Alarms: numbers of one update that a run rarely survives, found in its metrics line.

public import Runs

/// Bounds beyond which an update raises an alarm; an infinite one (0 for the floor) never does.
public struct AlarmLimits: Sendable, Equatable {
    /// Mean entropy in nats below which the policy has collapsed.
    public var entropyFloor: Double
    /// Mean entropy in nats above which the policy has dissolved.
    public var entropyCeiling: Double
    /// Change of the mean entropy by one update, in nats, either way.
    public var entropyJump: Double
    /// Mean |log p of the sampler − log p of the trainer| of the same weights and tokens, in nats.
    public var mismatch: Double
    /// Greatest ratio π/π_proximal of a token.
    public var ratio: Double
    /// Mean KL from the proximal policy by the k3 estimator, in nats.
    public var proximalKL: Double

    public init(
        entropyFloor: Double = 0.01, entropyCeiling: Double = .infinity, entropyJump: Double = 0.5,
        mismatch: Double = 0.02, ratio: Double = 50, proximalKL: Double = 0.5
    ) {
        self.entropyFloor = entropyFloor
        self.entropyCeiling = entropyCeiling
        self.entropyJump = entropyJump
        self.mismatch = mismatch
        self.ratio = ratio
        self.proximalKL = proximalKL
    }
}

/// What an update can alarm about; each is the metric `alarm/NAME`, 1 where it is raised (docs/metrics.md).
public enum Alarm: String, Sendable, CaseIterable {
    case entropyCollapse = "entropy_collapse"
    case entropyExplosion = "entropy_explosion"
    case entropyJump = "entropy_jump"
    case samplerMismatch = "sampler_mismatch"
    case largeRatio = "large_ratio"
    case proximalKL = "proximal_kl"

    /// Whether these are alarms about entropy, which tokens can be named for.
    public var concernsEntropy: Bool {
        switch self {
        case .entropyCollapse, .entropyExplosion, .entropyJump: true
        case .samplerMismatch, .largeRatio, .proximalKL: false
        }
    }

    /// The alarms of an update, in the order of the cases; a metric that is absent or no number raises none.
    public static func raised(by record: MetricsRecord, limits: AlarmLimits) -> [Alarm] {
        allCases.filter { alarm in
            guard let value = alarm.value(in: record) else { return false }
            switch alarm {
            case .entropyCollapse: return value < limits.entropyFloor
            case .entropyExplosion: return value > limits.entropyCeiling
            case .entropyJump: return abs(value) > limits.entropyJump
            // later updates of a step include the policy's own motion
            case .samplerMismatch: return value > limits.mismatch && record.isFirstOfStep
            case .largeRatio: return value > limits.ratio
            case .proximalKL: return value > limits.proximalKL
            }
        }
    }

    /// What is wrong and what would help.
    public func sentence(in record: MetricsRecord) -> String {
        let number = value(in: record).map { Sentence.number($0) } ?? "?"
        let update = "update \(record.step)"
        switch self {
        case .entropyCollapse:
            return
                "\(update): the policy has collapsed to \(number) nats a token; lower the learning rate, hold entropy "
                + "with a thermostat or Clip_V, or go back to an earlier checkpoint"
        case .entropyExplosion:
            return
                "\(update): the policy has dissolved to \(number) nats a token; lower the entropy coefficient or the "
                + "learning rate, or go back to an earlier checkpoint"
        case .entropyJump:
            return "\(update): entropy moved by \(number) nats a token in one update; lower the learning rate or "
                + "optimiser.max_gradient_norm"
        case .samplerMismatch:
            return
                "\(update): sampler and trainer disagree by \(number) nats a token on the same weights; report it, and "
                + "meanwhile set precision: float32 or algorithm.sampler_correction"
        case .largeRatio:
            return "\(update): a token's ratio to the policy before the step reached \(number); make fewer updates per "
                + "step or lower the learning rate"
        case .proximalKL:
            return "\(update): the policy is \(number) nats a token from the one that sampled; make fewer updates per "
                + "step or lower the learning rate"
        }
    }

    private func value(in record: MetricsRecord) -> Double? {
        switch self {
        case .entropyCollapse, .entropyExplosion: record["entropy/before"]?.number
        case .entropyJump: record["entropy/measured_change"]?.number
        case .samplerMismatch: record["mismatch/logprob_mean"]?.number
        case .largeRatio: record["algorithm/ratio_max"]?.number
        case .proximalKL: record["algorithm/proximal_kl_k3"]?.number
        }
    }
}

extension MetricsRecord {
    /// Whether the policy is still the one that sampled: no ratio has left 1.
    var isFirstOfStep: Bool { abs((self["algorithm/ratio_max"]?.number ?? 1) - 1) < 1e-3 }
}
