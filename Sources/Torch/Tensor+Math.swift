// Arithmetic on tensors.

internal import CTorch

extension Tensor {
    public static func + (a: Tensor, b: Tensor) -> Tensor { make("add") { ct_add(a.handle, b.handle, $0) } }
    public static func - (a: Tensor, b: Tensor) -> Tensor { make("subtract") { ct_subtract(a.handle, b.handle, $0) } }
    public static func * (a: Tensor, b: Tensor) -> Tensor { make("multiply") { ct_multiply(a.handle, b.handle, $0) } }
    public static func * (a: Tensor, factor: Double) -> Tensor { make("scale") { ct_scale(a.handle, factor, $0) } }
    public static func + (a: Tensor, amount: Double) -> Tensor { make("shift") { ct_shift(a.handle, amount, $0) } }

    public func sum() -> Tensor { Tensor.make("sum") { ct_sum(handle, $0) } }
    public func exp() -> Tensor { Tensor.make("exp") { ct_exp(handle, $0) } }
    public func matmul(_ other: Tensor) -> Tensor { Tensor.make("matmul") { ct_matmul(handle, other.handle, $0) } }
    public func cast(to dtype: DType) -> Tensor { Tensor.make("cast") { ct_to_dtype(handle, dtype.code, $0) } }
    /// A contiguous copy.
    public func clone() -> Tensor { Tensor.make("clone") { ct_clone(handle, $0) } }
}
