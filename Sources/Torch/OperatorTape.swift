// A stand-in on the CPU, which has no graphs, for a graph of a device's work: for tests.

internal import CTorch

/// The operators that a piece of work called, kept with what they were given. A replay calls them again: it sees numbers of the host as
/// they were and elements of tensors as they are, and puts results where they went, as a graph does. Unlike a graph it computed the work
/// once when it was made.
public final class OperatorTape: StepGraph {
    private let handle: ct_tape?

    /// - Throws: the `TorchError` of an operator of `body` that failed.
    public init(_ body: () -> Void) throws {
        var made: ct_tape?
        try CapturedWork.given(to: "keep operators", body) { context in
            ct_tape_record({ _ = CapturedWork.run($0) }, context, &made)
        }
        handle = made
    }

    deinit { ct_tape_free(handle) }

    public func replay() { change("replay operators") { ct_tape_replay(handle) } }
}
