// Independent parts of a computation, each on one thread through all its operators.

internal import CTorch

/// Runs `body` for every part in 0..<parts on libtorch's threads, at the caller's precision and grad mode, on the CPU.
///
/// Operators within a part run on its thread alone. For work of many small operators, where threads that meet at each of
/// them wait longer than they compute. Parts may read what they share, tensors too; what a part makes leaves it as values,
/// or stays with an object that one thread at a time uses.
/// - Returns: what each part returned, in order.
/// - Throws: the error of the first part, by number, that failed.
public func inParts<Value: Sendable>(_ parts: Int, _ body: (_ part: Int) throws -> Value) throws -> [Value] {
    var results = [Result<Value, any Error>?](repeating: nil, count: parts)
    results.withUnsafeMutableBufferPointer { results in
        let slots = results
        withoutActuallyEscaping(body) { body in
            let work = PartWork { part in slots[part] = Result { try withTorchErrors { try body(part) } } }
            ct_run_parts(
                Int64(parts),
                { context, part in
                    guard let context else { return }
                    Unmanaged<PartWork>.fromOpaque(context).takeUnretainedValue().run(Int(part))
                }, Unmanaged.passUnretained(work).toOpaque())
            withExtendedLifetime(work) {}
        }
    }
    return try results.compactMap { try $0?.get() }
}

/// What a C callback is given: it cannot capture.
private final class PartWork {
    let run: (Int) -> Void
    init(_ run: @escaping (Int) -> Void) { self.run = run }
}
