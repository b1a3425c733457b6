// Graphs of a device's work: what a piece of a program launches is captured once and launched again as a whole.

internal import CTorch

/// Work that can be launched again: it reads and writes the memory it read and wrote when it was captured.
public protocol StepGraph: AnyObject {
    /// Launches the work on the device's current stream; a failure is recorded as an operator's is.
    func replay()
}

/// How a piece of work becomes a graph.
public struct GraphCapture {
    /// Runs a body as itself, so that what it makes on first use is there when it is captured.
    public let warm: (_ body: () -> Void) -> Void
    /// Captures what a body launches, without computing it; throws `TorchError` if an operator of it cannot be captured. A graph made
    /// beside another shares its memory: neither may be replayed while the other's results are wanted.
    public let capture: (_ beside: (any StepGraph)?, _ body: @escaping () -> Void) throws -> any StepGraph

    public init(
        warm: @escaping (_ body: () -> Void) -> Void,
        capture: @escaping (_ beside: (any StepGraph)?, _ body: @escaping () -> Void) throws -> any StepGraph
    ) {
        self.warm = warm
        self.capture = capture
    }

    /// The device's own; nil where it has none (`Runtime.graphSupport`).
    public static var ofDevice: GraphCapture? {
        guard Runtime.device == .cuda, ct_can_capture() != 0 else { return nil }
        return GraphCapture(warm: DeviceGraph.warm) { beside, body in
            try DeviceGraph(beside: beside as? DeviceGraph, body)
        }
    }
}

extension Runtime {
    /// How decoding steps are launched on a device, in words.
    public static func graphSupport(on device: Device) -> String { String(cString: ct_graph_support(device.code)) }
}

/// libtorch's graph of a device's work.
final class DeviceGraph: StepGraph {
    private let handle: ct_graph?

    init(beside: DeviceGraph?, _ body: () -> Void) throws {
        var made: ct_graph?
        try CapturedWork.given(to: "capture a graph", body) { context in
            ct_graph_capture(beside?.handle, { CapturedWork.run($0) ? 1 : 0 }, context, &made)
        }
        handle = made
    }

    deinit { ct_graph_free(handle) }

    func replay() { change("replay a graph") { ct_graph_replay(handle) } }

    static func warm(_ body: () -> Void) {
        if FailureScope.hasFailed { return }
        do {
            try CapturedWork.given(to: "warm a graph", body) { ct_on_graph_stream({ _ = CapturedWork.run($0) }, $0) }
        } catch {
            if let failure = error as? TorchError { record(failure) }
        }
    }
}

/// What a C function is given that calls back: it cannot capture.
final class CapturedWork {
    private let body: () -> Void
    private var failure: (any Error)?

    private init(_ body: @escaping () -> Void) { self.body = body }

    /// Hands `body` to a C function as the context of its callback, which is `run`.
    ///
    /// - Throws: the `TorchError` of an operator of `body` that failed, which says more than what it led to, or that of the function.
    static func given(to operation: StaticString, _ body: () -> Void, _ call: (UnsafeMutableRawPointer) -> ct_status)
        throws
    {
        try withoutActuallyEscaping(body) { body in
            let work = CapturedWork(body)
            let status = call(Unmanaged.passUnretained(work).toOpaque())
            if let failure = withExtendedLifetime(work, { work.failure }) { throw failure }
            try throwing(status, operation)
        }
    }

    /// Runs the work of a context in a scope of its own, so that what cannot be captured is no failure of the caller's; false if it failed.
    static func run(_ context: UnsafeMutableRawPointer?) -> Bool {
        guard let context else { return false }
        let work = Unmanaged<CapturedWork>.fromOpaque(context).takeUnretainedValue()
        do {
            try withTorchErrors(work.body)
        } catch {
            work.failure = error
        }
        return work.failure == nil
    }
}
