// The precision of matrix products, and the kernels this machine computes them with.

internal import CTorch

/// What the operands of every product of a linear layer, of attention and of the policy head are rounded to.
///
/// Master weights, accumulation, softmax, logits and statistics are float32 in all, and so are activations between
/// layers; within a feed-forward layer bfloat16 rounds gate and up as well. Attention rounds where its products run on
/// tiles, and then decoding keeps keys and values as it rounds them: in bfloat16; in `bfloat16x3` they stay float32.
public enum ComputePrecision: String, Sendable, CaseIterable {
    case float32
    /// Operands as the sum of two bfloat16 numbers, 17 significant bits, in three products (1904.06376); float32 where the
    /// processor would not be faster at it.
    case bfloat16x3
    case bfloat16

    var code: ct_precision {
        switch self {
        case .float32: CT_PRECISION_FLOAT32
        case .bfloat16x3: CT_PRECISION_BFLOAT16X3
        case .bfloat16: CT_PRECISION_BFLOAT16
        }
    }

    /// Bytes of a value of a packed weight.
    public var operandBytes: Int { self == .bfloat16 ? 2 : 4 }
}

/// Runs `body` at a precision. Synchronous on purpose: like grad mode, the precision belongs to the thread.
///
/// A linear layer's backward pass uses the precision of its forward; the policy head's, a call of its own, that of the
/// thread when it is made.
public func withPrecision<Result>(_ precision: ComputePrecision, _ body: () throws -> Result) rethrows -> Result {
    let before = ct_set_compute_precision(precision.code)
    defer { _ = ct_set_compute_precision(before) }
    return try body()
}

/// Runs `body` with libtorch's BLAS for every product, whatever this machine has: for tests and comparisons.
public func withLibraryProducts<Result>(_ body: () throws -> Result) rethrows -> Result {
    let before = ct_set_library_products(1)
    defer { _ = ct_set_library_products(before) }
    return try body()
}

extension Runtime {
    /// The precision of this thread's products, float32 until set.
    public static var precision: ComputePrecision {
        get { ComputePrecision.allCases.first { $0.code == ct_compute_precision() } ?? .float32 }
        set { _ = ct_set_compute_precision(newValue.code) }
    }

    /// The kernel that multiplies at a precision on this machine, in words.
    public static func productKernel(_ precision: ComputePrecision) -> String {
        String(cString: ct_product_kernel(precision.code))
    }

    /// What one product at a precision is made of on this machine: so many products of operands of this dtype.
    public static func operands(_ precision: ComputePrecision) -> (dtype: DType, products: Int) {
        switch precision {
        case .float32: (.float32, 1)
        case .bfloat16: (.bfloat16, 1)
        case .bfloat16x3: productKernel(.bfloat16x3) == productKernel(.float32) ? (.float32, 1) : (.bfloat16, 3)
        }
    }

    /// Whether libtorch's own bfloat16 products are hundreds of times slower than float32, for want of instructions.
    public static var libraryEmulatesBFloat16: Bool {
        #if arch(x86_64)
            device == .cpu && !vectorCapability.contains("AVX512")
        #else
            false
        #endif
    }

    /// Threads of the shim's own kernels; 1 where they found no OpenMP runtime.
    public static var kernelThreads: Int { Int(ct_loop_threads()) }

    /// Bytes held in packed copies of weights.
    public static var packedWeightBytes: Int { Int(ct_packed_bytes()) }
}

extension Tensor {
    /// Frees the packed copies of a weight that only forward passes read; the next one makes them again.
    public func releaseForwardCopies() { ct_release_forward_copies(handle) }
}
