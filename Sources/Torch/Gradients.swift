// Grad mode and reverse-mode gradients.

internal import CTorch

/// Runs `body` without recording gradients. Synchronous on purpose: grad mode belongs to the thread.
public func withoutGradient<Result>(_ body: () throws -> Result) rethrows -> Result {
    let before = ct_set_grad_enabled(0)
    defer { _ = ct_set_grad_enabled(before) }
    return try body()
}

/// Whether operators of this thread record gradients.
public var recordsGradients: Bool {
    let before = ct_set_grad_enabled(0)
    _ = ct_set_grad_enabled(before)
    return before != 0
}

extension Tensor {
    /// Marks a leaf as a parameter to differentiate by.
    public func requireGradient(_ required: Bool = true) {
        check(ct_require_grad(handle, required ? 1 : 0), "require gradient")
    }

    /// The same values outside the graph.
    public func detached() -> Tensor { Tensor.make("detach") { ct_detach(handle, $0) } }
}

/// d(Σ_j outputs_j · seeds_j)/d(inputs), one tensor per input; zeros where no output depends on it.
///
/// - Parameter retainGraph: keeps the graph for another call.
public func gradients(
    of outputs: [Tensor], seeds: [Tensor], by inputs: [Tensor], retainGraph: Bool = false
) -> [Tensor] {
    var grads = [ct_tensor?](repeating: nil, count: inputs.count)
    change("gradients") {
        ct_gradients(
            outputs.map(\.handle), seeds.map(\.handle), Int32(outputs.count), inputs.map(\.handle), Int32(inputs.count),
            retainGraph ? 1 : 0, &grads)
    }
    return zip(grads, inputs).map { grad, input in grad == nil ? Tensor.zeros(like: input) : Tensor(owning: grad) }
}
