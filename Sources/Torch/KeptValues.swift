// What the operators of a model's pass computed for its rows, kept so that a later pass over the same rows need not compute it again.

internal import CTorch

/// Values of linear layers and of attention in float32, on the CPU's fused passes.
///
/// Void once a weight has changed. A thread writes under numbers of one reservation at a time; reading and reserving are any thread's.
public final class KeptValues {
    private let handle: ct_kept?

    public init() {
        var made: ct_kept?
        change("keep values") { ct_kept_make(&made) }
        handle = made
    }

    deinit { ct_kept_free(handle) }

    /// The first of as many numbers for rows; their memory is taken as they are written.
    public func reserve(_ rows: Int) -> Int64 {
        var first: Int64 = 0
        change("reserve rows") { ct_kept_reserve(handle, Int64(rows), &first) }
        return first
    }

    /// `body` computes a pass over these rows and keeps it.
    public func writing<Result>(_ rows: [Int64], _ body: () throws -> Result) rethrows -> Result {
        try during(rows, reads: 0, body)
    }

    /// `body` calls the operators of a pass over these rows, which give what was kept, and its gradients.
    public func reading<Result>(_ rows: [Int64], _ body: () throws -> Result) rethrows -> Result {
        try during(rows, reads: 1, body)
    }

    /// Gives up what was kept; its memory stays for what is kept next.
    public func clear() { change("clear kept values") { ct_kept_clear(handle) } }

    private func during<Result>(_ rows: [Int64], reads: Int32, _ body: () throws -> Result) rethrows -> Result {
        change("keep a pass") { ct_kept_begin(handle, reads, rows, Int64(rows.count)) }
        defer { ct_kept_end() }
        return try body()
    }
}
