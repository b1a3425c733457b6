// Numbers as they stand in sentences.

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// A number with a fixed count of decimals and a true minus sign; an en dash where it is not finite.
func digits(_ value: Double, _ decimals: Int) -> String {
    guard value.isFinite else { return "–" }
    let power = (0..<decimals).reduce(1.0) { total, _ in total * 10 }
    let scaled = Int((value.magnitude * power).rounded())
    let whole = String(scaled / Int(power))
    let sign = value < 0 && scaled > 0 ? "−" : ""
    guard decimals > 0 else { return sign + whole }
    let rest = String(scaled % Int(power))
    return sign + whole + "." + String(repeating: "0", count: decimals - rest.count) + rest
}

/// "3.1e-12", for remainders.
func scientific(_ value: Double) -> String {
    guard value.isFinite, value != 0 else { return value == 0 ? "0" : "–" }
    let power = Int(floor(log10(value.magnitude)))
    return "\(digits(value / pow(10, Double(power)), 1))e\(power)"
}

func logarithm(_ value: Double) -> Double { log(value) }

/// A name as a column is called: lower case, words joined by underscores.
func identifier(_ name: String) -> String {
    String(name.lowercased().map { $0.isLetter || $0.isNumber ? $0 : "_" })
}
