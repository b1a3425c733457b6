// One optimiser update: statistics of the whole mini-batch, the algorithm's verdict on every token, gradients, step, measurement.

public import Algorithms
public import Models
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
    /// Tokens of a forward pass; a prompt counts once for all its completions.
    public var microBatchTokens: Int
    /// Up to this many tokens the graphs of all micro-batches are kept between statistics and backward; above, the forward
    /// pass is made twice. The numbers are the same.
    public var keptGraphTokens: Int
    public static let defaultKeptGraphTokens = 65_536

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
            withoutGradient {
                let layout = TokenLayout(sequences)
                let forwards = packed(sequences, Array(sequences.indices)).map {
                    PolicyForward(model, sequences, $0, temperature: temperature)
                }
                return layout.gather(forwards)
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
    ///   - derivatives: called once with the statistics of the whole mini-batch: rules and quantiles see all of it.
    ///   - watch: sees the hidden states [n, D] of every forward pass before the step, and whose tokens they are; for
    ///     monitors, which change nothing.
    ///   - measures: also takes ∇θH̄, projects the real step on it, and measures the entropy afterwards on the same tokens.
    public func update(
        _ sequences: [TrainingSequence], carriesGradient: [Bool]? = nil, recorded: TokenStatistics? = nil,
        optimiser: inout AdamW, learningRate: Double,
        measures: Bool, watch: ((_ hidden: Tensor, _ sequences: [Int]) -> Void)? = nil,
        derivatives: (TokenStatistics) throws -> TokenDerivatives
    ) throws -> UpdateReport {
        try withTorchErrors {
            let clock = ContinuousClock()
            let start = clock.now
            let layout = TokenLayout(sequences)
            let isLeftOut = sequences.indices.map { recorded != nil && !measures && carriesGradient?[$0] == false }
            var batches = packed(sequences, sequences.indices.filter { !isLeftOut[$0] }, apart: carriesGradient)
            let rows = batches.joined().reduce(0) { sum, group in
                group.reduce(sum + sequences[group[0]].prompt.count) { $0 + sequences[$1].completionRows }
            }
            let keepsGraphs = rows <= keptGraphTokens
            let forward = { PolicyForward(model, sequences, $0, temperature: temperature) }
            var forwards = keepsGraphs ? batches.map(forward) : withoutGradient { batches.map(forward) }
            let before = layout.gather(forwards, over: recorded)
            if let watch { for pass in forwards { watch(pass.pass.hidden, pass.sequences) } }
            let coefficients = try derivatives(before)
            let late = sequences.indices.filter { isLeftOut[$0] && !layout.isSilent(coefficients, [$0]) }
            batches += packed(sequences, late)

            var loss = GradientSum(model)
            var entropy = GradientSum(model)
            let flow = measures ? coefficients.flow : nil
            var flows = flow.map { _ in GradientSum(model) }
            var measuring = Duration.zero
            let share = [Float](repeating: 1 / Float(max(1, layout.count)), count: layout.count)
            let none = [Float](repeating: 0, count: layout.count)
            for index in batches.indices {
                let pass = keepsGraphs && index < forwards.count ? forwards[index] : forward(batches[index])
                if !layout.isSilent(coefficients, pass.sequences) {
                    let g1 = layout.slice(coefficients.g1, pass.sequences)
                    let g2 = layout.slice(coefficients.g2, pass.sequences)
                    loss.add(pass, g1: g1, g2: g2, temperature: temperature, retainGraph: measures)
                    if let flow {
                        flows?.add(
                            pass, g1: layout.slice(flow, pass.sequences), g2: layout.slice(none, pass.sequences),
                            temperature: temperature, retainGraph: true)
                    }
                }
                if measures {
                    let measureStart = clock.now
                    entropy.add(
                        pass, g1: layout.slice(none, pass.sequences), g2: layout.slice(share, pass.sequences),
                        temperature: temperature, retainGraph: false)
                    measuring += clock.now - measureStart
                }
            }
            forwards = []
            let (step, steered) = optimiser.steeredStep(
                loss: loss.sums, direction: measures ? entropy.sums : nil, flows: flows?.sums,
                steering: coefficients.steering, learningRate: learningRate)
            model.parametersChanged()
            let updated = clock.now
            let after = measures ? try statistics(of: sequences).entropy : nil
            return UpdateReport(
                before: before, isRecorded: layout.perToken(isLeftOut), entropyAfter: after,
                parameterPrediction: step.projection,
                steering: steered, gradientNorm: step.gradientNorm,
                defect: step.gradientNorm.isFinite
                    ? nil : defect(coefficients, sequences, gradients: loss.sums, norm: step.gradientNorm),
                secondsUpdating: (updated - start - measuring).seconds,
                secondsMeasuring: (measuring + (clock.now - updated)).seconds)
        }
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

    /// Micro-batches of groups of some of the sequences; with `apart`, none mixes true and false.
    private func packed(
        _ sequences: [TrainingSequence], _ indices: [Int], apart: [Bool]? = nil
    ) -> [[BatchPacking.Group]] {
        let sides = apart.map { apart in [true, false].map { side in indices.filter { apart[$0] == side } } }
        return (sides ?? [indices]).flatMap {
            BatchPacking.microBatches(sequences, $0, budget: microBatchTokens)
        }
    }
}

extension Duration {
    var seconds: Double { Double(components.seconds) + Double(components.attoseconds) * 1e-18 }
}

/// Where each sequence's tokens lie in vectors over the whole mini-batch.
struct TokenLayout {
    let starts: [Int]
    let counts: [Int]
    let count: Int

    init(_ sequences: [TrainingSequence]) {
        counts = sequences.map(\.tokens.count)
        var total = 0
        starts = counts.map { length in
            defer { total += length }
            return total
        }
        count = total
    }

    /// The entries of some sequences, in that order.
    func slice(_ values: [Float], _ sequences: [Int]) -> [Float] {
        sequences.flatMap { values[starts[$0]..<(starts[$0] + counts[$0])] }
    }

    /// Whether no token of these sequences has a derivative.
    func isSilent(_ derivatives: TokenDerivatives, _ sequences: [Int]) -> Bool {
        sequences.allSatisfy { sequence in
            (starts[sequence]..<(starts[sequence] + counts[sequence])).allSatisfy {
                derivatives.g1[$0] == 0 && derivatives.g2[$0] == 0
            }
        }
    }

    /// One value per token from one per sequence.
    func perToken<Value>(_ values: [Value]) -> [Value] {
        zip(values, counts).flatMap { [Value](repeating: $0, count: $1) }
    }

    /// Statistics of all micro-batches in sequence order, in place of those in `base`.
    func gather(_ forwards: [PolicyForward], over base: TokenStatistics? = nil) -> TokenStatistics {
        var result = base ?? TokenStatistics(count: count)
        for forward in forwards {
            let part = TokenStatistics(forward.statistics)
            guard part.count == forward.sequences.reduce(0, { $0 + counts[$1] }) else { continue }
            var row = 0
            for sequence in forward.sequences {
                result.replace(starts[sequence]..<(starts[sequence] + counts[sequence]), with: part, from: row)
                row += counts[sequence]
            }
        }
        return result
    }
}

/// The sum over micro-batches of a gradient by every parameter, through the policy head's explicit backward.
struct GradientSum {
    private let model: any LanguageModel
    private var found: [Tensor]?

    init(_ model: any LanguageModel) { self.model = model }

    /// One gradient per parameter; zeros if nothing was added.
    var sums: [Tensor] { found ?? model.parameters.map { .zeros(like: $0.tensor) } }

    mutating func add(_ pass: PolicyForward, g1: [Float], g2: [Float], temperature: Double, retainGraph: Bool) {
        let parts = model.parameterGradients(
            leafGradients(pass, g1: g1, g2: g2, temperature: temperature, retainsGraph: retainGraph))
        guard let found else {
            found = parts
            return
        }
        for (sum, part) in zip(found, parts) { sum.accumulate(part) }
    }

    private func leafGradients(
        _ forward: PolicyForward, g1: [Float], g2: [Float], temperature: Double, retainsGraph: Bool
    ) -> [Tensor] {
        let (pass, weight) = (forward.pass, model.headWeight)
        guard let headLeaf = model.headLeaf else {
            let seed = PolicyHeadKernels.hiddenGradient(
                hidden: pass.hidden, weight: weight, ids: forward.ids, statistics: forward.statistics, g1: g1, g2: g2,
                temperature: temperature)
            return pass.gradients(seed: seed, retainsGraph: retainsGraph)
        }
        let head = PolicyHeadKernels.gradient(
            hidden: pass.hidden, weight: weight, ids: forward.ids, statistics: forward.statistics, g1: g1, g2: g2,
            temperature: temperature)
        let parts = pass.gradients(seed: head.hidden, retainsGraph: retainsGraph)
        parts[headLeaf].accumulate(head.weight)
        return parts
    }
}
