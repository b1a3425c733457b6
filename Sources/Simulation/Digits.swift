// Numbers as they stand in sentences.

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
