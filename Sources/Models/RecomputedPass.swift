// Gradient checkpointing: a forward pass that keeps the input of every layer and computes each layer again on the way back.

import Torch

extension Transformer {
    /// The pass of `forward`, without a graph: it holds one [N, D] per layer until its gradients are taken, which costs
    /// one more forward pass (1604.06174, with a segment per layer). The operations on the way back are those of the graph
    /// that is not kept, on the same numbers.
    func recomputedPass(_ ids: Tensor, layout: PackedLayout, rows: [Int64]) -> ForwardPass {
        let angles = angles(layout.positions)
        func applied(_ layer: DecoderLayer, _ x: Tensor) -> Tensor {
            layer.applied(to: x, rows: layout.rowCount, angles: angles[layer.index]) {
                $0.attention(keys: $1, values: $2, layout: layout, scale: self.scale)
            }
        }
        var inputs: [Tensor] = []
        let hidden = withoutGradient {
            var x = embedded(ids)
            for layer in layers {
                inputs.append(x)
                x = applied(layer, x)
            }
            inputs.append(x)
            return config.norm(x, finalNorm).rows(rows)
        }
        return ForwardPass(hidden) { seed, head, _ in
            var found = [Tensor?](repeating: nil, count: self.leaves.count)
            /// Puts the gradients of a stage's leaves in their places and returns that of its input.
            func back(_ output: Tensor, _ seed: Tensor, input: Tensor, stage: Range<Int>) -> Tensor {
                let places = self.leafPlaces(of: stage)
                let parts = gradients(of: [output], seeds: [seed], by: [input] + places.map { self.leaves[$0] })
                for (place, part) in zip(places, parts.dropFirst()) { found[place] = part }
                return parts[0]
            }
            func leaf(_ x: Tensor) -> Tensor {
                let own = x.detached()
                own.requireGradient()
                return own
            }
            let last = leaf(inputs[inputs.count - 1])
            var upstream = back(
                self.config.norm(last, self.finalNorm).rows(rows), seed, input: last, stage: self.normStage)
            for layer in self.layers.reversed() {
                let x = leaf(inputs[layer.index])
                upstream = back(applied(layer, x), upstream, input: x, stage: self.stages[layer.index])
            }
            return self.leafGradients(found, ids: ids, looked: self.scaled(upstream), head: head)
        }
    }
}
