// A model's architecture as numbers: its family, its sizes, and how positions are rotated.

/// The numbers of a decoder-only transformer, in Hugging Face's names.
public struct ModelConfig: Sendable, Equatable {
    public var family: ModelFamily
    public var vocabularySize: Int
    public var hiddenSize: Int
    public var layers: Int
    public var heads: Int
    public var keyValueHeads: Int
    /// Of a query, key or value; hidden size over heads unless stated.
    public var headSize: Int
    public var intermediateSize: Int
    public var normEpsilon: Double
    public var rotaryBase: Double
    public var rotaryScaling: RotaryScaling
    /// Positions, within which every layer sees everything before it.
    public var contextLength: Int
    public var tiesEmbeddings: Bool
    public var stopTokens: [Int32]
    /// Scores are divided by √queryScale; nil is the head size.
    public var queryScale: Double?
    /// Layers that rotate by a base of their own; nil has none.
    public var local: LocalLayers?

    public init(
        family: ModelFamily = .qwen2, vocabularySize: Int, hiddenSize: Int, layers: Int, heads: Int,
        keyValueHeads: Int, headSize: Int? = nil, intermediateSize: Int, normEpsilon: Double = 1e-6,
        rotaryBase: Double = 10_000, rotaryScaling: RotaryScaling = .none, contextLength: Int, tiesEmbeddings: Bool,
        stopTokens: [Int32]
    ) {
        self.family = family
        self.vocabularySize = vocabularySize
        self.hiddenSize = hiddenSize
        self.layers = layers
        self.heads = heads
        self.keyValueHeads = keyValueHeads
        self.headSize = headSize ?? hiddenSize / max(heads, 1)
        self.intermediateSize = intermediateSize
        self.normEpsilon = normEpsilon
        self.rotaryBase = rotaryBase
        self.rotaryScaling = rotaryScaling
        self.contextLength = contextLength
        self.tiesEmbeddings = tiesEmbeddings
        self.stopTokens = stopTokens
    }

    /// Scalars of one layer.
    public var layerParameterCount: Int {
        let traits = family.layers
        let wide = heads * headSize
        let narrow = keyValueHeads * headSize
        var layer = hiddenSize * (2 * wide + 2 * narrow) + 3 * hiddenSize * intermediateSize
        layer += hiddenSize * (traits.normalisesOutputs ? 4 : 2)
        if traits.biasesProjections { layer += wide + 2 * narrow }
        if traits.normalisesHeads { layer += 2 * headSize }
        return layer
    }

    /// Number of scalars.
    public var parameterCount: Int {
        layers * layerParameterCount + hiddenSize + vocabularySize * hiddenSize * (tiesEmbeddings ? 1 : 2)
    }
}
