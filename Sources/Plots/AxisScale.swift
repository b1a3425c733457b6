// Axes: from data to a range, round ticks, and a place between 0 and 1.

/// How an axis maps values to places.
public enum AxisKind: Sendable {
    case linear
    /// Base 10; values that are not positive have no place and are left out.
    case log
}

struct Tick: Equatable {
    var value: Double
    var label: String
}

struct AxisScale {
    let kind: AxisKind
    let low: Double
    let high: Double
    let ticks: [Tick]

    /// A scale that covers `values`, or just `fixedRange` where given, with about `count` ticks. Without any usable
    /// value it covers 0 to 1 (linear) or 0.1 to 1 (log).
    init(covering values: some Sequence<Double>, kind: AxisKind, fixedRange: ClosedRange<Double>? = nil, count: Int = 5)
    {
        self.kind = kind
        var low = Double.infinity
        var high = -Double.infinity
        for value in values where AxisScale.isUsable(value, kind) {
            low = min(low, value)
            high = max(high, value)
        }
        let isFixed = fixedRange.map {
            AxisScale.isUsable($0.lowerBound, kind) && AxisScale.isUsable($0.upperBound, kind)
        }
        if let fixedRange, isFixed == true {
            low = fixedRange.lowerBound
            high = fixedRange.upperBound
        }
        if low > high {
            (low, high) = kind == .log ? (0.1, 1) : (0, 1)
        }
        if kind == .linear {
            // Numbers this small would underflow in steps.
            if low.magnitude < 1e-150 { low = 0 }
            if high.magnitude < 1e-150 { high = 0 }
        }
        // One value alone, or as good as one in Double's digits: room on both sides.
        if high - low <= 1e-12 * max(low.magnitude, high.magnitude) {
            let room = low == 0 ? 1 : low.magnitude / 10
            (low, high) = kind == .log ? (low / 2, high * 2) : (low - room, high + room)
        }
        switch kind {
        case .linear:
            let step = AxisScale.niceStep(high - low, count: count)
            if isFixed != true {
                low = (low / step + 1e-9).rounded(.down) * step
                high = (high / step - 1e-9).rounded(.up) * step
            }
            self.ticks = AxisScale.linearTicks(low: low, high: high, step: step)
        case .log:
            self.ticks = AxisScale.logTicks(low: low, high: high)
        }
        self.low = low
        self.high = high
    }

    /// Whether a value can be drawn. Values beyond 1e150 would overflow in differences and are taken as infinite.
    static func isUsable(_ value: Double, _ kind: AxisKind) -> Bool {
        value.isFinite && value.magnitude < 1e150 && (kind == .linear || value > 1e-150)
    }

    /// Where `value` lies, 0 at the lower end and 1 at the upper; nil where it cannot be drawn.
    func place(_ value: Double) -> Double? {
        guard AxisScale.isUsable(value, kind) else { return nil }
        switch kind {
        case .linear: return (value - low) / (high - low)
        case .log: return (base10(value) - base10(low)) / (base10(high) - base10(low))
        }
    }

    /// The step 1, 2 or 5 times a power of ten that cuts `span` into about `count` parts.
    static func niceStep(_ span: Double, count: Int) -> Double {
        let rough = span / Double(max(1, count))
        var power = 1.0
        while power * 10 <= rough { power *= 10 }
        while power > rough { power /= 10 }
        guard power > 0 else { return span }
        let ratio = rough / power
        return power * (ratio < 1.5 ? 1 : ratio < 3.5 ? 2 : ratio < 7.5 ? 5 : 10)
    }

    private static func linearTicks(low: Double, high: Double, step: Double) -> [Tick] {
        let first = (low / step - 1e-6).rounded(.up)
        let last = (high / step + 1e-6).rounded(.down)
        // Beyond 2^53 steps from zero neighbouring ticks are the same number.
        guard first.magnitude < 9e15, last.magnitude < 9e15, last >= first, last - first < 100 else {
            return [Tick(value: low, label: numeral(low, step: high - low))]
        }
        return stride(from: first, through: last, by: 1).map { multiple in
            let value = multiple == 0 ? 0 : multiple * step
            return Tick(value: value, label: numeral(value, step: step))
        }
    }

    private static func logTicks(low: Double, high: Double) -> [Tick] {
        let decades = base10(high) - base10(low)
        let every = max(1, Int((decades / 6).rounded(.up)))
        let multiples: [Double] = decades < 1.2 ? [1, 2, 3, 5, 7] : decades < 3 ? [1, 2, 5] : [1]
        var ticks: [Tick] = []
        let first = Int(base10(low).rounded(.down))
        let last = Int(base10(high).rounded(.up))
        for exponent in stride(from: first, through: last, by: every) {
            for multiple in multiples {
                let value = multiple * powerOfTen(exponent)
                if value >= low * (1 - 1e-9), value <= high * (1 + 1e-9) {
                    ticks.append(Tick(value: value, label: numeral(value, step: powerOfTen(exponent))))
                }
            }
        }
        return ticks
    }
}

/// A tick's value in as many digits as `step` needs; powers of ten from 1e7 on and below 1e-4.
func numeral(_ value: Double, step: Double) -> String {
    guard value != 0 else { return "0" }
    let largest = value.magnitude
    if largest >= 1e7 || step < 1e-4 {
        let exponent = Int((base10(largest) + 1e-9).rounded(.down))
        let factor = value / powerOfTen(exponent)
        let digits = max(0, min(6, exponent - Int((base10(step) + 1e-9).rounded(.down))))
        let mantissa = withoutTrailingZeros(fixed(factor, digits))
        return (mantissa == "1" ? "" : mantissa == "-1" ? "−" : minus(mantissa) + "·") + "10" + superscript(exponent)
    }
    let decimals = max(0, -Int((base10(step) + 1e-9).rounded(.down)))
    let text = minus(fixed(value, decimals))
    // Groups of three, by a thin space, from five digits on.
    guard decimals == 0, largest >= 1e4 else { return text }
    var grouped = ""
    for (index, digit) in text.reversed().enumerated() {
        if index > 0, index % 3 == 0, digit != "−" { grouped.append("\u{2009}") }
        grouped.append(digit)
    }
    return String(grouped.reversed())
}

/// `text` with a true minus sign.
func minus(_ text: String) -> String {
    text.hasPrefix("-") ? "−" + text.dropFirst() : text
}

private func withoutTrailingZeros(_ text: String) -> String {
    guard text.contains(".") else { return text }
    var kept = Substring(text)
    while kept.hasSuffix("0") { kept.removeLast() }
    if kept.hasSuffix(".") { kept.removeLast() }
    return String(kept)
}

private func superscript(_ exponent: Int) -> String {
    let digits = Array("⁰¹²³⁴⁵⁶⁷⁸⁹")
    return (exponent < 0 ? "⁻" : "")
        + String(String(exponent.magnitude).compactMap { $0.wholeNumberValue.map { digits[$0] } })
}

func powerOfTen(_ exponent: Int) -> Double {
    var result = 1.0
    for _ in 0..<min(400, exponent.magnitude) { result *= 10 }
    return exponent < 0 ? 1 / result : result
}
