// What the letters of an answer mean one by one: tokens of LaTeX and of plain notation.

/// A token.
enum MathToken: Equatable {
    case number(MathNumeral)
    /// One letter, or a Greek name: `x`, `alpha`.
    case symbol(String)
    case function(MathFunction)
    /// A construct of the grammar by the parser's name for it: `frac`, `sqrt`, `pm`, `infinity`, ...
    case command(String)
    /// One ASCII sign that is neither letter nor digit: `+ - * / ^ _ ( ) [ ] { } | , ; : ! % &`.
    case sign(Character)
    /// Set braces `\{` and `\}`.
    case openSet, closeSet
    case relation(MathRelation)
    /// Words in lower case with single spaces.
    case text(String)
    case begin(String)
    case end(String)
    /// `\\` between the rows of a matrix.
    case newRow
    /// A space between two numbers, which makes `3 1/2` a mixed number.
    case space
}

/// A number as written.
struct MathNumeral: Equatable {
    /// Without thousands separators.
    var digits: String
    /// What stands behind the point; nil without one.
    var fraction: String?
    /// The digits under a bar, which repeat for ever.
    var repeating: String?
    /// Of `1.5e3`; nil if none is written.
    var exponent: Int?

    var isDecimal: Bool { repeating == nil && (fraction != nil || exponent != nil) }

    /// - Throws: `MathFault.tooComplex`.
    func value(_ work: MathWork) throws -> Rational {
        let ten = Rational(10)
        let places = fraction?.utf8.count ?? 0
        var value = Rational(try BigInteger(decimal: Array((digits + (fraction ?? "")).utf8), work))
        if let repeating, !repeating.isEmpty {
            let nines = try ten.power(repeating.utf8.count, work).minus(.one, work)
            value = try value.plus(
                Rational(BigInteger(decimal: Array(repeating.utf8), work)).divided(by: nines, work), work)
        }
        return try value.times(ten.power((exponent ?? 0) - places, work), work)
    }
}
