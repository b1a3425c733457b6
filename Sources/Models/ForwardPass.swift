// Chosen rows of a forward pass, with the way back to the parameters.

public import Torch

/// Hidden states [n, D] of some rows; keeps what their gradient needs.
public struct ForwardPass {
    public let hidden: Tensor
    private let differentiate: (_ seed: Tensor, _ sums: inout ParameterGradients, _ retainsGraph: Bool) -> Void

    init(
        _ hidden: Tensor,
        differentiate: @escaping (_ seed: Tensor, _ sums: inout ParameterGradients, _ retainsGraph: Bool) -> Void
    ) {
        self.hidden = hidden
        self.differentiate = differentiate
    }

    /// Adds d(hidden · seed) by each of the model's parameters, layer by layer.
    /// - Parameter retainsGraph: keeps what another call needs.
    public func addGradients(seed: Tensor, to sums: inout ParameterGradients, retainsGraph: Bool) {
        differentiate(seed, &sums, retainsGraph)
    }
}
