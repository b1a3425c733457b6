// One thread's share of an update: its micro-batches, their passes, and the sums of their gradients.

import Models
import Rollouts
import Torch

/// Used by one thread at a time; what all shares read of the model is made before.
final class UpdateShare {
    private let model: any LanguageModel
    private let sequences: [TrainingSequence]
    private let temperature: Double
    private var batches: [[BatchPacking.Group]]
    /// The forward passes made so far, of the first micro-batches.
    private(set) var passes: [PolicyForward] = []
    private(set) var loss: ParameterGradients
    private(set) var entropy: ParameterGradients
    private(set) var flows: ParameterGradients
    /// What the entropy's gradient took.
    private(set) var measuring = Duration.zero

    init(
        _ model: any LanguageModel, _ sequences: [TrainingSequence], _ batches: [[BatchPacking.Group]],
        temperature: Double
    ) {
        self.model = model
        self.sequences = sequences
        self.batches = batches
        self.temperature = temperature
        loss = ParameterGradients(model)
        entropy = ParameterGradients(model)
        flows = ParameterGradients(model)
    }

    /// Rows of all passes: a prompt counts once for its completions.
    var rows: Int {
        batches.joined().reduce(0) { sum, group in
            group.reduce(sum + sequences[group[0]].prompt.count) { $0 + sequences[$1].completionRows }
        }
    }

    func add(_ batches: [[BatchPacking.Group]]) { self.batches += batches }

    /// - Parameter kept: of what sampling made, what these batches need is taken.
    func forward(_ kept: KeptPasses? = nil) { passes = batches.map { pass($0, kept) } }

    func forgetPasses() { passes = [] }

    func forgetGradients() {
        loss = ParameterGradients(model)
        entropy = ParameterGradients(model)
        flows = ParameterGradients(model)
    }

    private func pass(_ groups: [BatchPacking.Group], _ kept: KeptPasses? = nil) -> PolicyForward {
        PolicyForward(model, sequences, groups, temperature: temperature, kept: kept)
    }

    /// Which gradients are wanted.
    struct Backward {
        let layout: TokenLayout
        let derivatives: TokenDerivatives
        let measures: Bool
        /// g1 of the flows; nil where no steering scales them.
        let flow: [Float]?
        private let share: [Float]
        private let none: [Float]

        /// - Parameter measures: also ∇θH̄, with H̄ the mean entropy over all tokens, and the flows'.
        init(layout: TokenLayout, derivatives: TokenDerivatives, measures: Bool) {
            self.layout = layout
            self.derivatives = derivatives
            self.measures = measures
            flow = measures ? derivatives.flow : nil
            share = [Float](repeating: 1 / Float(max(1, layout.count)), count: layout.count)
            none = [Float](repeating: 0, count: layout.count)
        }

        var entropy: (g1: [Float], g2: [Float]) { (none, share) }
        var flows: (g1: [Float], g2: [Float])? { flow.map { ($0, none) } }
    }

    /// Adds the gradients of every micro-batch; passes that were not kept are made again.
    func backward(_ work: Backward) {
        let clock = ContinuousClock()
        for index in batches.indices {
            let pass = index < passes.count ? passes[index] : pass(batches[index])
            func add(_ derivatives: (g1: [Float], g2: [Float]), to sum: inout ParameterGradients, retainsGraph: Bool) {
                sum.add(
                    pass, g1: work.layout.slice(derivatives.g1, pass.sequences),
                    g2: work.layout.slice(derivatives.g2, pass.sequences), temperature: temperature,
                    retainsGraph: retainsGraph)
            }
            if !work.layout.isSilent(work.derivatives, pass.sequences) {
                add((work.derivatives.g1, work.derivatives.g2), to: &loss, retainsGraph: work.measures)
                if let flows = work.flows { add(flows, to: &self.flows, retainsGraph: true) }
            }
            if work.measures {
                let start = clock.now
                add(work.entropy, to: &entropy, retainsGraph: false)
                measuring += clock.now - start
            }
        }
        passes = []
    }
}
