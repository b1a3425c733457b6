// libtorch as found on this machine.

internal import CTorch

/// What libtorch is and may use. Call `prepare` once, first.
public enum Runtime {
    /// Sets the allocator's habits and, if given, the number of threads.
    public static func prepare(threads: Int? = nil) throws {
        ct_initialize()
        if let threads { try throwing(ct_set_threads(Int32(threads)), "set threads") }
    }

    public static var version: String { String(cString: ct_version()) }
    public static var vectorCapability: String { String(cString: ct_vector_capability()) }
    public static var threads: Int { Int(ct_threads()) }
    /// GPUs that libtorch can use.
    public static var cudaDevices: Int { max(0, Int(ct_cuda_devices())) }
    /// Whether libtorch was built with CUDA.
    public static var hasCUDA: Bool { ct_cuda_devices() >= 0 }
}
