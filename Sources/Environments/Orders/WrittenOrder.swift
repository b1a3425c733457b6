// The order of the file, again and again.

public import ConfigCoding
public import Trajectories

/// Position p holds problem p mod count.
public struct WrittenOrder: ProblemOrder {
    public init() {}
    public init(from section: ConfigSection) throws {}

    public func sequence(of problems: [Problem], seed: UInt64, positions: Int) -> any ProblemSequence {
        WrittenSequence(count: problems.count)
    }
}

/// Epochs of `count` positions, all alike.
public struct WrittenSequence: ProblemSequence, Equatable {
    public var count: Int

    /// - Parameter count: at least 1.
    public init(count: Int) { self.count = count }

    public func index(at position: Int) -> Int { position % count }
}
