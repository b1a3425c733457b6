// One layer of a decoder: its weights under their checkpoint keys, and what it does to the rows of the residual stream.

import Torch

/// Attention and a gated feed-forward layer with a family's traits. Shapes: N rows, D hidden size, H heads, K key-value
/// heads, W head size.
struct DecoderLayer {
    let index: Int
    private let config: ModelConfig
    private let inputNorm, forwardNorm: Tensor
    /// On what attention and feed-forward layer add, where the family has them.
    private let attentionOutputNorm, forwardOutputNorm: Tensor?
    private let query, key, value, output: Tensor
    private let queryBias, keyBias, valueBias: Tensor?
    private let queryNorm, keyNorm: Tensor?
    private let gate, up, down: Tensor

    /// - Parameter take: gives the tensor of a checkpoint key in the expected shape.
    init(_ config: ModelConfig, index: Int, take: (_ name: String, _ shape: [Int]) throws -> Tensor) throws {
        self.config = config
        self.index = index
        let traits = config.family.layers
        let (hidden, inner, size) = (config.hiddenSize, config.intermediateSize, config.headSize)
        let (wide, narrow) = (config.heads * size, config.keyValueHeads * size)
        let prefix = "model.layers.\(index)."
        func bias(_ name: String, _ count: Int) throws -> Tensor? {
            traits.biasesProjections ? try take(prefix + "self_attn.\(name).bias", [count]) : nil
        }
        func norm(_ name: String, _ isThere: Bool, _ count: Int) throws -> Tensor? {
            isThere ? try take(prefix + name + ".weight", [count]) : nil
        }
        inputNorm = try take(prefix + "input_layernorm.weight", [hidden])
        // with norms on outputs the name goes to that of attention
        let afterAttention = try take(prefix + "post_attention_layernorm.weight", [hidden])
        attentionOutputNorm = traits.normalisesOutputs ? afterAttention : nil
        query = try take(prefix + "self_attn.q_proj.weight", [wide, hidden])
        queryBias = try bias("q_proj", wide)
        key = try take(prefix + "self_attn.k_proj.weight", [narrow, hidden])
        keyBias = try bias("k_proj", narrow)
        value = try take(prefix + "self_attn.v_proj.weight", [narrow, hidden])
        valueBias = try bias("v_proj", narrow)
        output = try take(prefix + "self_attn.o_proj.weight", [hidden, wide])
        gate = try take(prefix + "mlp.gate_proj.weight", [inner, hidden])
        up = try take(prefix + "mlp.up_proj.weight", [inner, hidden])
        down = try take(prefix + "mlp.down_proj.weight", [hidden, inner])
        queryNorm = try norm("self_attn.q_norm", traits.normalisesHeads, size)
        keyNorm = try norm("self_attn.k_norm", traits.normalisesHeads, size)
        forwardNorm = try norm("pre_feedforward_layernorm", traits.normalisesOutputs, hidden) ?? afterAttention
        forwardOutputNorm = try norm("post_feedforward_layernorm", traits.normalisesOutputs, hidden)
    }

    /// The residual stream [N, D] after this layer. Rows meet in `attention` alone, which is given queries [N, H, W], keys
    /// and values [N, K, W], and answers [N, H, W].
    func applied(
        to x: Tensor, rows: Int, angles: RotaryAngles, attention: (_ q: Tensor, _ k: Tensor, _ v: Tensor) -> Tensor
    ) -> Tensor {
        let (q, k, v) = project(config.norm(x, inputNorm), rows: rows, angles)
        let attended = attention(q, k, v).reshaped([rows, config.heads * config.headSize]).linear(output)
        return feedForward(x + normalised(attended, attentionOutputNorm))
    }

    /// Queries [N, H, W] and keys, values [N, K, W], rotated.
    private func project(_ normed: Tensor, rows: Int, _ angles: RotaryAngles) -> (Tensor, Tensor, Tensor) {
        func heads(_ count: Int, _ projected: Tensor) -> Tensor { projected.reshaped([rows, count, config.headSize]) }
        let projected = normed.projections((query, queryBias), (key, keyBias), (value, valueBias))
        let q = normalised(heads(config.heads, projected.query), queryNorm)
        let k = normalised(heads(config.keyValueHeads, projected.key), keyNorm)
        let v = heads(config.keyValueHeads, projected.value)
        return (
            q.rotary(cosine: angles.cosine, sine: angles.sine), k.rotary(cosine: angles.cosine, sine: angles.sine), v
        )
    }

    private func feedForward(_ x: Tensor) -> Tensor {
        let normed = config.norm(x, forwardNorm)
        let activation = config.family.layers.activation
        if activation == .silu, forwardOutputNorm == nil {
            return normed.feedForward(gate: gate, up: up, down: down, residual: x)
        }
        let (gated, upward) = (normed.linear(gate), normed.linear(up))
        let joined = activation == .silu ? gated.swiglu(upward) : gated.geglu(upward)
        return x + normalised(joined.linear(down), forwardOutputNorm)
    }

    private func normalised(_ x: Tensor, _ weight: Tensor?) -> Tensor { weight.map { config.norm(x, $0) } ?? x }
}

extension ModelConfig {
    /// RMSNorm over the last axis, by the family's meaning of the weight.
    func norm(_ x: Tensor, _ weight: Tensor) -> Tensor {
        x.rmsNorm(family.layers.offsetsNorms ? weight + 1 : weight, epsilon: normEpsilon)
    }
}
