// A named number that an algorithm reports about a batch.

/// One line of an algorithm's report. Names are snake case; a rule's own metrics carry its name before a slash.
public struct Metric: Sendable, Equatable {
    public var name: String
    public var value: Double

    public init(_ name: String, _ value: Double) {
        self.name = name
        self.value = value
    }
}
