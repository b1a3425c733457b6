// Transformer layers as functions of tensors; shapes are in ctorch.h.

internal import CTorch

extension Tensor {
    /// x W^T + b: x [.., I], weight [O, I], bias [O].
    public func linear(_ weight: Tensor, bias: Tensor? = nil) -> Tensor {
        Tensor.make("linear") { ct_linear(handle, weight.handle, bias?.handle, $0) }
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

    /// Rotary position embedding of [.., T, H, D] by the half-split convention (2104.09864).
    public func rotary(cosine: Tensor, sine: Tensor) -> Tensor {
        Tensor.make("rotary embedding") { ct_rotary(handle, cosine.handle, sine.handle, $0) }
    }
}
