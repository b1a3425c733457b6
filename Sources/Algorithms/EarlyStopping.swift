// Early stopping in campaigns, with roll-back to the peak: settings, and the decisions as a pure function of test values.

public import ConfigCoding

/// Held-out pass@1 is tested as training goes on; a campaign ends `patience` steps after its best test, and training goes
/// back to the weights of that test, from which the next campaign starts (2606.21090, early stopping; secondary).
///
/// A reconstruction: the source gives max_steps = peak_step + 3 and campaigns of 20 steps. Here a campaign ends at
/// peak + `patience` or after `campaignSteps`, whichever comes first, the next one starts from the peak with its test
/// value, and the optimiser's moments go back with the weights. The memory, gate and beliefs of the same paper (CARE) are
/// not here: their constants are not published. Void where the test's noise is larger than what a step changes: with 30
/// problems of one sample the standard error is about 9 points, and patience ends campaigns by luck.
public struct EarlyStopping: Sendable, Equatable {
    /// Steps without a better test after which a campaign ends.
    public var patience: Int
    /// Most steps of a campaign.
    public var campaignSteps: Int
    /// Campaigns after which the run ends.
    public var campaigns: Int
    /// Steps between tests.
    public var every: Int
    /// Test problems, and completions of each.
    public var problems: Int
    public var samples: Int
    /// A fall below the peak by more than this at the end of a campaign is a collapse.
    public static let collapse = 0.2

    public init(
        patience: Int = 3, campaignSteps: Int = 20, campaigns: Int = 1, every: Int = 1, problems: Int = 64,
        samples: Int = 4
    ) {
        self.patience = patience
        self.campaignSteps = campaignSteps
        self.campaigns = campaigns
        self.every = every
        self.problems = problems
        self.samples = samples
    }

    /// Reads `patience` (3), `campaign_steps` (20), `campaigns` (1), `every` (1), `problems` (64) and `samples` (4).
    /// - Throws: `ConfigError`.
    public init(from section: ConfigSection) throws {
        let all = 1...1_000_000
        self.init(
            patience: try section.value("patience", default: 3, in: all),
            campaignSteps: try section.value("campaign_steps", default: 20, in: all),
            campaigns: try section.value("campaigns", default: 1, in: all),
            every: try section.value("every", default: 1, in: all),
            problems: try section.value("problems", default: 64, in: all),
            samples: try section.value("samples", default: 4, in: 1...10_000))
    }

    /// All that must survive a restart; steps are the run's.
    public struct State: Codable, Sendable, Equatable {
        /// Campaigns that have ended.
        public var ended = 0
        /// Those of them that ended in a collapse.
        public var collapsed = 0
        /// Step at which the campaign began.
        public var begin = 0
        /// Best test of the campaign and its step; nil before the first test.
        public var peak: Double?
        public var peakStep = 0
        /// Step whose weights are kept as the peak's: that of an earlier campaign until this one betters it.
        public var snapshot: Int?
        /// The latest test.
        public var last: Double?
        /// Tokens sampled and seconds spent by tests since the last step that reported them.
        public var tokens = 0
        public var seconds = 0.0

        public init() {}
    }

    /// What follows from a test.
    public enum Decision: Sendable, Equatable {
        /// These weights are the best of the campaign: keep them.
        case keep
        case goOn
        /// The campaign is over: take back the weights of `State.snapshot`.
        case rollBack
    }

    public func isOver(_ state: State) -> Bool { state.ended >= campaigns }

    /// Whether the weights after `step` are tested.
    public func tests(_ step: Int, _ state: State) -> Bool {
        state.peak == nil || (step - state.begin).isMultiple(of: every) || step - state.begin >= campaignSteps
    }

    /// Takes the test of the weights after `step`.
    ///
    /// - Parameter isLast: whether the run ends here, so that the campaign does.
    public func take(_ value: Double, at step: Int, isLast: Bool = false, _ state: inout State) -> Decision {
        state.last = value
        let isPeak = state.peak.map { value > $0 } ?? true
        if isPeak {
            state.peak = value
            state.peakStep = step
            state.snapshot = step
        }
        let isAtEnd = step - state.begin >= campaignSteps || isLast
        guard isAtEnd || step - state.peakStep >= patience else { return isPeak ? .keep : .goOn }
        state.ended += 1
        if let peak = state.peak, peak - value > Self.collapse { state.collapsed += 1 }
        state.begin = step
        // the next campaign starts from the peak's weights, whose test is known
        state.peakStep = step
        return isPeak ? .keep : .rollBack
    }

    /// What a step's metrics say of the tests before it: `pass_at_1`, `peak`, `campaign` (from 1), `collapsed` (campaigns).
    public func metrics(_ state: State) -> [Metric] {
        [
            Metric("pass_at_1", state.last ?? .nan), Metric("peak", state.peak ?? .nan),
            Metric("campaign", Double(state.ended + 1)), Metric("collapsed", Double(state.collapsed)),
        ]
    }
}
