// Random initial weights, from the counter-based source.

import Torch
import Trajectories

extension ModelFolder {
    /// A model with weights N(0, 0.02²), unit norms and zero biases; output projections are scaled by 1/√(2·layers)
    /// (the GPT-2 rule, which keeps the residual stream's variance).
    public static func initialise(_ config: ModelConfig, seed: UInt64, deviation: Double = 0.02) throws
        -> any LanguageModel
    {
        var index = 0
        return try withTorchErrors {
            try Transformer(config: config) { name, shape in
                index += 1
                let count = shape.reduce(1, *)
                if name.hasSuffix("norm.weight") {
                    let unit: Float = config.family.layers.offsetsNorms ? 0 : 1
                    return Tensor([Float](repeating: unit, count: count), shape: shape)
                }
                if name.hasSuffix("bias") { return .zeros(shape) }
                let isOutput = name.hasSuffix("o_proj.weight") || name.hasSuffix("down_proj.weight")
                let spread = isOutput ? deviation / Double(2 * config.layers).squareRoot() : deviation
                var random = RandomSource(seed: seed, purpose: .initialisation, step: index)
                var values: [Float] = []
                values.reserveCapacity(count + 1)
                while values.count < count {
                    let (a, b) = random.normalPair()
                    values.append(Float(a * spread))
                    values.append(Float(b * spread))
                }
                return Tensor(Array(values.prefix(count)), shape: shape)
            }
        }
    }
}
