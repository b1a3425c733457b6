// Every problem once per epoch, each epoch in an order of its own.

public import ConfigCoding
public import Trajectories

/// A Fisher-Yates permutation for each epoch, drawn from (seed, epoch).
public struct ShuffledOrder: ProblemOrder {
    public init() {}
    public init(from section: ConfigSection) throws {}

    public func sequence(of problems: [Problem], seed: UInt64, positions: Int) -> any ProblemSequence {
        ShuffledSequence(count: problems.count, seed: seed)
    }
}

/// Epochs of `count` positions.
public struct ShuffledSequence: ProblemSequence, Equatable {
    public var count: Int
    public var seed: UInt64

    /// - Parameter count: at least 1.
    public init(count: Int, seed: UInt64) {
        self.count = count
        self.seed = seed
    }

    public func index(at position: Int) -> Int {
        let (epoch, offset) = position.quotientAndRemainder(dividingBy: count)
        var random = RandomSource(seed: seed, purpose: .shuffling, step: epoch)
        var order = Array(0..<count)
        order.shuffle(using: &random)
        return order[offset]
    }
}
