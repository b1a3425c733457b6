// Units of answers: what is the same unit, and what converts.

/// A unit that converts: a dimension and a factor to the dimension's base unit.
struct MathUnit: Equatable {
    var dimension: String
    var factor: Rational

    /// Units by their names; the first name of a row is the dimension's base.
    private static let rows: [(dimension: String, names: [String], factor: (Int, Int))] = [
        ("length", ["m", "meter", "meters", "metre", "metres"], (1, 1)),
        ("length", ["cm", "centimeter", "centimeters", "centimetre", "centimetres"], (1, 100)),
        ("length", ["mm", "millimeter", "millimeters", "millimetre", "millimetres"], (1, 1000)),
        ("length", ["km", "kilometer", "kilometers", "kilometre", "kilometres"], (1000, 1)),
        ("imperial length", ["in", "inch", "inches"], (1, 12)), ("imperial length", ["ft", "foot", "feet"], (1, 1)),
        ("imperial length", ["yd", "yard", "yards"], (3, 1)), ("imperial length", ["mile", "miles", "mi"], (5280, 1)),
        ("mass", ["g", "gram", "grams"], (1, 1)), ("mass", ["kg", "kilogram", "kilograms"], (1000, 1)),
        ("mass", ["mg", "milligram", "milligrams"], (1, 1000)), ("pounds", ["lb", "lbs", "pound", "pounds"], (1, 1)),
        ("time", ["s", "sec", "secs", "second", "seconds"], (1, 1)),
        ("time", ["min", "mins", "minute", "minutes"], (60, 1)),
        ("time", ["h", "hr", "hrs", "hour", "hours"], (3600, 1)), ("time", ["day", "days"], (86_400, 1)),
        ("time", ["week", "weeks"], (604_800, 1)), ("years", ["year", "years"], (1, 1)),
        ("years", ["month", "months"], (1, 12)),
        ("volume", ["L", "l", "liter", "liters", "litre", "litres"], (1, 1)),
        ("volume", ["ml", "milliliter", "milliliters", "millilitre", "millilitres"], (1, 1000)),
        ("money", ["dollar", "dollars", "usd"], (1, 1)), ("money", ["cent", "cents"], (1, 100)),
        ("euros", ["euro", "euros", "eur"], (1, 1)), ("angle", ["degree", "degrees", "deg"], (1, 1)),
    ]

    private static let table: [String: (dimension: String, factor: (Int, Int))] = {
        var table: [String: (dimension: String, factor: (Int, Int))] = [:]
        for row in rows { for name in row.names { table[name] = (row.dimension, row.factor) } }
        return table
    }()

    /// Whether a word is a unit when it stands behind a number.
    static func isKnown(_ word: String) -> Bool { table[word] != nil || table[word.lowercased()] != nil }

    /// The unit of a text such as `cm`, `square cm`, `km/h`, `m^2`; nil if any of its words is not known.
    init?(_ text: String, _ work: MathWork) throws {
        var dimension: [String: Int] = [:]
        var factor = Rational.one
        for (index, part) in text.split(separator: "/", omittingEmptySubsequences: false).enumerated() {
            var exponentOfNext = 1
            var isBelow = index > 0
            for word in part.split(whereSeparator: { $0 == " " || $0 == "*" }) {
                if word == "per" {
                    isBelow = true
                    continue
                }
                if word == "square" || word == "sq" || word == "cubic" {
                    exponentOfNext = word == "cubic" ? 3 : 2
                    continue
                }
                let pieces = word.split(separator: "^")
                guard let name = pieces.first, let entry = Self.table[String(name)], pieces.count <= 2 else {
                    return nil
                }
                var exponent = exponentOfNext
                if pieces.count == 2 {
                    guard let written = Int(pieces[1]), 1...9 ~= written else { return nil }
                    exponent = written
                }
                if isBelow { exponent = -exponent }
                dimension[entry.dimension, default: 0] += exponent
                let unit = try Rational(BigInteger(entry.factor.0), over: BigInteger(entry.factor.1), work)
                factor = try factor.times(unit.power(exponent, work), work)
                exponentOfNext = 1
            }
        }
        guard !dimension.isEmpty else { return nil }
        self.dimension = dimension.sorted { $0.key < $1.key }.map { "\($0.key)^\($0.value)" }.joined(separator: " ")
        self.factor = factor
    }
}
