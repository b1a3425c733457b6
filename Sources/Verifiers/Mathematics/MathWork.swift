// The step budget of one comparison: work is counted, never timed, so that a verdict depends on the texts alone.

/// Why an answer has no value.
enum MathFault: Error, Equatable {
    /// The text is not an expression that the grammar knows.
    case syntax
    /// The expression has no value here: a division by zero, a function outside its domain.
    case undefined
    /// A bound on depth, size or steps was reached.
    case tooComplex
}

/// Counts steps down; shared by everything that one comparison does.
///
/// A step stands for 10 to 400 nanoseconds: a limb product, a character read, a node visited costs one or a few.
final class MathWork {
    /// Steps of one comparison.
    static let budget = 100_000

    private(set) var used = 0

    /// - Throws: `MathFault.tooComplex` once the budget is spent.
    func spend(_ steps: Int) throws {
        guard steps <= Self.budget - used else {
            used = Self.budget
            throw MathFault.tooComplex
        }
        used += steps
    }
}
