// What Clip_B and Clip_V share: dropping the tokens whose signal lies outside an interval in units of its deviation.

/// Which advantages an interval is applied to.
public enum TestedAdvantages: String, Sendable, CaseIterable {
    case neg
    case pos
    case all
    /// A > 0 on the upper side, A < 0 on the lower side: exactly the outliers whose update lowers entropy.
    case signAware = "sign_aware"
}

/// What happens to tokens with advantage 0, whose policy gradient is 0 anyway.
public enum ZeroAdvantage: String, Sendable, CaseIterable {
    case keep
    /// Tested on both sides.
    case test
}

/// Drops tokens with x < −μ⁻ σ or x > μ⁺ σ, x a per-token signal and σ its population deviation over the mini-batch.
public struct IntervalRule: TokenRule {
    public struct Settings: Sendable, Equatable {
        /// μ⁻ and μ⁺ in units of σ; ∞ disables a side.
        public var muNeg = 3.0
        public var muPos = 3.0
        public var advantages = TestedAdvantages.signAware
        /// Whether x is the signal minus its mini-batch mean.
        public var centre = false
        public var zeroAdvantage = ZeroAdvantage.keep
        /// Cap on the dropped fraction; 1 is no cap. Beyond it only the K = max(⌊max_frac N⌋, 1) largest |x| with
        /// A ≠ 0 are dropped and the others of A ≠ 0 restored; tokens with A = 0 neither count towards K nor return.
        public var maxFrac = 1.0

        public init() {}
    }

    public var name: String
    public var reads: Signals
    public var settings: Settings
    /// The signal of every token before centring, [N].
    public var signal: @Sendable (TokenTable) -> [Double]
    /// Below this σ there are no outliers to speak of, and everything is kept.
    static let smallestDeviation = 1e-12

    public init(
        name: String, reads: Signals, settings: Settings, signal: @escaping @Sendable (TokenTable) -> [Double]
    ) {
        self.name = name
        self.reads = reads
        self.settings = settings
        self.signal = signal
    }

    public func weights(for tokens: TokenTable) -> [Float] {
        let signal = signal(tokens)
        let bounds = bounds(of: signal)
        var weight = [Float](repeating: 1, count: tokens.count)
        var dropped: [Int] = []
        for token in 0..<tokens.count {
            let side = sides(for: tokens.advantage[token])
            let isDropped = side.lower && signal[token] < bounds.lower || side.upper && signal[token] > bounds.upper
            guard isDropped else { continue }
            weight[token] = 0
            dropped.append(token)
        }
        for token in restored(dropped, signal, bounds.centre, tokens) { weight[token] = 1 }
        return weight
    }

    /// Dropped fractions, the moments of S and C = S − E_p[S] over the table, and the bounds in the signal's own units.
    public func metrics(for tokens: TokenTable, weights: [Float]) -> [Metric] {
        let s = Moments(tokens.discriminant.map { Double($0) })
        let c = Moments((0..<tokens.count).map { tokens.centredDiscriminant($0) })
        let bounds = bounds(of: signal(tokens))
        return droppedFractions(tokens, weights) + [
            Metric("discriminant_mean", s.mean), Metric("discriminant_std", s.deviation),
            Metric("centred_mean", c.mean), Metric("centred_std", c.deviation),
            Metric("lower_bound", bounds.lower), Metric("upper_bound", bounds.upper),
        ]
    }

    /// The interval in the signal's units. A disabled side, or a σ of nothing, is ∞.
    func bounds(of signal: [Double]) -> (lower: Double, upper: Double, centre: Double) {
        let moments = Moments(signal)
        let centre = settings.centre ? moments.mean : 0
        guard moments.deviation >= Self.smallestDeviation else { return (-.infinity, .infinity, centre) }
        return (
            centre - settings.muNeg * moments.deviation, centre + settings.muPos * moments.deviation, centre
        )
    }

    private func sides(for advantage: Float) -> (lower: Bool, upper: Bool) {
        if advantage == 0 {
            let isTested = settings.zeroAdvantage == .test
            return (isTested, isTested)
        }
        switch settings.advantages {
        case .neg: return (advantage < 0, advantage < 0)
        case .pos: return (advantage > 0, advantage > 0)
        case .all: return (true, true)
        case .signAware: return (advantage < 0, advantage > 0)
        }
    }

    /// The dropped tokens that the cap gives back.
    private func restored(_ dropped: [Int], _ signal: [Double], _ centre: Double, _ tokens: TokenTable) -> [Int] {
        guard Double(dropped.count) / Double(max(tokens.count, 1)) > settings.maxFrac else { return [] }
        let limit = max(Int(settings.maxFrac * Double(tokens.count)), 1)
        let candidates = dropped.filter { tokens.advantage[$0] != 0 }
        guard candidates.count > limit else { return [] }
        // Ties go by completion, then by position in it, so that the order of completions in the table does not matter.
        let ranked = candidates.sorted { a, b in
            let (x, y) = (abs(signal[a] - centre), abs(signal[b] - centre))
            return x != y ? x > y : (tokens.sequence[a], a) < (tokens.sequence[b], b)
        }
        return Array(ranked[limit...])
    }
}
