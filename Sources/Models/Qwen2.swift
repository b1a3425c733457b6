// The Qwen2 architecture: grouped-query attention with QKV bias, rotary embedding, RMSNorm, SwiGLU, tied or untied head.

public import Torch

/// Qwen2 and Qwen2.5 dense models (2407.10671, section 2.2.1).
public final class Qwen2: LanguageModel {
    public let config: ModelConfig
    public let parameters: [Parameter]
    private let embedding: Tensor
    private let layers: [Layer]
    private let finalNorm: Tensor
    public let headWeight: Tensor
    private var rotary: RotaryTable

    private struct Layer {
        let inputNorm, postNorm: Tensor
        let query, queryBias, key, keyBias, value, valueBias, output: Tensor
        let gate, up, down: Tensor
    }

    /// - Parameter weight: gives the tensor of a checkpoint key in the expected shape.
    public init(config: ModelConfig, weight: (_ name: String, _ shape: [Int]) throws -> Tensor) throws {
        self.config = config
        var parameters: [Parameter] = []
        func take(_ name: String, _ shape: [Int]) throws -> Tensor {
            let tensor = try weight(name, shape)
            tensor.requireGradient()
            parameters.append(Parameter(name: name, tensor: tensor))
            return tensor
        }
        let hidden = config.hiddenSize
        let shared = config.keyValueHeads * config.headSize
        embedding = try take("model.embed_tokens.weight", [config.vocabularySize, hidden])
        layers = try (0..<config.layers).map { index in
            let prefix = "model.layers.\(index)."
            return Layer(
                inputNorm: try take(prefix + "input_layernorm.weight", [hidden]),
                postNorm: try take(prefix + "post_attention_layernorm.weight", [hidden]),
                query: try take(prefix + "self_attn.q_proj.weight", [hidden, hidden]),
                queryBias: try take(prefix + "self_attn.q_proj.bias", [hidden]),
                key: try take(prefix + "self_attn.k_proj.weight", [shared, hidden]),
                keyBias: try take(prefix + "self_attn.k_proj.bias", [shared]),
                value: try take(prefix + "self_attn.v_proj.weight", [shared, hidden]),
                valueBias: try take(prefix + "self_attn.v_proj.bias", [shared]),
                output: try take(prefix + "self_attn.o_proj.weight", [hidden, hidden]),
                gate: try take(prefix + "mlp.gate_proj.weight", [config.intermediateSize, hidden]),
                up: try take(prefix + "mlp.up_proj.weight", [config.intermediateSize, hidden]),
                down: try take(prefix + "mlp.down_proj.weight", [hidden, config.intermediateSize]))
        }
        finalNorm = try take("model.norm.weight", [hidden])
        headWeight = config.tiesEmbeddings ? embedding : try take("lm_head.weight", [config.vocabularySize, hidden])
        self.parameters = parameters
        rotary = RotaryTable(
            base: config.rotaryBase, headSize: config.headSize, length: min(config.contextLength, 1024))
    }

    public func hidden(_ ids: Tensor) -> Tensor {
        forward(ids) { _, _ in }
    }

    public func prefill(_ ids: Tensor) -> [LayerKeyValues] {
        var captured: [LayerKeyValues] = []
        _ = forward(ids) { keys, values in captured.append(LayerKeyValues(keys: keys, values: values)) }
        return captured
    }

    public func decode(tokens: [Int64], positions: [Int64], slots: [Int64], cache: KeyValueCache) -> Tensor {
        let count = tokens.count
        let angles = angles(upTo: Int(positions.max() ?? 0) + 1).rows(positions)
        var x = embedding.embedding(Tensor(tokens))
        for (layer, store) in zip(layers, cache.layers) {
            let (q, k, v) = project(x, layer, batch: 1, length: count, angles)
            let rows = [count, config.keyValueHeads, config.headSize]
            appendToCache(
                keys: k.reshaped(rows), values: v.reshaped(rows), keyCache: store.keys, valueCache: store.values,
                slots: slots, positions: positions)
            let attended = q.reshaped([count, config.heads, config.headSize]).cachedAttention(
                keyCache: store.keys, valueCache: store.values, slots: slots, positions: positions, scale: scale)
            x = x + attended.reshaped([count, config.hiddenSize]).linear(layer.output)
            x = feedForward(x, layer)
        }
        return x.rmsNorm(finalNorm, epsilon: config.normEpsilon)
    }

    private var scale: Double { 1 / Double(config.headSize).squareRoot() }

    /// The angle table, grown by doubling: a context of 128 K positions is not tabulated for prompts of 100.
    private func angles(upTo length: Int) -> RotaryTable {
        let held = rotary.cosine.extent(0)
        if length > held {
            rotary = RotaryTable(
                base: config.rotaryBase, headSize: config.headSize,
                length: max(length, min(2 * held, config.contextLength)))
        }
        return rotary
    }

    private func forward(_ ids: Tensor, capture: (_ keys: Tensor, _ values: Tensor) -> Void) -> Tensor {
        let (batch, length) = (ids.extent(0), ids.extent(1))
        let angles = angles(upTo: length).prefix(length)
        var x = embedding.embedding(ids)
        for layer in layers {
            let (q, k, v) = project(x, layer, batch: batch, length: length, angles)
            capture(k, v)
            let attended = q.causalAttention(keys: k, values: v, scale: scale)
            x = x + attended.reshaped([batch, length, config.hiddenSize]).linear(layer.output)
            x = feedForward(x, layer)
        }
        return x.rmsNorm(finalNorm, epsilon: config.normEpsilon)
    }

    /// Queries [B, T, H, D/H] and keys, values [B, T, K, D/H], rotated.
    private func project(
        _ x: Tensor, _ layer: Layer, batch: Int, length: Int, _ angles: (cosine: Tensor, sine: Tensor)
    ) -> (Tensor, Tensor, Tensor) {
        let normed = x.rmsNorm(layer.inputNorm, epsilon: config.normEpsilon)
        func heads(_ count: Int, _ projected: Tensor) -> Tensor {
            projected.reshaped([batch, length, count, config.headSize])
        }
        let q = heads(config.heads, normed.linear(layer.query, bias: layer.queryBias))
        let k = heads(config.keyValueHeads, normed.linear(layer.key, bias: layer.keyBias))
        let v = heads(config.keyValueHeads, normed.linear(layer.value, bias: layer.valueBias))
        return (
            q.rotary(cosine: angles.cosine, sine: angles.sine), k.rotary(cosine: angles.cosine, sine: angles.sine), v
        )
    }

    private func feedForward(_ x: Tensor, _ layer: Layer) -> Tensor {
        let normed = x.rmsNorm(layer.postNorm, epsilon: config.normEpsilon)
        return x + normed.linear(layer.gate).swiglu(normed.linear(layer.up)).linear(layer.down)
    }
}
