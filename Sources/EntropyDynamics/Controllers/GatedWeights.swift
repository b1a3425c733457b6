// More weight on rare tokens while entropy is below its target: STARE's gate.

/// While H̄ < H*, the loss of the top-P surprisal tokens among A > 0 is multiplied by W, and of those among A < 0 by M.
///
/// Source: STARE, 2606.19236 (primary: its code, hp-luo/STARE). Rare tokens with A > 0 raise entropy and rare tokens
/// with A < 0 lower it, so both weights raise it; the gate is closed at H̄ = H* and every weight is then 1. It only
/// works upwards, and picks by surprisal rather than by S − E[S], which can disagree in sign. Void where no advantage
/// has the sign in question. The published code selects inside each micro-batch; here it is once over the whole
/// mini-batch.
public struct GatedWeights: Sendable, Equatable {
    public struct Settings: Sendable, Equatable {
        /// W on rare tokens with A > 0, at least 1. STARE: 1.1, 1.05 for 14B and up; 2 diverges (secondary).
        public var positiveWeight: Double
        /// M on rare tokens with A < 0, from 0 to 1; nil leaves them alone (STARE's O1; 0.9 in its C2).
        public var negativeWeight: Double?
        /// P; 0 picks none, otherwise max(1, ⌈P n⌉) of n tokens.
        public var fraction: Double
        public var adaptation: Adaptation?

        /// STARE's O1, with a target of 0.3 nats (primary).
        public init(
            positiveWeight: Double = 1.1, negativeWeight: Double? = nil, fraction: Double = 0.1,
            adaptation: Adaptation? = nil
        ) {
            self.positiveWeight = positiveWeight
            self.negativeWeight = negativeWeight
            self.fraction = fraction
            self.adaptation = adaptation
        }

        /// STARE's two-sided variant C2 (primary).
        public static let twoSided = Settings(negativeWeight: 0.9)
    }

    /// W ← clip(W + step · sgn(H* − H̄), 1, `largest`), M ← clip(M − step · sgn(H* − H̄), `smallest`, 1).
    public struct Adaptation: Sendable, Equatable {
        public var step: Double
        public var largest: Double
        public var smallest: Double

        /// STARE's trainer (primary).
        public init(step: Double = 0.01, largest: Double = 1.5, smallest: Double = 0.5) {
            self.step = step
            self.largest = largest
            self.smallest = smallest
        }
    }

    /// All that must survive a restart.
    public struct State: Sendable, Equatable, Codable {
        /// Open before the first measurement, as in the published code.
        public var isOpen: Bool
        public var positiveWeight: Double
        public var negativeWeight: Double?
    }

    public let settings: Settings
    public private(set) var state: State

    /// - Throws: `EntropyDynamicsError` if W is below 1, M or P outside [0, 1], a step is not positive, or a weight
    ///   lies outside the range it adapts in.
    public init(_ settings: Settings = Settings(), resuming state: State? = nil) throws {
        let name = "a gate of token weights"
        try requireSetting(settings.fraction, in: 0...1, name, place: "fraction")
        if let adaptation = settings.adaptation {
            try requirePositive(adaptation.step, name, place: "adaptation.step")
            try requireSetting(adaptation.largest, in: 1...Double.infinity, name, place: "adaptation.largest")
            try requireSetting(adaptation.smallest, in: 0...1, name, place: "adaptation.smallest")
        }
        let upper = settings.adaptation?.largest ?? Double.infinity
        let lower = settings.adaptation?.smallest ?? 0
        let state =
            state
            ?? State(
                isOpen: true, positiveWeight: settings.positiveWeight, negativeWeight: settings.negativeWeight)
        for (weights, place) in [
            ((settings.positiveWeight, settings.negativeWeight), ""),
            ((state.positiveWeight, state.negativeWeight), "state."),
        ] {
            try requireSetting(weights.0, in: 1...upper, name, place: place + "positiveWeight")
            if let negative = weights.1 {
                try requireSetting(negative, in: lower...1, name, place: place + "negativeWeight")
            }
        }
        self.settings = settings
        self.state = state
    }

    /// Takes in H̄ of the batch about to be trained on, before its weights are asked for.
    ///
    /// - Parameters: both in nats.
    /// - Throws: `EntropyDynamicsError` on a number that is not finite; nothing has moved then.
    public mutating func update(entropy: Double, target: Double) throws {
        try requireMeasurement(entropy, "a gate of token weights", place: "entropy")
        try requireMeasurement(target, "a gate of token weights", place: "target")
        state.isOpen = entropy < target
        guard let adaptation = settings.adaptation, entropy != target else { return }
        let step = state.isOpen ? adaptation.step : -adaptation.step
        state.positiveWeight = (state.positiveWeight + step).clamped(to: 1...adaptation.largest)
        state.negativeWeight = state.negativeWeight.map { ($0 - step).clamped(to: adaptation.smallest...1) }
    }

    /// The weight of every token of the mini-batch, shape [N]; all 1 while the gate is closed.
    ///
    /// Of tokens equally rare, those earlier in the batch are taken.
    /// - Parameters: log p of the sampled tokens (nats; −∞ allowed) and their advantages, shape [N] each.
    /// - Throws: `EntropyDynamicsError` if the lengths differ or an entry is NaN.
    public func weights(logprobs: [Double], advantages: [Double]) throws -> [Double] {
        guard logprobs.count == advantages.count else {
            throw EntropyDynamicsError(
                .unequalLengths,
                "token weights need one advantage per token: \(advantages.count) for \(logprobs.count)",
                place: "advantages")
        }
        for index in logprobs.indices where logprobs[index].isNaN || advantages[index].isNaN {
            throw EntropyDynamicsError(
                .notANumber,
                "token weights need numbers to rank by, got log p \(logprobs[index]) "
                    + "with advantage \(advantages[index])", place: "logprobs[\(index)]")
        }
        var weights = [Double](repeating: 1, count: logprobs.count)
        guard state.isOpen else { return weights }
        for token in rarest(logprobs.indices.filter { advantages[$0] > 0 }, logprobs) {
            weights[token] = state.positiveWeight
        }
        if let negative = state.negativeWeight {
            for token in rarest(logprobs.indices.filter { advantages[$0] < 0 }, logprobs) { weights[token] = negative }
        }
        return weights
    }

    private func rarest(_ candidates: [Int], _ logprobs: [Double]) -> ArraySlice<Int> {
        guard settings.fraction > 0, !candidates.isEmpty else { return [] }
        // 0.1 · 30 is 3.0000000000000004 in binary and would be rounded up to 4; STARE's code forgives 1e-6 too.
        let exact = settings.fraction * Double(candidates.count) - 1e-6
        let count = min(candidates.count, max(1, Int(exact.rounded(.up))))
        let ranked = candidates.sorted { (logprobs[$0], $0) < (logprobs[$1], $1) }
        return ranked.prefix(count)
    }
}
