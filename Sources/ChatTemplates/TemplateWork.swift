// The work of one rendering, counted: a template of a stranger ends soon, whatever it asks for.

/// Counts units up to a limit; shared by everything that one rendering does.
///
/// A unit stands for about a nanosecond and a byte. Whether a template is refused depends on it and its messages alone.
final class TemplateWork {
    /// Enough to take apart and print, some fifty units a byte, as much text as a template may make.
    static let limit = 1 << 30

    private var used = 0

    /// False once the limit is reached.
    func spend(_ units: Int) -> Bool {
        guard units <= Self.limit - used else {
            used = Self.limit
            return false
        }
        used += units
        return true
    }
}

extension TemplateRenderer {
    /// What a single step, an item of a list and the record of a namespace or macro cost.
    enum Cost {
        static let step = 128
        static let item = 128
        static let iteration = 128
        static let record = 1_000
        /// Texts are taken apart into scalars.
        static let byte = 4
    }

    func spend(_ units: Int, line: Int) throws(ChatTemplateError) {
        guard work.spend(units) else {
            throw failure("asks for more work than any conversation needs", line: line, code: .limit)
        }
    }

    /// Pays for one pass over a text or the items of a value.
    func pass(over value: TemplateValue, line: Int) throws(ChatTemplateError) {
        switch value {
        case .text(let text): try spend(Cost.byte * text.utf8.count, line: line)
        case .list(let items): try spend(Cost.item * items.count, line: line)
        case .mapping(let members): try spend(Cost.item * members.count, line: line)
        default: break
        }
    }

    /// Pays for a visit of all that a value holds, shared parts as often as they are met, and bounds how deep it nests:
    /// comparing, writing and even freeing a value goes as deep.
    /// - Parameter readsTexts: whether texts are read as well.
    func visit(
        _ value: TemplateValue, readsTexts: Bool = false, depth: Int = 0, line: Int
    ) throws(ChatTemplateError) {
        guard depth <= Limits.valueDepth else {
            throw failure("nests values more than \(Limits.valueDepth) deep", line: line, code: .limit)
        }
        switch value {
        case .list(let items):
            try spend(8 * items.count, line: line)
            for item in items { try visit(item, readsTexts: readsTexts, depth: depth + 1, line: line) }
        case .mapping(let members):
            try spend(8 * members.count, line: line)
            for member in members {
                try visit(member.value, readsTexts: readsTexts, depth: depth + 1, line: line)
            }
        case .text(let text) where readsTexts: try spend(text.utf8.count, line: line)
        case .method(let inner, _): try visit(inner, depth: depth + 1, line: line)
        default: break
        }
    }

    /// Python's `==`, paid for.
    func equal(_ left: TemplateValue, _ right: TemplateValue, line: Int) throws(ChatTemplateError) -> Bool {
        if case .text(let left) = left, case .text(let right) = right {
            try spend(min(left.utf8.count, right.utf8.count), line: line)
            return left.isSameText(as: right)
        }
        try visit(left, readsTexts: true, line: line)
        return left.equals(right)
    }

    /// The place of the first occurrence of `part` at or behind `start`, in scalars; each comparison is paid for.
    func firstPlace(
        of part: [Unicode.Scalar], in scalars: [Unicode.Scalar], from start: Int = 0, line: Int
    ) throws(ChatTemplateError) -> Int? {
        guard let head = part.first else { return start }
        guard scalars.count - start >= part.count else { return nil }
        var place = start
        while place <= scalars.count - part.count {
            if scalars[place] == head {
                var same = 1
                while same < part.count, scalars[place + same] == part[same] { same += 1 }
                if same == part.count { return place }
                try spend(same, line: line)
            }
            place += 1
        }
        return nil
    }

    /// The parts of a text between at most `most` occurrences of a separator that is not empty.
    func split(
        _ text: String, at separator: [Unicode.Scalar], most: Int, fromEnd: Bool, line: Int
    ) throws(ChatTemplateError) -> [String] {
        try spend(Cost.byte * text.utf8.count, line: line)
        let scalars = fromEnd ? text.scalars.reversed() : text.scalars
        let wanted = fromEnd ? separator.reversed() : separator
        var parts: [[Unicode.Scalar]] = []
        var start = 0
        while parts.count < most, let place = try firstPlace(of: wanted, in: scalars, from: start, line: line) {
            try spend(Cost.item, line: line)
            parts.append(Array(scalars[start..<place]))
            start = place + wanted.count
        }
        parts.append(Array(scalars[start...]))
        if fromEnd { parts = parts.map { $0.reversed() }.reversed() }
        return parts.map { String(scalars: $0) }
    }

    /// Parts with a separator between them, refused before it is made if it is too long.
    func joined(_ parts: [String], by separator: String, line: Int) throws(ChatTemplateError) -> String {
        let (gaps, overflow) = separator.utf8.count.multipliedReportingOverflow(by: max(0, parts.count - 1))
        let bytes = parts.reduce(overflow ? Limits.textBytes + 1 : gaps) { $0 + $1.utf8.count }
        guard bytes <= Limits.textBytes else {
            throw failure("makes a text of more than \(Limits.textBytes) bytes", line: line, code: .limit)
        }
        try spend(bytes, line: line)
        return parts.joined(separator: separator)
    }
}
