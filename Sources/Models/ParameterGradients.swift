// Sums of gradients by a model's parameters, which grow layer by layer while backward passes find them.

public import Torch

/// One gradient per parameter, summed over the passes that were added.
///
/// What a pass adds of a layer is in the sums before the layer below is differentiated: beside the sums there is never more
/// than one layer's gradient. Copies share their tensors.
public struct ParameterGradients {
    public let model: any LanguageModel
    private var sums: [Tensor?]

    public init(_ model: any LanguageModel) {
        self.model = model
        sums = Array(repeating: nil, count: model.parameters.count)
    }

    /// The sum of what threads have summed, in order, in the memory of the first.
    public init(_ model: any LanguageModel, of parts: [ParameterGradients]) {
        self.init(model)
        for part in parts {
            for (place, sum) in part.sums.enumerated() {
                if let sum { add(sum, at: place) }
            }
        }
    }

    /// One tensor per parameter; zeros if nothing was added.
    public var tensors: [Tensor] { zip(sums, model.parameters).map { $0 ?? .zeros(like: $1.tensor) } }

    /// The sum by the policy head's weight, for a kernel that adds to it; nil before the first, and if the head is frozen.
    public var head: Tensor? {
        get { model.headLeaf.flatMap { sums[$0] } }
        set { if let place = model.headLeaf { sums[place] = newValue } }
    }

    mutating func add(_ gradient: Tensor, leaf: Int) {
        for (place, part) in model.parameterGradients(gradient, leaf: leaf) { add(part, at: place) }
    }

    /// Row i of `rows` [N, D] is a gradient of row `ids[i]` of the embedding, which is the first parameter where it is trained.
    mutating func addEmbedding(rows: Tensor, at ids: Tensor) {
        let sum = sums[0] ?? .zeros(like: model.parameters[0].tensor)
        sum.accumulateRows(rows, at: ids)
        sums[0] = sum
    }

    private mutating func add(_ part: Tensor, at place: Int) {
        if let sum = sums[place] { sum.accumulate(part) } else { sums[place] = part }
    }
}
