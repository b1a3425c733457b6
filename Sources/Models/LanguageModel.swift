// What training and rollout ask of a model.

public import Torch

/// A named tensor; the name is its key in the checkpoint.
public struct Parameter {
    public let name: String
    public let tensor: Tensor
}

/// A decoder-only transformer up to its last norm. Logits are the policy head's business (design: nothing of size N·V).
///
/// Axis letters: N rows of a packed forward pass, S decoding slots, K key-value heads, D hidden size, V vocabulary.
public protocol LanguageModel: AnyObject {
    var config: ModelConfig { get }
    /// Every tensor the optimiser writes, once, in a fixed order; a tied head is not listed twice.
    var parameters: [Parameter] { get }
    /// Every weight that the model computes with, under its checkpoint key.
    var weights: [Parameter] { get }
    /// The policy head's weight [V, D].
    var headWeight: Tensor { get }
    /// What gradients are taken by: the parameters, or weights that are functions of them.
    var leaves: [Tensor] { get }
    /// Which leaf the head's weight is, and then which parameter; nil if it is frozen.
    var headLeaf: Int? { get }
    /// What a gradient by one leaf is by the parameters that it is a function of: their places and gradients.
    func parameterGradients(_ gradient: Tensor, leaf: Int) -> [(place: Int, gradient: Tensor)]
    /// Forms again what depends on the parameters; to be called after they were written.
    func parametersChanged()

    /// Whether a pass keeps only every layer's input until its gradients are taken, and computes the layer again then.
    var recomputesLayers: Bool { get set }

    /// Rows of the hidden states of `hidden`, with the way back to the parameters.
    func forward(_ ids: Tensor, layout: PackedLayout, rows: [Int64]) -> ForwardPass

    /// Hidden states [N, D] of token ids int64 [N]; `layout` says at which position each row is and what it sees.
    func hidden(_ ids: Tensor, layout: PackedLayout) -> Tensor

    /// The keys and values [N, K, D/H] of every layer for token ids int64 [N].
    func prefill(_ ids: Tensor, layout: PackedLayout) -> [LayerKeyValues]

    /// Makes ready what positions below `positions` need. Afterwards, and until a weight is written, passes over such
    /// positions only read what they share with other calls, so threads may each compute rows of their own (`inParts`).
    func prepare(positions: Int)

    /// Hidden states [S, D] of one token per slot at its position, counted from the prompt's start; extends the cache.
    func decode(tokens: [Int64], positions: [Int64], slots: [Int64], cache: KeyValueCache) -> Tensor

    /// Hidden states [n, D] of the rows that a step of fixed shape was sent; extends its cache. Reads no memory of the host.
    func decode(_ step: DecodingStep, cache: FixedCache) -> Tensor
    /// Positions that `prepare` made ready.
    var preparedPositions: Int { get }
}

extension LanguageModel {
    public var leaves: [Tensor] { parameters.map(\.tensor) }
    public func parameterGradients(_ gradient: Tensor, leaf: Int) -> [(place: Int, gradient: Tensor)] {
        [(leaf, gradient)]
    }
    public func parametersChanged() {}

    /// Frees the copies that forward passes made of the weights that an update is about to change. The policy head's stays: its
    /// backward pass makes the logits again.
    public func releaseForwardCopies() {
        for (place, leaf) in leaves.enumerated() where place != headLeaf { leaf.releaseForwardCopies() }
    }
}

/// One layer's keys and values.
public struct LayerKeyValues {
    public let keys: Tensor
    public let values: Tensor
}
