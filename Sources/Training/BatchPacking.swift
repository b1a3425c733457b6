// Cutting a mini-batch into micro-batches of whole groups that fit a token budget; a pure function of the sequences.

/// Which sequences are computed together.
public enum BatchPacking {
    /// Some completions of one prompt, which is computed once for all of them: indices of sequences.
    public typealias Group = [Int]

    /// Micro-batches of the given sequences, each a list of groups.
    ///
    /// Sequences of the same prompt form a group, in order of first appearance. A group costs its prompt and its
    /// completions; the sum of a micro-batch stays within `budget`. Only a group that exceeds the budget is cut, into
    /// parts that each compute the prompt again; a sequence that exceeds it stands alone. Every index appears once.
    public static func microBatches(_ sequences: [TrainingSequence], _ indices: [Int], budget: Int) -> [[Group]] {
        var batches: [[Group]] = []
        var room = 0
        for group in groups(sequences, indices) {
            let prompt = sequences[group[0]].prompt.count
            let whole = group.reduce(prompt) { $0 + sequences[$1].completionRows }
            if whole <= room {
                batches[batches.count - 1].append(group)
                room -= whole
            } else {
                for part in parts(group, sequences, room: budget - prompt) {
                    batches.append([part])
                    room = part.reduce(budget - prompt) { $0 - sequences[$1].completionRows }
                }
            }
        }
        return batches
    }

    /// The given sequences for each of `parts` threads, so that all have about as many rows to compute.
    ///
    /// Consecutive groups, in order of first appearance. A group is cut where leaving it whole would cost more rows than
    /// computing its prompt again; completions never are.
    public static func shares(_ sequences: [TrainingSequence], _ indices: [Int], parts: Int) -> [[Int]] {
        let groups = groups(sequences, indices)
        func rows(_ group: ArraySlice<Int>) -> Int { group.reduce(0) { $0 + sequences[$1].completionRows } }
        let total = groups.reduce(0) { $0 + sequences[$1[0]].prompt.count + rows($1[...]) }
        var shares = [[Int]](repeating: [], count: parts)
        var part = 0
        var given = 0
        for group in groups {
            let prompt = sequences[group[0]].prompt.count
            var rest = group[...]
            while !rest.isEmpty {
                let room = total * (part + 1) / parts - given - prompt
                var taken = rest
                if part < parts - 1, rows(rest) > room + prompt {
                    // a completion goes where the larger half of it lies
                    while let last = taken.last, rows(taken) - sequences[last].completionRows / 2 > room {
                        taken.removeLast()
                    }
                }
                shares[part] += taken
                given += taken.isEmpty ? 0 : prompt + rows(taken)
                rest = rest.dropFirst(taken.count)
                if part < parts - 1, !rest.isEmpty || given >= total * (part + 1) / parts { part += 1 }
            }
        }
        return shares
    }

    private static func groups(_ sequences: [TrainingSequence], _ indices: [Int]) -> [Group] {
        var places: [[Int32]: Int] = [:]
        var groups: [Group] = []
        for index in indices {
            let place = places[sequences[index].prompt, default: groups.count]
            if place == groups.count {
                places[sequences[index].prompt] = place
                groups.append([])
            }
            groups[place].append(index)
        }
        return groups
    }

    /// Consecutive completions whose rows fit `room`, at least one each.
    private static func parts(_ group: Group, _ sequences: [TrainingSequence], room: Int) -> [Group] {
        var parts: [Group] = []
        var left = 0
        for index in group {
            let rows = sequences[index].completionRows
            if parts.isEmpty || rows > left {
                parts.append([])
                left = room
            }
            parts[parts.count - 1].append(index)
            left -= rows
        }
        return parts
    }
}
