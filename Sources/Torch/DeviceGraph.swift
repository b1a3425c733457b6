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
        try withoutActuallyEscaping(body) { body in
            let work = CapturedWork(body)
            let status = ct_graph_capture(
                beside?.handle,
                { context in
                    guard let context else { return 0 }
                    return Unmanaged<CapturedWork>.fromOpaque(context).takeUnretainedValue().run() ? 1 : 0
                }, Unmanaged.passUnretained(work).toOpaque(), &made)
            withExtendedLifetime(work) {}
            // an operator that could not be captured says more than the capture that it ended
            if let failure = work.failure { throw failure }
            try throwing(status, "capture a graph")
        }
        handle = made
    }

    deinit { ct_graph_free(handle) }

    func replay() { change("replay a graph") { ct_graph_replay(handle) } }

    static func warm(_ body: () -> Void) {
        withoutActuallyEscaping(body) { body in
            let work = CapturedWork(body)
            change("warm a graph") {
                ct_on_graph_stream(
                    { context in
                        guard let context else { return }
                        _ = Unmanaged<CapturedWork>.fromOpaque(context).takeUnretainedValue().run()
                    }, Unmanaged.passUnretained(work).toOpaque())
            }
            if let failure = work.failure as? TorchError { record(failure) }
        }
    }
}

/// What a C callback is given: it cannot capture.
final class CapturedWork {
    private let body: () -> Void
    private(set) var failure: (any Error)?

    init(_ body: @escaping () -> Void) { self.body = body }

    /// In a scope of its own, so that what cannot be captured is no failure of the caller's.
    func run() -> Bool {
        do {
            try withTorchErrors(body)
        } catch {
            failure = error
        }
        return failure == nil
    }
}
