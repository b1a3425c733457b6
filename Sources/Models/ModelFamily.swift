// A family of architectures: what its layers are made of, and how its `config.json` is read and written.

/// A decoder-only architecture that transformers knows by a `model_type`.
///
/// A family is one file that makes such a value, and one line of `ModelCatalogue`.
public struct ModelFamily: Sendable, Equatable, CustomStringConvertible {
    /// `model_type` of `config.json`.
    public let name: String
    /// Its class in transformers, `architectures` of `config.json`.
    let architecture: String
    let layers: LayerTraits
    let defaults: ConfigDefaults
    /// Reads what only this family's `config.json` has, and refuses by field name what is not supported.
    let read: @Sendable (_ fields: ConfigFields, _ config: inout ModelConfig) throws -> Void
    /// Fields beyond those that every family has.
    let write: @Sendable (_ config: ModelConfig) -> [String: Any]

    init(
        _ name: String, architecture: String, layers: LayerTraits = LayerTraits(),
        defaults: ConfigDefaults = ConfigDefaults(),
        read: @escaping @Sendable (ConfigFields, inout ModelConfig) throws -> Void,
        write: @escaping @Sendable (ModelConfig) -> [String: Any]
    ) {
        self.name = name
        self.architecture = architecture
        self.layers = layers
        self.defaults = defaults
        self.read = read
        self.write = write
    }

    public var description: String { name }

    public static func == (a: ModelFamily, b: ModelFamily) -> Bool { a.name == b.name }
}

/// What a family's layers have beside what all share: grouped-query attention with rotary positions and a gated
/// feed-forward layer, each behind an RMSNorm and added to the residual stream.
struct LayerTraits: Sendable, Equatable {
    enum Activation: Sendable { case silu, geluTanh }

    /// Biases on queries, keys and values.
    var biasesProjections = false
    /// An RMSNorm over each head's query and key, before the rotation (2302.05442, section 2 has the idea).
    var normalisesHeads = false
    /// An RMSNorm also on what attention and feed-forward layer add to the residual stream.
    var normalisesOutputs = false
    /// Norm weights w stand for 1 + w.
    var offsetsNorms = false
    /// Embeddings are multiplied by √D.
    var scalesEmbedding = false
    var activation = Activation.silu
}

/// What transformers assumes where a family's `config.json` is silent.
struct ConfigDefaults: Sendable {
    /// nil is hidden size over heads.
    var headSize: Int?
    var rotaryBase = 10_000.0
    var contextLength = 32_768
    var tiesEmbeddings = false
}
