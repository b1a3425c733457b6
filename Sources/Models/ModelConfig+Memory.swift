// What a layer's operators keep of a row for their backward passes: the part of a run's memory that grows with its tokens.

public import Torch

extension ModelConfig {
    /// Bytes that `KeptValues` takes for one row of all layers: queries, keys and values, what attention gives and its log-sum-exps,
    /// what the output projection gives, and of the feed-forward layer gate, up and down.
    public var keptBytesPerRow: Int {
        let (wide, narrow) = (heads * headSize, keyValueHeads * headSize)
        return 4 * layers * (2 * wide + 2 * narrow + heads + 2 * hiddenSize + 2 * intermediateSize)
    }

    /// Bytes that one layer keeps for one row of the residual stream, and needs beside while its backward runs, on a CPU.
    ///
    /// Kept are the residual stream before both norms, what the norms give, queries, keys and values, what attention gives, and of
    /// the feed-forward layer gate, up and their product; its one operator in the narrow precisions keeps the first two, in bfloat16
    /// rounded.
    public func layerBytesPerRow(_ precision: ComputePrecision) -> (kept: Int, backward: Int) {
        let traits = family.layers
        let (wide, narrow) = (heads * headSize, keyValueHeads * headSize)
        let norms = (traits.normalisesOutputs ? 4 * hiddenSize : 0) + (traits.normalisesHeads ? wide + narrow : 0)
        let attention = 4 * (5 * hiddenSize + 2 * wide + 2 * narrow + norms)
        let isFused = precision != .float32 && traits.activation == .silu && !traits.normalisesOutputs
        guard isFused else { return (attention + 12 * intermediateSize, 16 * intermediateSize + 16 * hiddenSize) }
        let bytes = precision.operandBytes
        return (attention + 2 * bytes * intermediateSize, 3 * bytes * intermediateSize + 16 * hiddenSize)
    }
}
