// Independent pieces of work on all cores, with results in order.

import Dispatch
import Synchronization

/// The results of `body(0)` ..< `body(count)`, computed on as many threads as there are cores.
///
/// - Throws: the error of the lowest index that failed.
public func inParallel<Value: Sendable>(
    _ count: Int, _ body: @Sendable (Int) throws -> Value
) throws -> [Value] {
    let results = Mutex([Result<Value, any Error>?](repeating: nil, count: count))
    DispatchQueue.concurrentPerform(iterations: count) { index in
        let result = Result { try body(index) }
        results.withLock { $0[index] = result }
    }
    return try results.withLock { try $0.compactMap { try $0?.get() } }
}
