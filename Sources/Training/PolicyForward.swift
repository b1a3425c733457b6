// One micro-batch through the model: padded ids in, hidden states of the trainable rows out, statistics from the policy head.

import Models
import Torch

/// A forward pass of some sequences; keeps the graph if gradients were on.
struct PolicyForward {
    /// Sequence indices, in row order.
    let sequences: [Int]
    /// Hidden states of trainable rows [n, D].
    let hidden: Tensor
    /// Target ids int64 [n].
    let ids: Tensor
    /// Statistics matrix [9, n].
    let statistics: Tensor

    init(_ model: any LanguageModel, _ all: [TrainingSequence], _ sequences: [Int], temperature: Double) {
        let chosen = sequences.map { all[$0] }
        let length = chosen.map(\.inputLength).max() ?? 0
        var inputs: [Int64] = []
        var rows: [Int64] = []
        var targets: [Int64] = []
        inputs.reserveCapacity(chosen.count * length)
        for (index, sequence) in chosen.enumerated() {
            let first = index * length + sequence.prompt.count - 1
            rows += sequence.tokens.indices.map { Int64(first + $0) }
            targets += sequence.tokens.map(Int64.init)
            inputs += sequence.prompt.map(Int64.init)
            inputs += sequence.tokens.dropLast().map(Int64.init)
            // right padding is invisible to earlier positions of a causal model
            inputs += [Int64](repeating: 0, count: length - sequence.inputLength)
        }
        let states = model.hidden(Tensor(inputs, shape: [chosen.count, length]))
        self.sequences = sequences
        hidden = states.reshaped([chosen.count * length, model.config.hiddenSize]).rows(rows)
        ids = Tensor(targets)
        statistics = PolicyHeadKernels.statistics(
            hidden: hidden, weight: model.headWeight, ids: ids, temperature: temperature)
    }
}
