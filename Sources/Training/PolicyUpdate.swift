// One optimiser update: statistics of the whole mini-batch, the algorithm's verdict on every token, gradients, step, measurement.

public import Algorithms
public import Models
public import Rollouts
public import Torch

/// What is asked of one update and what it reports; tokens are in sequence order throughout.
public struct UpdateReport: Sendable {
    /// Statistics before the step, at the policy the gradient was taken at.
    public var before: TokenStatistics
    /// Whether a token's statistics are the sampler's, its sequence having been left out of the forward pass.
    public var isRecorded: [Bool]
    /// H of the same tokens' distributions after the step.
    public var entropyAfter: [Float]?
    /// ∇θH̄·Δθ, with H̄ the mean entropy over the mini-batch's trainable tokens and Δθ the optimiser's real step.
    public var parameterPrediction: Double?
    /// What became of the steering that was asked for.
    public var steering: SteeringReport?
    /// Global L2 norm of the gradient before clipping; not finite when the update was refused.
    public var gradientNorm: Double
    /// Why the update was refused.
    public var defect: NumericalDefect?
    public var secondsUpdating: Double
    public var secondsMeasuring: Double
}

/// Per-token derivatives of the loss, in sequence order (design: every loss is these two numbers per token).
public struct TokenDerivatives: Sendable {
    public var g1: [Float]
    public var g2: [Float]
    /// What the step is asked to do to entropy; only where the update measures.
    public var steering: Steering?
    /// For a steering that scales flows: g1 where it raises its token's entropy, −g1 where it lowers it.
    public var flow: [Float]?

    public init(g1: [Float], g2: [Float], steering: Steering? = nil, flow: [Float]? = nil) {
        self.g1 = g1
        self.g2 = g2
        self.steering = steering
        self.flow = flow
    }
}

/// Computes statistics and updates of a model, in micro-batches that do not change the result.
public struct PolicyUpdater {
    public let model: any LanguageModel
    public var temperature: Double
    /// Tokens of a forward pass, of which every thread may compute one; a prompt counts once for all its completions.
    public var microBatchTokens: Int
    /// Up to this many tokens the graphs of all micro-batches are kept between statistics and backward; above, the forward
    /// pass is made twice. The numbers are the same.
    public var keptGraphTokens: Int
    public static let defaultKeptGraphTokens = 65_536
    /// How many may compute micro-batches of their own.
    var threads = Runtime.kernelThreads

    public init(
        model: any LanguageModel, temperature: Double, microBatchTokens: Int,
        keptGraphTokens: Int = Self.defaultKeptGraphTokens
    ) {
        self.model = model
        self.temperature = temperature
        self.microBatchTokens = microBatchTokens
        self.keptGraphTokens = keptGraphTokens
    }

    /// Statistics of every trainable token under the current policy.
    public func statistics(of sequences: [TrainingSequence]) throws -> TokenStatistics {
        try withTorchErrors {
            try withoutGradient {
                let shares = shares(sequences, Array(sequences.indices))
                try onThreads(shares) { $0.forward() }
                return TokenLayout(sequences).gather(shares.flatMap(\.passes))
            }
        }
    }

    /// One update of `optimiser` on a mini-batch.
    ///
    /// - Parameters:
    ///   - carriesGradient: false for a sequence whose derivatives are likely all 0 (a group without advantage). Such sequences
    ///     share micro-batches of their own, and the backward pass of one whose derivatives are indeed all 0 is left out.
    ///   - recorded: the sampler's statistics of all tokens under the same weights. Where they are given and nothing is
    ///     measured, a sequence that carries no gradient is not computed again: these are its statistics. If the
    ///     derivatives call for its gradient after all, it is.
    ///   - kept: the passes that sampling made under the same weights; where the graphs of all passes are kept, these are read in
    ///     place of making them, and given up.
    ///   - derivatives: called once with the statistics of the whole mini-batch: rules and quantiles see all of it.
    ///   - watch: sees the hidden states [n, D] of every forward pass before the step, and whose tokens they are; for
    ///     monitors, which change nothing.
    ///   - measures: also takes ∇θH̄, projects the real step on it, and measures the entropy afterwards on the same tokens.
    public func update(
        _ sequences: [TrainingSequence], carriesGradient: [Bool]? = nil, recorded: TokenStatistics? = nil,
        kept: KeptPasses? = nil, optimiser: inout AdamW, learningRate: Double,
        measures: Bool, watch: ((_ hidden: Tensor, _ sequences: [Int]) -> Void)? = nil,
        derivatives: (TokenStatistics) throws -> TokenDerivatives
    ) throws -> UpdateReport {
        try withTorchErrors {
            let clock = ContinuousClock()
            let start = clock.now
            let layout = TokenLayout(sequences)
            let isLeftOut = sequences.indices.map { recorded != nil && !measures && carriesGradient?[$0] == false }
            let shares = shares(sequences, sequences.indices.filter { !isLeftOut[$0] }, apart: carriesGradient)
            let keepsGraphs = shares.reduce(0) { $0 + $1.rows } <= keptGraphTokens
            if keepsGraphs {
                try onThreads(shares) { $0.forward(kept) }
                kept?.clear()
                // the step makes them stale, and gradients need the room
                if !model.recomputesLayers { model.releaseForwardCopies() }
            } else {
                try withoutGradient { try onThreads(shares) { $0.forward() } }
            }
            let before = layout.gather(shares.flatMap(\.passes), over: recorded)
            if let watch {
                for pass in shares.flatMap(\.passes) { watch(pass.pass.hidden, pass.sequences) }
            }
            let coefficients = try derivatives(before)
            if !keepsGraphs { for share in shares { share.forgetPasses() } }
            let late = sequences.indices.filter { isLeftOut[$0] && !layout.isSilent(coefficients, [$0]) }
            for (share, added) in zip(shares, BatchPacking.shares(sequences, late, parts: shares.count)) {
                share.add(packed(sequences, added))
            }
            let work = UpdateShare.Backward(layout: layout, derivatives: coefficients, measures: measures)
            try onThreads(shares) { $0.backward(work) }
            let (step, steered, defect) = stepped(shares, work, sequences, &optimiser, learningRate)
            model.parametersChanged()
            let measuring = shares.reduce(Duration.zero) { $0 + $1.measuring } / shares.count
            let updated = clock.now
            let after = measures ? try statistics(of: sequences).entropy : nil
            return UpdateReport(
                before: before, isRecorded: layout.perToken(isLeftOut), entropyAfter: after,
                parameterPrediction: step.projection,
                steering: steered, gradientNorm: step.gradientNorm, defect: defect,
                secondsUpdating: (updated - start - measuring).seconds,
                secondsMeasuring: (measuring + (clock.now - updated)).seconds)
        }
    }

    /// The step on the sums of all shares, which are then given up: a measurement that follows has their room.
    private func stepped(
        _ shares: [UpdateShare], _ work: UpdateShare.Backward, _ sequences: [TrainingSequence],
        _ optimiser: inout AdamW, _ learningRate: Double
    ) -> (AdamW.StepResult, SteeringReport?, NumericalDefect?) {
        func sum(_ part: (UpdateShare) -> ParameterGradients) -> [Tensor] {
            ParameterGradients(model, of: shares.map(part)).tensors
        }
        let loss = sum(\.loss)
        let (step, steered) = optimiser.steeredStep(
            loss: loss, direction: work.measures ? sum(\.entropy) : nil, flows: work.flow.map { _ in sum(\.flows) },
            steering: work.derivatives.steering, learningRate: learningRate)
        let defect =
            step.gradientNorm.isFinite
            ? nil : defect(work.derivatives, sequences, gradients: loss, norm: step.gradientNorm)
        for share in shares { share.forgetGradients() }
        return (step, steered, defect)
    }

    /// Where the first number of a refused update lies that is none.
    private func defect(
        _ derivatives: TokenDerivatives, _ sequences: [TrainingSequence], gradients: [Tensor], norm: Double
    ) -> NumericalDefect {
        if let found = NumericalDefect.first(in: derivatives, of: sequences) { return found }
        for (parameter, gradient) in zip(model.parameters, gradients) {
            let square = squaredNorm([gradient])
            if !square.isFinite {
                return NumericalDefect(
                    quantity: "the gradient's squared norm", value: square, place: .tensor(parameter.name))
            }
        }
        return NumericalDefect(quantity: "the gradient's norm", value: norm, place: .total)
    }

    /// What each thread computes of some of the sequences; with `apart`, no micro-batch mixes true and false.
    private func shares(
        _ sequences: [TrainingSequence], _ indices: [Int], apart: [Bool]? = nil
    ) -> [UpdateShare] {
        let parts = ThreadShares.updating(model.config, sequences: indices.count, threads: threads)
        if parts > 1 {
            // threads only read what this makes, also for sequences that a share is given late
            let lengths = sequences.map { $0.prompt.count + $0.tokens.count }
            model.prepare(positions: lengths.max() ?? 0)
        }
        let sides = apart.map { apart in [true, false].map { side in indices.filter { apart[$0] == side } } }
        let each = (sides ?? [indices]).map { BatchPacking.shares(sequences, $0, parts: parts) }
        return (0..<parts).map { part in
            UpdateShare(model, sequences, each.flatMap { packed(sequences, $0[part]) }, temperature: temperature)
        }
    }

    private func packed(_ sequences: [TrainingSequence], _ indices: [Int]) -> [[BatchPacking.Group]] {
        BatchPacking.microBatches(sequences, indices, budget: microBatchTokens)
    }

    /// Each share on a thread of its own; a single one on all threads, which then meet at every operator.
    private func onThreads(_ shares: [UpdateShare], _ body: (UpdateShare) -> Void) throws {
        if shares.count == 1 {
            body(shares[0])
        } else {
            _ = try inParts(shares.count) { body(shares[$0]) }
        }
    }
}

extension Duration {
    var seconds: Double { Double(components.seconds) + Double(components.attoseconds) * 1e-18 }
}
