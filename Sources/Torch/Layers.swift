// Transformer layers as functions of tensors; shapes are in ctorch.h.

internal import CTorch

extension Tensor {
    /// x W^T + b: x [.., I], weight [O, I], bias [O].
    public func linear(_ weight: Tensor, bias: Tensor? = nil) -> Tensor {
        Tensor.make("linear") { ct_linear(handle, weight.handle, bias?.handle, $0) }
    }

    /// Queries, keys and values of x [N, I]: three linear layers, weights [O, I], biases [O].
    public func projections(
        _ query: (weight: Tensor, bias: Tensor?), _ key: (weight: Tensor, bias: Tensor?),
        _ value: (weight: Tensor, bias: Tensor?)
    ) -> (query: Tensor, key: Tensor, value: Tensor) {
        let layers = [query, key, value]
        var made = [ct_tensor?](repeating: nil, count: layers.count)
        change("projections") {
            ct_projections(handle, layers.map(\.weight.handle), layers.map { $0.bias?.handle }, &made)
        }
        return (Tensor(owning: made[0]), Tensor(owning: made[1]), Tensor(owning: made[2]))
    }

    /// Rows of this weight [V, D] for int64 ids [..] -> [.., D].
    public func embedding(_ ids: Tensor) -> Tensor {
        Tensor.make("embedding") { ct_embedding(handle, ids.handle, $0) }
    }

    /// RMSNorm over the last axis (1910.07467, eq. 4).
    public func rmsNorm(_ weight: Tensor, epsilon: Double) -> Tensor {
        Tensor.make("RMSNorm") { ct_rms_norm(handle, weight.handle, epsilon, $0) }
    }

    /// silu(self) · up (2002.05202).
    public func swiglu(_ up: Tensor) -> Tensor {
        Tensor.make("SwiGLU") { ct_swiglu(handle, up.handle, $0) }
    }

    /// gelu(self) · up, gelu by its tanh approximation (1606.08415, section 2; 2002.05202).
    public func geglu(_ up: Tensor) -> Tensor {
        Tensor.make("GeGLU") { ct_geglu(handle, up.handle, $0) }
    }

    /// residual + (silu(x Wg^T) · x Wu^T) Wd^T of x [N, D]: gate, up [I, D], down [D, I], residual [N, D] (2002.05202).
    ///
    /// In bfloat16 gate and up are rounded too, and kept in bfloat16 for the backward pass.
    public func feedForward(gate: Tensor, up: Tensor, down: Tensor, residual: Tensor) -> Tensor {
        Tensor.make("feed-forward layer") {
            ct_feed_forward(handle, gate.handle, up.handle, down.handle, residual.handle, $0)
        }
    }

    /// Rotary position embedding of [.., T, H, D] by the half-split convention (2104.09864).
    public func rotary(cosine: Tensor, sine: Tensor) -> Tensor {
        Tensor.make("rotary embedding") { ct_rotary(handle, cosine.handle, sine.handle, $0) }
    }
}
