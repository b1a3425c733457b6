// How Countdown problems and their demonstrations are drawn.

public import Trajectories

extension Countdown {
    /// Draws before a split counts as empty. A split that has a tenth of the problems misses that often with
    /// probability 10^-45.
    private static let maximumDraws = 1_000

    public func problem(_ index: Int, split: Split) throws -> Problem {
        try draw(index, split: split).problem
    }

    /// The demonstration is drawn uniformly among the distinct solutions (see `solutions(of:)`), and the order of its
    /// operands uniformly among those that need no leading minus, so that many correct answers per problem are seen in
    /// training.
    public func demonstration(_ index: Int, split: Split) throws -> (problem: Problem, completion: String)? {
        let (problem, forms, target) = try draw(index, split: split)
        let matching = forms.forms(valued: target)
        var random = stream(index, split: split, part: 1)
        let chosen = matching[random.integer(below: matching.count)]
        return (problem, forms.text(of: chosen, using: &random))
    }

    /// Whether the problem with these numbers (in any order) and this target is held out. About one problem in ten is.
    public static func split(numbers: [Int], target: Int) -> Split {
        var state: (UInt32, UInt32, UInt32, UInt32) = (0, 0, UInt32(truncatingIfNeeded: numbers.count), 0)
        for word in numbers.sorted() + [target] {
            let bits = UInt64(bitPattern: Int64(word))
            let key = (UInt32(truncatingIfNeeded: bits), UInt32(truncatingIfNeeded: bits >> 32))
            state = Philox.block(counter: state, key: key)
        }
        return state.0 % 10 == 0 ? .heldout : .train
    }

    /// A problem with the forms over its numbers.
    private func draw(
        _ index: Int, split: Split
    ) throws -> (problem: Problem, forms: CountdownForms, target: Int) {
        guard index >= 0 else {
            throw EnvironmentError(
                .badIndex, "problems are numbered from 0, there is none with the number \(index)",
                place: "\(name)/\(split.rawValue)")
        }
        var random = stream(index, split: split, part: 0)
        for _ in 0..<Self.maximumDraws {
            let extra = random.integer(below: options.maxNumbers - options.minNumbers + 1)
            let numbers = (0..<(options.minNumbers + extra)).map { _ in 1 + random.integer(below: options.maxNumber) }
            let forms = CountdownForms(numbers)
            let targets = forms.values().filter { 1...options.maxTarget ~= $0 }
            if targets.isEmpty { continue }
            let target = targets[random.integer(below: targets.count)]
            guard Self.split(numbers: numbers, target: target) == split else { continue }
            let problem = Problem(
                id: "\(name)/\(split.rawValue)/\(index)",
                prompt: numbers.map(String.init).joined(separator: " ") + "=\(target)\n",
                fields: [
                    "numbers": .array(numbers.map { .number(Double($0)) }), "target": .number(Double(target)),
                ])
            return (problem, forms, target)
        }
        throw EnvironmentError(
            .exhausted,
            "found no \(split.rawValue) problem in \(Self.maximumDraws) draws; raise max_number, max_numbers or "
                + "max_target",
            place: name)
    }

    /// The stream of one index: part 0 draws the problem, part 1 its demonstration.
    private func stream(_ index: Int, split: Split, part: Int) -> RandomSource {
        RandomSource(
            seed: seed, purpose: .problems, step: index >> 32, prompt: index,
            sample: part * 2 + (split == .heldout ? 1 : 0))
    }
}
