// What a thread hands to libtorch's dispatcher: for tests that count rows, copies and waits where no device is at hand to time them.

internal import CTorch

/// One operator as libtorch's dispatcher saw it.
public struct RecordedOperator: Sendable, Equatable {
    /// Such as "aten::mm".
    public let name: String
    /// The shapes of the tensors it was given.
    public let shapes: [[Int]]

    public init(name: String, shapes: [[Int]]) {
        self.name = name
        self.shapes = shapes
    }

    fileprivate init?(line: Substring) {
        let words = line.split(separator: " ")
        guard let first = words.first else { return nil }
        // a tensor is its device and its extents, as in "cpux2x3"
        self.init(
            name: String(first),
            shapes: words.dropFirst().map { $0.split(separator: "x").dropFirst().compactMap { Int($0) } })
    }
}

/// The result of `body`, and the operators that this thread dispatched in it, outer ones before those they are made of.
///
/// - Throws: `TorchError` if libtorch cannot record.
public func recordingOperators<Result>(_ body: () throws -> Result) throws -> (Result, [RecordedOperator]) {
    try throwing(ct_record_operators(1), "record operators")
    defer { _ = ct_record_operators(0) }
    let result = try body()
    let lines = String(cString: ct_recorded_operators())
    return (result, lines.split(separator: "\n").compactMap { RecordedOperator(line: $0) })
}
