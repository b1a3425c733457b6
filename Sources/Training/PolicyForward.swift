// One micro-batch through the model: packed groups in, hidden states of the trainable tokens out, their statistics.

import Models
import Rollouts
import Torch

/// A forward pass of some groups of sequences; keeps the graph if gradients were on.
struct PolicyForward {
    /// Sequence indices, in row order.
    let sequences: [Int]
    /// Of the hidden states each trainable token is predicted from [n, D].
    let pass: ForwardPass
    /// Target ids int64 [n].
    let ids: Tensor
    /// Statistics matrix [9, n].
    let statistics: Tensor

    /// - Parameter kept: the passes that sampling made under the same weights; where it has all of these, they are not made again.
    init(
        _ model: any LanguageModel, _ all: [TrainingSequence], _ groups: [BatchPacking.Group], temperature: Double,
        kept: KeptPasses? = nil
    ) {
        sequences = groups.flatMap(\.self)
        var inputs: [Int64] = []
        var rows: [Int64] = []
        for group in groups {
            inputs += all[group[0]].prompt.map(Int64.init)
            let endOfPrompt = Int64(inputs.count - 1)
            for tokens in group.map({ all[$0].tokens }) where !tokens.isEmpty {
                // the first token is predicted from the prompt's last row, which all completions share
                rows.append(endOfPrompt)
                rows += (0..<(tokens.count - 1)).map { Int64(inputs.count + $0) }
                inputs += tokens.dropLast().map(Int64.init)
            }
        }
        let layout = PackedLayout(
            groups.map { group in
                PackedLayout.Group(
                    prompt: all[group[0]].prompt.count, completions: group.map { all[$0].completionRows })
            })
        let forward = { model.forward(Tensor(inputs), layout: layout, rows: rows) }
        let found = groups.compactMap { group in
            kept?.rows(prompt: all[group[0]].prompt, completions: group.map { all[$0].tokens })
        }
        if let kept, found.count == groups.count {
            pass = kept.values.reading(found.flatMap(\.self), forward)
        } else {
            pass = forward()
        }
        ids = Tensor(sequences.flatMap { all[$0].tokens.map(Int64.init) })
        statistics = PolicyHeadKernels.statistics(
            hidden: pass.hidden, weight: model.headWeight, ids: ids, temperature: temperature)
    }
}
