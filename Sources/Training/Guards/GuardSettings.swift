// `guards:` what a run does about numbers that are none, about alarms, and about standing still.

public import Analysis
import ConfigCoding

/// What the user wrote under `guards:`, with its defaults.
public struct GuardSettings: Sendable {
    public enum NonFinite: String, Sendable, CaseIterable {
        /// Leave weights and moments as they were and go on.
        case skip
        /// End the run; its last checkpoint stays.
        case stop
    }

    public var nonFinite: NonFinite
    /// Updates refused one after another that end a run which skips.
    public var mostRefused: Int
    public var limits: AlarmLimits
    /// `entropy_ceiling` as written: a share of log V, the entropy of the uniform distribution.
    public var entropyCeiling: Double
    /// Seconds without progress after which the watchdog speaks; 0 keeps it silent.
    public var watchdogSeconds: Double

    init(_ section: ConfigSection) throws {
        let usual = AlarmLimits()
        nonFinite = try section.choice("non_finite", default: .skip)
        mostRefused = try section.value("most_refused", default: 10, in: 1...1_000_000)
        entropyCeiling = try section.value("entropy_ceiling", default: 0.95, in: 0...1)
        limits = AlarmLimits(
            entropyFloor: try section.value("entropy_floor", default: usual.entropyFloor, in: 0...1_000),
            entropyJump: try section.value("entropy_jump", default: usual.entropyJump, in: 0 ... .infinity),
            mismatch: try section.value("mismatch", default: usual.mismatch, in: 0 ... .infinity),
            ratio: try section.value("ratio", default: usual.ratio, in: 1 ... .infinity),
            proximalKL: try section.value("proximal_kl", default: usual.proximalKL, in: 0 ... .infinity))
        watchdogSeconds = try section.value("watchdog_seconds", default: 600, in: 0...1e9)
    }
}
