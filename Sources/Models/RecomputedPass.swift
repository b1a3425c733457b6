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
        return ForwardPass(hidden) { seed, sums, _ in
            self.addGradients(seed, ids: ids, to: &sums, retainsGraph: false) { index in
                let input = inputs[index].detached()
                input.requireGradient()
                let isLayer = index < self.layers.count
                let output =
                    isLayer ? applied(self.layers[index], input) : self.config.norm(input, self.finalNorm).rows(rows)
                return (input, output)
            }
        }
    }
}
