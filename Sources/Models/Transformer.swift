// The decoder-only transformer that all families share: embedding, layers, last norm, tied or untied head.

public import Torch

/// A dense model of any family.
public final class Transformer: LanguageModel {
    public let config: ModelConfig
    public let weights: [Parameter]
    public let headWeight: Tensor
    public private(set) var parameters: [Parameter]
    /// Keeps only the input of every layer between a forward pass and its gradients, and computes the layer again.
    public var recomputesLayers = false
    let layers: [DecoderLayer]
    let finalNorm: Tensor
    private let embedding: Tensor
    private var rotary: RotaryTable
    private var localRotary: RotaryTable?
    /// Which weights are trained: places in `weights`, ascending.
    private var trained: [Int]
    /// Places in `weights` of what every layer is made of, and last of the last norm's.
    private let stages: [Range<Int>]

    /// - Parameter weight: gives the tensor of a checkpoint key in the expected shape.
    public init(config: ModelConfig, weight: (_ name: String, _ shape: [Int]) throws -> Tensor) throws {
        self.config = config
        var weights: [Parameter] = []
        var stages: [Range<Int>] = []
        func take(_ name: String, _ shape: [Int]) throws -> Tensor {
            let tensor = try weight(name, shape)
            tensor.requireGradient()
            weights.append(Parameter(name: name, tensor: tensor))
            return tensor
        }
        let hidden = config.hiddenSize
        embedding = try take("model.embed_tokens.weight", [config.vocabularySize, hidden])
        layers = try (0..<config.layers).map { index in
            let start = weights.count
            defer { stages.append(start..<weights.count) }
            return try DecoderLayer(config, index: index, take: take)
        }
        stages.append(weights.count..<(weights.count + 1))
        finalNorm = try take("model.norm.weight", [hidden])
        headWeight = config.tiesEmbeddings ? embedding : try take("lm_head.weight", [config.vocabularySize, hidden])
        self.weights = weights
        self.stages = stages
        parameters = weights
        trained = Array(weights.indices)
        rotary = RotaryTable(
            base: config.rotaryBase, scaling: config.rotaryScaling, headSize: config.headSize,
            contextLength: config.contextLength)
        localRotary = config.local.map {
            RotaryTable(base: $0.rotaryBase, headSize: config.headSize, contextLength: config.contextLength)
        }
    }

    public var headLeaf: Int? {
        let place = config.tiesEmbeddings ? 0 : weights.count - 1
        return trained.firstIndex(of: place)
    }

    /// Freezes every weight but those of these names.
    func train(only names: Set<String>) {
        for weight in weights { weight.tensor.requireGradient(names.contains(weight.name)) }
        trained = weights.indices.filter { names.contains(weights[$0].name) }
        parameters = trained.map { weights[$0] }
    }

    /// Whether the first leaf is the embedding.
    private var trainsEmbedding: Bool { trained.first == 0 }

    public func forward(_ ids: Tensor, layout: PackedLayout, rows: [Int64]) -> ForwardPass {
        let records = recordsGradients
        if recomputesLayers, records { return recomputedPass(ids, layout: layout, rows: rows) }
        // a leaf of its own: by the embedding itself libtorch would make a gradient of its size
        let first = withoutGradient { embedded(ids) }
        if records, trainsEmbedding { first.requireGradient() }
        var streams: [Tensor] = []
        let states = packedStates(first, layout) { if records { streams.append($0) } }
        streams.append(states.rows(rows))
        return ForwardPass(streams[streams.count - 1]) { seed, sums, retainsGraph in
            self.addGradients(seed, ids: ids, to: &sums, retainsGraph: retainsGraph) {
                (streams[$0], streams[$0 + 1])
            }
        }
    }

    /// Adds the gradients of one stage after the other, from the last norm down to the lowest one with something to train.
    /// - Parameter stage: the residual stream before a stage, and what the stage makes of it.
    func addGradients(
        _ seed: Tensor, ids: Tensor, to sums: inout ParameterGradients, retainsGraph: Bool,
        stage: (_ index: Int) -> (input: Tensor, output: Tensor)
    ) {
        let places = stages.map { stage in trained.indices.filter { stage.contains(trained[$0]) } }
        guard let lowest = trainsEmbedding ? 0 : places.firstIndex(where: { !$0.isEmpty }) else { return }
        var upstream = seed
        for index in (lowest..<stages.count).reversed() {
            let (input, output) = stage(index)
            let goesOn = index > lowest || trainsEmbedding
            let parts = gradients(
                of: [output], seeds: [upstream], by: (goesOn ? [input] : []) + places[index].map { leaves[$0] },
                retainGraph: retainsGraph)
            for (place, part) in zip(places[index], parts.suffix(places[index].count)) { sums.add(part, leaf: place) }
            upstream = parts[0]
        }
        if trainsEmbedding { sums.addEmbedding(rows: scaled(upstream), at: ids) }
    }

    public func hidden(_ ids: Tensor, layout: PackedLayout) -> Tensor { packedStates(embedded(ids), layout) }

    /// - Parameter entering: sees the residual stream before every layer and before the last norm.
    private func packedStates(
        _ embedded: Tensor, _ layout: PackedLayout, entering: (Tensor) -> Void = { _ in }
    ) -> Tensor {
        states(embedded, angles(layout.positions), entering: entering) { _, q, k, v in
            q.attention(keys: k, values: v, layout: layout, scale: scale)
        }
    }

    public func prefill(_ ids: Tensor, layout: PackedLayout) -> [LayerKeyValues] {
        var captured: [LayerKeyValues] = []
        _ = states(embedded(ids), angles(layout.positions)) { _, q, k, v in
            captured.append(LayerKeyValues(keys: k, values: v))
            return q.attention(keys: k, values: v, layout: layout, scale: scale)
        }
        return captured
    }

    public func prepare(positions: Int) {
        // looked at first: threads that decode beside each other must not write
        if rotary.length < positions { rotary.grow(to: positions) }
        if let held = localRotary?.length, held < positions { localRotary?.grow(to: positions) }
    }

    public func decode(tokens: [Int64], positions: [Int64], slots: [Int64], cache: KeyValueCache) -> Tensor {
        let (rows, prefixes) = cache.rows(slots: slots, positions: positions)
        return states(embedded(Tensor(tokens)), angles(positions)) { index, q, k, v in
            cache.layers[index].append(keys: k, values: v, slots: rows.slots, places: rows.places)
            return q.cachedAttention(
                cache.layers[index], prefixes: prefixes.map { $0.layers[index] }, rows: rows, scale: scale)
        }
    }

    public func decode(_ step: DecodingStep, cache: FixedCache) -> Tensor {
        let (tokens, positions) = step.begin()
        return states(embedded(tokens), angles { $0.rows(positions) }) { index, q, k, v in
            step.attention(q, keys: k, values: v, cache: cache.layers[index], scale: scale)
        }
    }

    public var preparedPositions: Int { min(rotary.length, localRotary?.length ?? .max) }

    var scale: Double { 1 / (config.queryScale ?? Double(config.headSize)).squareRoot() }

    /// The rows of the residual stream through all layers; `attention` is given the layer's index first.
    private func states(
        _ embedded: Tensor, _ angles: [RotaryAngles], entering: (Tensor) -> Void = { _ in },
        attention: (_ layer: Int, _ q: Tensor, _ k: Tensor, _ v: Tensor) -> Tensor
    ) -> Tensor {
        var x = embedded
        for layer in layers {
            entering(x)
            x = layer.applied(to: x, rows: embedded.extent(0), angles: angles[layer.index]) {
                attention(layer.index, $0, $1, $2)
            }
        }
        entering(x)
        return config.norm(x, finalNorm)
    }

    /// The residual stream before the first layer [N, D].
    func embedded(_ ids: Tensor) -> Tensor { scaled(embedding.embedding(ids)) }

    private func scaled(_ rows: Tensor) -> Tensor {
        config.family.layers.scalesEmbedding ? rows * Double(config.hiddenSize).squareRoot() : rows
    }

    /// The angles of every layer at these positions.
    func angles(_ positions: [Int64]) -> [RotaryAngles] {
        prepare(positions: Int(positions.max() ?? 0) + 1)
        return angles { $0.rows(positions) }
    }

    /// The angles of every layer, as the rows that `rows` takes from a table.
    private func angles(_ rows: (RotaryTable) -> RotaryAngles) -> [RotaryAngles] {
        let all = rows(rotary)
        guard let local = localRotary.map(rows), let isLocal = config.local?.isLocal else {
            return layers.map { _ in all }
        }
        return isLocal.map { $0 ? local : all }
    }
}
