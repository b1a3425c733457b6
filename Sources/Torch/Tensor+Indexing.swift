// Shapes, views and rows of tensors.

internal import CTorch

extension Tensor {
    public func reshaped(_ shape: [Int]) -> Tensor {
        let extents = shape.map(Int64.init)
        return Tensor.make("reshape") { ct_reshape(handle, extents, Int32(extents.count), $0) }
    }

    public func transposed(_ first: Int, _ second: Int) -> Tensor {
        Tensor.make("transpose") { ct_transpose(handle, Int32(first), Int32(second), $0) }
    }

    /// The view `self[range]` along `axis`.
    public func slice(_ range: Range<Int>, axis: Int = 0) -> Tensor {
        Tensor.make("slice") { ct_slice(handle, Int32(axis), Int64(range.lowerBound), Int64(range.upperBound), $0) }
    }

    /// The rows of axis 0 named by `indices`, in that order.
    public func rows(_ indices: [Int64]) -> Tensor {
        rows(Tensor(indices, device: device))
    }

    /// The rows of axis 0 named by int64 `indices` [M], in that order.
    public func rows(_ indices: Tensor) -> Tensor {
        Tensor.make("rows") { ct_index_rows(handle, indices.handle, $0) }
    }
}
