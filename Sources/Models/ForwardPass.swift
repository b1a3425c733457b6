// Chosen rows of a forward pass, with the way back to the tensors that gradients are taken by.

public import Torch

/// Hidden states [n, D] of some rows; keeps what their gradient needs.
public struct ForwardPass {
    public let hidden: Tensor
    private let differentiate: (_ seed: Tensor, _ head: Tensor?, _ retainsGraph: Bool) -> [Tensor]

    init(
        _ hidden: Tensor, differentiate: @escaping (_ seed: Tensor, _ head: Tensor?, _ retainsGraph: Bool) -> [Tensor]
    ) {
        self.hidden = hidden
        self.differentiate = differentiate
    }

    /// d(hidden · seed) by each of the model's leaves.
    /// - Parameters:
    ///   - head: a gradient of the policy head's weight [V, D], to which what comes from the layers is added; one of the results is it.
    ///   - retainsGraph: keeps what another call needs.
    public func gradients(seed: Tensor, head: Tensor? = nil, retainsGraph: Bool) -> [Tensor] {
        differentiate(seed, head, retainsGraph)
    }
}
