// All solutions of a Countdown problem, and how many there are in a range of problems.

public import Trajectories

extension Countdown {
    /// How hard a range of problems is.
    public struct Statistics: Sendable, Equatable {
        public var problems: Int
        /// Mean and median number of distinct solutions of a problem.
        public var meanSolutions: Double
        public var medianSolutions: Double
        /// Share of problems with exactly one solution.
        public var uniqueShare: Double
        /// Mean share of solutions among all distinct expressions: what blind guessing of a well-formed expression
        /// would score.
        public var guessingRate: Double
    }

    /// Every distinct solution, in a stable order. Expressions that differ only by commutativity, associativity,
    /// needless parentheses or the exchange of equal numbers are one solution, shown in one canonical way.
    /// - Throws: `EnvironmentError` `.badProblem`, also for more than 6 numbers, whose expressions are too many to
    ///   list.
    public func solutions(of problem: Problem) throws -> [String] {
        let (forms, target) = try enumeration(of: problem)
        return forms.forms(valued: target).map(forms.canonicalText)
    }

    /// Counts solutions over a range of problems. An empty range gives zeros.
    /// - Throws: as `problem(_:split:)`.
    public func statistics(over range: Range<Int>, split: Split) throws -> Statistics {
        var counts: [Int] = []
        var rates = 0.0
        for index in range {
            let (forms, target) = try enumeration(of: problem(index, split: split))
            let values = forms.values()
            let solutions = values.count { $0 == target }
            counts.append(solutions)
            rates += Double(solutions) / Double(values.count)
        }
        guard !counts.isEmpty else {
            return Statistics(problems: 0, meanSolutions: 0, medianSolutions: 0, uniqueShare: 0, guessingRate: 0)
        }
        counts.sort()
        let number = Double(counts.count)
        let middle = counts.count / 2
        let median = counts.count % 2 == 1 ? Double(counts[middle]) : Double(counts[middle - 1] + counts[middle]) / 2
        return Statistics(
            problems: counts.count, meanSolutions: Double(counts.reduce(0, +)) / number, medianSolutions: median,
            uniqueShare: Double(counts.count { $0 == 1 }) / number, guessingRate: rates / number)
    }

    private func enumeration(of problem: Problem) throws -> (forms: CountdownForms, target: Int) {
        let fields = try CountdownFields(problem)
        guard fields.numbers.count <= CountdownForms.maximumNumbers else {
            throw EnvironmentError(
                .badProblem,
                "a problem with more than \(CountdownForms.maximumNumbers) numbers has too many solutions to list",
                place: problem.id)
        }
        return (CountdownForms(fields.numbers), fields.target)
    }
}
