// Making tensors from Swift values, and reading them back.

internal import CTorch

/// A Swift scalar that libtorch stores under a dtype of the same layout.
public protocol TensorScalar {
    static var dtype: DType { get }
}
extension Float: TensorScalar { public static var dtype: DType { .float32 } }
extension Double: TensorScalar { public static var dtype: DType { .float64 } }
extension Int32: TensorScalar { public static var dtype: DType { .int32 } }
extension Int64: TensorScalar { public static var dtype: DType { .int64 } }

extension Tensor {
    public static func zeros(_ shape: [Int], dtype: DType = .float32, device: Device = Runtime.device) -> Tensor {
        let extents = shape.map(Int64.init)
        return make("zeros") { ct_zeros(extents, Int32(extents.count), dtype.code, device.code, $0) }
    }

    public static func zeros(like other: Tensor) -> Tensor {
        zeros(other.shape, dtype: other.dtype, device: other.device)
    }

    /// Copies `values`, in row-major order, into a tensor of `shape`.
    public init<Scalar: TensorScalar>(_ values: [Scalar], shape: [Int], device: Device = Runtime.device) {
        self = values.withUnsafeBytes { Tensor(bytes: $0, shape: shape, dtype: Scalar.dtype, device: device) }
    }

    public init<Scalar: TensorScalar>(_ values: [Scalar], device: Device = Runtime.device) {
        self.init(values, shape: [values.count], device: device)
    }

    /// Copies raw elements of `dtype`; their number of bytes must fit `shape`.
    public init(bytes: UnsafeRawBufferPointer, shape: [Int], dtype: DType, device: Device = Runtime.device) {
        let extents = shape.map(Int64.init)
        self = Tensor.make("tensor from bytes") {
            ct_from_bytes(
                bytes.baseAddress, Int64(bytes.count), extents, Int32(extents.count), dtype.code, device.code, $0)
        }
    }

    /// All elements in row-major order; empty after a failure. The tensor's dtype must be the scalar's.
    public func values<Scalar: TensorScalar>(as: Scalar.Type = Scalar.self) -> [Scalar] {
        guard handle != nil else { return [] }
        guard dtype == Scalar.dtype else {
            record(TorchError(.invalid, "read a \(dtype) tensor as \(Scalar.dtype)", place: "values"))
            return []
        }
        return [Scalar](unsafeUninitializedCapacity: count) { buffer, filled in
            let bytes = Int64(count * MemoryLayout<Scalar>.stride)
            filled = check(ct_copy_bytes(handle, buffer.baseAddress, bytes), "values") ? count : 0
        }
    }

    public var floats: [Float] { (dtype == .float32 ? self : cast(to: .float32)).values() }

    /// Copies the elements into `destination`, whose size must be the tensor's.
    public func copyBytes(to destination: UnsafeMutableRawBufferPointer) throws {
        try throwing(ct_copy_bytes(handle, destination.baseAddress, Int64(destination.count)), "copy to host")
    }

    /// Overwrites this tensor's elements in place, outside any gradient.
    public func assign(_ source: Tensor) { change("assign") { ct_copy(handle, source.handle) } }

    /// Adds in place, outside any gradient.
    public func accumulate(_ addend: Tensor) { change("accumulate") { ct_accumulate(handle, addend.handle) } }

    /// Adds row i of `rows` [N, D] to row `ids[i]` of this matrix, in order; ids int64 [N].
    public func accumulateRows(_ rows: Tensor, at ids: Tensor) {
        change("accumulate rows") { ct_accumulate_rows(handle, ids.handle, rows.handle) }
    }
}
