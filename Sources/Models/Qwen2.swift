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

    public func hidden(_ ids: Tensor, layout: PackedLayout) -> Tensor {
        states(ids, positions: layout.positions) { _, q, k, v in
            q.attention(keys: k, values: v, layout: layout, scale: scale)
        }
    }

    public func prefill(_ ids: Tensor, layout: PackedLayout) -> [LayerKeyValues] {
        var captured: [LayerKeyValues] = []
        _ = states(ids, positions: layout.positions) { _, q, k, v in
            captured.append(LayerKeyValues(keys: k, values: v))
            return q.attention(keys: k, values: v, layout: layout, scale: scale)
        }
        return captured
    }

    public func decode(tokens: [Int64], positions: [Int64], slots: [Int64], cache: KeyValueCache) -> Tensor {
        let (rows, prefixes) = cache.rows(slots: slots, positions: positions)
        return states(Tensor(tokens), positions: positions) { index, q, k, v in
            cache.layers[index].append(keys: k, values: v, slots: rows.slots, places: rows.places)
            return q.cachedAttention(
                cache.layers[index], prefixes: prefixes.map { $0.layers[index] }, rows: rows, scale: scale)
        }
    }

    private var scale: Double { 1 / Double(config.headSize).squareRoot() }

    /// The angle table, grown by doubling: a context of 128 K positions is not tabulated for prompts of 100.
    public func prepare(positions: Int) {
        let held = rotary.cosine.extent(0)
        guard positions > held else { return }
        rotary = RotaryTable(
            base: config.rotaryBase, headSize: config.headSize,
            length: max(positions, min(2 * held, config.contextLength)))
    }

    /// One row per token through all layers. Rows meet in `attention` alone, which is given the layer's index and its
    /// queries [N, H, D/H], keys and values [N, K, D/H], and answers [N, H, D/H].
    private func states(
        _ ids: Tensor, positions: [Int64], attention: (_ layer: Int, _ q: Tensor, _ k: Tensor, _ v: Tensor) -> Tensor
    ) -> Tensor {
        prepare(positions: Int(positions.max() ?? 0) + 1)
        let angles = rotary.rows(positions)
        var x = embedding.embedding(ids)
        for (index, layer) in layers.enumerated() {
            let (q, k, v) = project(x, layer, rows: positions.count, angles)
            let attended = attention(index, q, k, v)
            x = x + attended.reshaped([positions.count, config.hiddenSize]).linear(layer.output)
            x = feedForward(x, layer)
        }
        return x.rmsNorm(finalNorm, epsilon: config.normEpsilon)
    }

    /// Queries [N, H, D/H] and keys, values [N, K, D/H], rotated.
    private func project(
        _ x: Tensor, _ layer: Layer, rows: Int, _ angles: (cosine: Tensor, sine: Tensor)
    ) -> (Tensor, Tensor, Tensor) {
        let normed = x.rmsNorm(layer.inputNorm, epsilon: config.normEpsilon)
        func heads(_ count: Int, _ projected: Tensor) -> Tensor { projected.reshaped([rows, count, config.headSize]) }
        let projected = normed.projections(
            (layer.query, layer.queryBias), (layer.key, layer.keyBias), (layer.value, layer.valueBias))
        let q = heads(config.heads, projected.query)
        let k = heads(config.keyValueHeads, projected.key)
        let v = heads(config.keyValueHeads, projected.value)
        return (
            q.rotary(cosine: angles.cosine, sine: angles.sine), k.rotary(cosine: angles.cosine, sine: angles.sine), v
        )
    }

    private func feedForward(_ x: Tensor, _ layer: Layer) -> Tensor {
        let normed = x.rmsNorm(layer.postNorm, epsilon: config.normEpsilon)
        return normed.feedForward(gate: layer.gate, up: layer.up, down: layer.down, residual: x)
    }
}
