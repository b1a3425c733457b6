// Gradients of a loss that is two numbers per token, summed over micro-batches.

import Models
import Torch

/// The sum over micro-batches of a gradient by every parameter, through the policy head's explicit backward.
struct GradientSum {
    private let model: any LanguageModel
    private var found: [Tensor]?

    init(_ model: any LanguageModel) { self.model = model }

    /// The sum of what threads have summed, in order.
    init(_ model: any LanguageModel, of parts: [GradientSum]) {
        self.model = model
        let found = parts.compactMap(\.found)
        self.found = found.first
        for part in found.dropFirst() {
            for (sum, other) in zip(found[0], part) { sum.accumulate(other) }
        }
    }

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
        if model.headLeaf == nil {
            let seed = PolicyHeadKernels.hiddenGradient(
                hidden: pass.hidden, weight: weight, ids: forward.ids, statistics: forward.statistics, g1: g1, g2: g2,
                temperature: temperature)
            return pass.gradients(seed: seed, retainsGraph: retainsGraph)
        }
        let head = PolicyHeadKernels.gradient(
            hidden: pass.hidden, weight: weight, ids: forward.ids, statistics: forward.statistics, g1: g1, g2: g2,
            temperature: temperature)
        return pass.gradients(seed: head.hidden, head: head.weight, retainsGraph: retainsGraph)
    }
}
