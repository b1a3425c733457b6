// All expressions over some numbers that differ by more than the order of operands.

import Trajectories

/// The forms over a multiset of numbers: every distinct way to use each number once with +, - and *.
///
/// A sum is a multiset of signed terms with at least one positive, a product a multiset of factors; a term is a number
/// or a product, a factor a number or a sum. So expressions that differ only by commutativity, associativity or
/// needless parentheses are one form, as are those that exchange equal numbers. `a-(b-c)` has the form of `a+c-b`;
/// `(a-b)*(c-d)` and `(b-a)*(d-c)` are two forms. Six different numbers have 94,648 forms, four 296.
struct CountdownForms {
    /// One form and its value.
    struct Form {
        var value: Int
        var content: Content

        enum Content {
            case number
            case sum([Part])
            case product([Part])
        }
    }

    /// An operand: the form `index` of the sub-multiset `bag`, among its terms (in a sum) or its factors (in a
    /// product).
    struct Part {
        var bag: Int
        var index: Int
        var isNegative: Bool
    }

    static let maximumNumbers = 6

    /// Forms that may stand in a sum, per bag: the number itself, or the products.
    private var terms: [[Form]]
    /// Forms that may stand in a product, per bag: the number itself, or the sums.
    private var factors: [[Form]]
    /// `rest[bag][part]` is the bag without the part; -1 if it does not hold it, 0 if nothing is left.
    private var rest: [[Int]]

    /// - Parameter numbers: 1 to `maximumNumbers` numbers. Forms whose value leaves `Int` are dropped.
    init(_ numbers: [Int]) {
        precondition(1...Self.maximumNumbers ~= numbers.count)
        let distinct = Set(numbers).sorted()
        let available = distinct.map { number in numbers.count { $0 == number } }
        // A bag says how often it holds each distinct number; smaller bags come first, and among equals those of small
        // numbers. The empty bag has index 0.
        var bags: [[Int]] = [[]]
        for limit in available { bags = bags.flatMap { bag in (0...limit).map { bag + [$0] } } }
        bags.sort { a, b in
            let (sizeA, sizeB) = (a.reduce(0, +), b.reduce(0, +))
            return sizeA == sizeB ? b.lexicographicallyPrecedes(a) : sizeA < sizeB
        }
        let indices = Dictionary(uniqueKeysWithValues: zip(bags, bags.indices))
        rest = bags.map { bag in
            bags.map { part in indices[zip(bag, part).map { $0 - $1 }] ?? -1 }
        }
        terms = Array(repeating: [], count: bags.count)
        factors = terms
        for (bag, counts) in bags.enumerated() where bag > 0 {
            if counts.reduce(0, +) == 1 {
                let value = zip(distinct, counts).reduce(0) { $0 + $1.0 * $1.1 }
                terms[bag] = [Form(value: value, content: .number)]
                factors[bag] = terms[bag]
            } else if bag < bags.count - 1 {
                var sums: [Form] = []
                var products: [Form] = []
                visitSums(of: bag) { sums.append(Form(value: $0, content: .sum($1))) }
                visitProducts(of: bag) { products.append(Form(value: $0, content: .product($1))) }
                (terms[bag], factors[bag]) = (products, sums)
            }
        }
    }

    /// The value of every form that uses all numbers, in the order of `forms(valued:)`.
    func values() -> [Int] {
        if rest.count == 2 { return terms[1].map(\.value) }
        var values: [Int] = []
        visitSums(of: rest.count - 1) { value, _ in values.append(value) }
        visitProducts(of: rest.count - 1) { value, _ in values.append(value) }
        return values
    }

    /// The forms that use all numbers and have this value.
    func forms(valued target: Int) -> [Form] {
        if rest.count == 2 { return terms[1].filter { $0.value == target } }
        var forms: [Form] = []
        visitSums(of: rest.count - 1) { if $0 == target { forms.append(Form(value: $0, content: .sum($1))) } }
        visitProducts(of: rest.count - 1) { if $0 == target { forms.append(Form(value: $0, content: .product($1))) } }
        return forms
    }

    private func visitSums(of bag: Int, _ visit: (Int, [Part]) -> Void) {
        var parts: [Part] = []
        visitSums(of: bag, value: 0, parts: &parts, visit)
    }

    private func visitProducts(of bag: Int, _ visit: (Int, [Part]) -> Void) {
        var parts: [Part] = []
        visitProducts(of: bag, value: 1, parts: &parts, visit)
    }

    /// Adds terms in ascending order (bag, form, sign) until the bag is used up, so each multiset of terms comes up
    /// once.
    private func visitSums(of bag: Int, value: Int, parts: inout [Part], _ visit: (Int, [Part]) -> Void) {
        let last = parts.last
        for next in (last?.bag ?? 1)..<rest.count where rest[bag][next] >= 0 {
            let remaining = rest[bag][next]
            // A sum has at least two terms.
            if remaining == 0, last == nil { continue }
            let start = next == last?.bag ? last?.index ?? 0 : 0
            for (index, term) in terms[next].enumerated().dropFirst(start) {
                let isLast = next == last?.bag && index == last?.index
                for isNegative in [false, true] where !(isLast && last?.isNegative == true && !isNegative) {
                    let (sum, overflow) =
                        isNegative
                        ? value.subtractingReportingOverflow(term.value) : value.addingReportingOverflow(term.value)
                    if overflow { continue }
                    parts.append(Part(bag: next, index: index, isNegative: isNegative))
                    if remaining > 0 {
                        visitSums(of: remaining, value: sum, parts: &parts, visit)
                    } else if parts.contains(where: { !$0.isNegative }) {
                        visit(sum, parts)
                    }
                    parts.removeLast()
                }
            }
        }
    }

    /// As `visitSums`, with factors and without signs.
    private func visitProducts(of bag: Int, value: Int, parts: inout [Part], _ visit: (Int, [Part]) -> Void) {
        let last = parts.last
        for next in (last?.bag ?? 1)..<rest.count where rest[bag][next] >= 0 {
            let remaining = rest[bag][next]
            if remaining == 0, last == nil { continue }
            let start = next == last?.bag ? last?.index ?? 0 : 0
            for (index, factor) in factors[next].enumerated().dropFirst(start) {
                let (product, overflow) = value.multipliedReportingOverflow(by: factor.value)
                if overflow { continue }
                parts.append(Part(bag: next, index: index, isNegative: false))
                if remaining > 0 {
                    visitProducts(of: remaining, value: product, parts: &parts, visit)
                } else {
                    visit(product, parts)
                }
                parts.removeLast()
            }
        }
    }

    /// The form as text with as few parentheses as it needs, its operands in random order.
    func text(of form: Form, using random: inout RandomSource) -> String {
        text(of: form) { parts in
            for index in parts.indices.dropLast() {
                parts.swapAt(index, index + random.integer(below: parts.count - index))
            }
            // There is no unary minus, so a positive term leads, each with equal chance.
            let positive = parts.indices.filter { !parts[$0].isNegative }
            if let first = parts.first, first.isNegative, !positive.isEmpty {
                parts.swapAt(0, positive[random.integer(below: positive.count)])
            }
        }
    }

    /// The form as text with positive terms first and numbers before products or sums.
    func canonicalText(of form: Form) -> String {
        text(of: form) { parts in
            parts = parts.filter { !$0.isNegative } + parts.filter(\.isNegative)
        }
    }

    private func text(of form: Form, arranging: (inout [Part]) -> Void) -> String {
        switch form.content {
        case .number:
            return String(form.value)
        case .sum(var parts):
            arranging(&parts)
            return parts.enumerated().map { position, part in
                let sign = part.isNegative ? "-" : position == 0 ? "" : "+"
                return sign + text(of: terms[part.bag][part.index], arranging: arranging)
            }.joined()
        case .product(var parts):
            arranging(&parts)
            return parts.map { part in
                let factor = factors[part.bag][part.index]
                let inner = text(of: factor, arranging: arranging)
                if case .sum = factor.content { return "(\(inner))" }
                return inner
            }.joined(separator: "*")
        }
    }
}
