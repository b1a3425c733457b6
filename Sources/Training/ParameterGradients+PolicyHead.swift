// Gradients of a loss that is two numbers per token, through the policy head's explicit backward.

import Models
import Torch

extension ParameterGradients {
    /// Adds a micro-batch's gradient.
    /// - Parameters:
    ///   - g1: ∂L/∂log p of every token of the pass.
    ///   - g2: ∂L/∂H.
    mutating func add(
        _ forward: PolicyForward, g1: [Float], g2: [Float], temperature: Double, retainsGraph: Bool
    ) {
        let (hidden, weight) = (forward.pass.hidden, model.headWeight)
        let seed: Tensor
        if model.headLeaf == nil {
            seed = PolicyHeadKernels.hiddenGradient(
                hidden: hidden, weight: weight, ids: forward.ids, statistics: forward.statistics, g1: g1, g2: g2,
                temperature: temperature)
        } else {
            (seed, head) = PolicyHeadKernels.gradient(
                hidden: hidden, weight: weight, ids: forward.ids, statistics: forward.statistics, g1: g1, g2: g2,
                temperature: temperature, addingTo: head)
        }
        forward.pass.addGradients(seed: seed, to: &self, retainsGraph: retainsGraph)
    }
}
