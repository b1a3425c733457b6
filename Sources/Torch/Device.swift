// The device that tensors live on: the thread's own for new tensors, and the operators it takes.

internal import CTorch

public enum Device: String, Sendable, CaseIterable {
    case cpu, cuda

    var code: ct_device { self == .cpu ? CT_CPU : CT_CUDA }

    init(_ code: ct_device) { self = code == CT_CUDA ? .cuda : .cpu }

    /// The device itself if this machine has it.
    /// - Throws: `TorchError` (`.unsupported`) when it has not.
    @discardableResult
    public func checked() throws -> Device {
        guard self == .cuda, Runtime.cudaDevices == 0 else { return self }
        let reason =
            Runtime.hasCUDA
            ? "finds no NVIDIA GPU that answers; choose device cpu, or see with nvidia-smi what the driver says"
            : "was built without CUDA; choose device cpu, or give LIBTORCH a CUDA build on a machine with an NVIDIA GPU"
        throw TorchError(
            .unsupported, "device cuda was asked for, but libtorch \(Runtime.version) \(reason)", place: "device")
    }
}

/// Runs `body` with new tensors on a device. Synchronous on purpose: like grad mode, the device belongs to the thread.
///
/// Models, caches and optimisers stay where they were made: whoever loads one runs it under the same device.
public func withDevice<Result>(_ device: Device, _ body: () throws -> Result) rethrows -> Result {
    let before = ct_set_default_device(device.code)
    defer { _ = ct_set_default_device(before) }
    return try body()
}

/// Runs `body` with every operator composed of libtorch's, as on a device other than the CPU: for tests.
public func withLibraryOperators<Result>(_ body: () throws -> Result) rethrows -> Result {
    let before = ct_set_library_operators(1)
    defer { _ = ct_set_library_operators(before) }
    return try body()
}

extension Runtime {
    /// The device of this thread's new tensors, the CPU until set.
    public static var device: Device {
        get { Device(ct_default_device()) }
        set { _ = ct_set_default_device(newValue.code) }
    }

    /// Whether operators on this thread's new tensors are compositions of libtorch's rather than fused passes on the CPU.
    public static var usesLibraryOperators: Bool { device != .cpu || ct_library_operators() != 0 }

    /// How the policy head's tiles are reduced on a device, in words.
    public static func headReduction(on device: Device) -> String {
        String(cString: ct_reduction_kernel(device.code))
    }

    /// Waits until the device has done what it was given; the CPU always has.
    public static func synchronize() throws {
        try throwing(ct_synchronize(device.code), "synchronize")
    }

    /// Compiles the fused reduction for a GPU architecture such as "sm_90" and returns the bytes of its machine code.
    ///
    /// - Throws: `TorchError` (`.unsupported`) where NVRTC is not found; a GPU is not needed.
    public static func compileReduction(for architecture: String) throws -> Int {
        var bytes: Int64 = 0
        try throwing(ct_compile_reduction(architecture, &bytes), "compile the reduction")
        return Int(bytes)
    }
}
