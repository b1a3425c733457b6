// A reader of small arithmetic expressions: recursive descent over bytes, with bounds on everything.

/// The numbers and the value of an expression over whole numbers with `+`, `-`, `*` and parentheses.
///
/// Grammar, with spaces allowed between any two symbols and around the whole:
///
///     sum = product (("+" | "-") product)* ;  product = factor ("*" factor)* ;  factor = digits | "(" sum ")"
///
/// ASCII only. There is no unary sign, no division, and no number with a leading zero. Nothing may follow the
/// expression.
struct ArithmeticExpression {
    static let maximumBytes = 1_024
    static let maximumDepth = 64

    /// The numbers as written, from left to right; nil for one that `Int` cannot hold.
    private(set) var numbers: [Int?] = []
    /// The value; nil if it, or anything on the way to it, leaves `Int`.
    private(set) var value: Int?

    /// Nil if the text is not such an expression, or exceeds the bounds.
    init?(_ text: String) {
        guard text.utf8.count <= Self.maximumBytes else { return nil }
        var reader = Reader(bytes: Array(text.utf8))
        guard let outcome = reader.sum(depth: 0), reader.isAtEnd else { return nil }
        numbers = reader.numbers
        value = outcome.value
    }

    /// Whether the expression's numbers are these, each as often as given.
    func uses(exactly given: [Int]) -> Bool {
        let written = numbers.compactMap { $0 }
        return written.count == numbers.count && written.sorted() == given.sorted()
    }
}

/// Well-formed, with or without a value that `Int` holds. (A nil of this type means malformed.)
private struct Outcome {
    var value: Int?

    func combined(with other: Outcome, _ operation: (Int, Int) -> (Int, Bool)) -> Outcome {
        guard let left = value, let right = other.value else { return Outcome(value: nil) }
        let (result, overflow) = operation(left, right)
        return Outcome(value: overflow ? nil : result)
    }
}

private struct Reader {
    let bytes: [UInt8]
    var position = 0
    var numbers: [Int?] = []

    init(bytes: [UInt8]) { self.bytes = bytes }

    var isAtEnd: Bool {
        mutating get { peek() == nil }
    }

    /// The next byte that is no space.
    mutating func peek() -> UInt8? {
        while position < bytes.count, bytes[position] == UInt8(ascii: " ") { position += 1 }
        return position < bytes.count ? bytes[position] : nil
    }

    mutating func sum(depth: Int) -> Outcome? {
        guard depth <= ArithmeticExpression.maximumDepth, var result = product(depth: depth) else { return nil }
        while let sign = peek(), sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-") {
            position += 1
            guard let next = product(depth: depth) else { return nil }
            result = result.combined(with: next) {
                let (value, overflow) =
                    sign == UInt8(ascii: "+")
                    ? $0.addingReportingOverflow($1) : $0.subtractingReportingOverflow($1)
                return (value, overflow)
            }
        }
        return result
    }

    mutating func product(depth: Int) -> Outcome? {
        guard var result = factor(depth: depth) else { return nil }
        while peek() == UInt8(ascii: "*") {
            position += 1
            guard let next = factor(depth: depth) else { return nil }
            result = result.combined(with: next) {
                let (value, overflow) = $0.multipliedReportingOverflow(by: $1)
                return (value, overflow)
            }
        }
        return result
    }

    mutating func factor(depth: Int) -> Outcome? {
        guard let byte = peek() else { return nil }
        if byte == UInt8(ascii: "(") {
            position += 1
            guard let inner = sum(depth: depth + 1), peek() == UInt8(ascii: ")") else { return nil }
            position += 1
            return inner
        }
        return number()
    }

    mutating func number() -> Outcome? {
        let start = position
        var value: Int? = 0
        while position < bytes.count, (48...57).contains(bytes[position]) {
            let digit = Int(bytes[position] - 48)
            value = value.flatMap { sofar in
                let (tens, overflow) = sofar.multipliedReportingOverflow(by: 10)
                let (next, carry) = tens.addingReportingOverflow(digit)
                return overflow || carry ? nil : next
            }
            position += 1
        }
        guard position > start, position == start + 1 || bytes[start] != UInt8(ascii: "0") else { return nil }
        numbers.append(value)
        return Outcome(value: value)
    }
}
