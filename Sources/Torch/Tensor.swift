// A tensor: one owner of one libtorch handle. Not Sendable: a tensor stays on the thread of its engine.

internal import CTorch

public enum DType: Sendable {
    case float32, bfloat16, float16, float64, int32, int64, bool

    var code: ct_dtype {
        switch self {
        case .float32: CT_FLOAT32
        case .bfloat16: CT_BFLOAT16
        case .float16: CT_FLOAT16
        case .float64: CT_FLOAT64
        case .int32: CT_INT32
        case .int64: CT_INT64
        case .bool: CT_BOOL
        }
    }

    init?(_ code: ct_dtype) {
        switch code {
        case CT_FLOAT32: self = .float32
        case CT_BFLOAT16: self = .bfloat16
        case CT_FLOAT16: self = .float16
        case CT_FLOAT64: self = .float64
        case CT_INT32: self = .int32
        case CT_INT64: self = .int64
        case CT_BOOL: self = .bool
        default: return nil
        }
    }

    /// Bytes of one element.
    public var byteCount: Int {
        switch self {
        case .float64, .int64: 8
        case .float32, .int32: 4
        case .bfloat16, .float16: 2
        case .bool: 1
        }
    }
}

/// A value-like reference to a libtorch tensor. Copies share storage, as libtorch's do.
///
/// Operators do not throw; a failed one yields a missing tensor and the enclosing `withTorchErrors` reports it.
public struct Tensor {
    /// Ends the handle exactly once.
    private final class Storage {
        let handle: ct_tensor?
        init(_ handle: ct_tensor?) { self.handle = handle }
        deinit { ct_tensor_free(handle) }
    }

    private let storage: Storage

    /// Takes over a +1 handle.
    init(owning handle: ct_tensor?) { storage = Storage(handle) }

    var handle: ct_tensor? { storage.handle }

    /// Runs one call that makes a tensor.
    static func make(_ operation: StaticString, _ body: (UnsafeMutablePointer<ct_tensor?>) -> ct_status) -> Tensor {
        if FailureScope.hasFailed { return Tensor(owning: nil) }
        var out: ct_tensor?
        check(body(&out), operation)
        return Tensor(owning: out)
    }

    public var rank: Int { Int(ct_rank(handle)) }
    public var count: Int { Int(ct_count(handle)) }
    public var shape: [Int] { (0..<ct_rank(handle)).map { Int(ct_size(handle, $0)) } }
    /// The size of one axis; 0 for a missing tensor, so that code after a failed operator runs on to the scope's end.
    public func extent(_ axis: Int) -> Int { Int(ct_size(handle, Int32(axis))) }
    public var device: Device { Device(ct_device_of(handle)) }

    /// The element type; float32 for a missing tensor.
    public var dtype: DType {
        var code = CT_FLOAT32
        guard handle != nil, check(ct_dtype_of(handle, &code), "dtype") else { return .float32 }
        return DType(code) ?? .float32
    }
}
