// How numbers read in the sentences and tables of a page.

/// With a true minus sign; an en dash where it is not finite.
public func decimal(_ value: Double, _ decimals: Int) -> String {
    HTMLTable.Cell(value, decimals: decimals).text
}

/// `0.288` as `28.8 %`, with a space that does not break.
public func percent(_ share: Double, decimals: Int = 1) -> String {
    share.isFinite ? decimal(100 * share, decimals) + "\u{A0}%" : decimal(share, decimals)
}

/// `−67 %`, `+4 %`.
public func signedPercent(_ change: Double) -> String {
    (change.isFinite && (100 * change).rounded() > 0 ? "+" : "") + percent(change, decimals: 0)
}

/// `a, b and c`.
public func inWords(_ items: [String]) -> String {
    guard let last = items.last, items.count > 1 else { return items.first ?? "" }
    return items.dropLast().joined(separator: ", ") + " and " + last
}

/// `1 thread`, `2 threads`.
public func counted(_ number: Int, _ noun: String) -> String {
    "\(number) \(noun)\(number == 1 ? "" : "s")"
}

/// `812,544` as `0.81 M`.
public func magnitude(_ value: Double) -> String {
    switch value {
    case 1e9...: decimal(value / 1e9, 2) + " G"
    case 1e5...: decimal(value / 1e6, 2) + " M"
    case 1e4...: decimal(value / 1e3, 0) + " k"
    default: decimal(value, 0)
    }
}

/// `8 min 20 s`.
public func duration(_ seconds: Double) -> String {
    guard seconds.isFinite, seconds >= 0, seconds < 1e9 else { return "–" }
    let whole = Int(seconds.rounded())
    if whole < 60 { return whole < 10 ? decimal(seconds, 1) + " s" : "\(whole) s" }
    return whole < 3600 ? "\(whole / 60) min \(whole % 60) s" : "\(whole / 3600) h \(whole / 60 % 60) min"
}
