// Plain-word answers to what users of such trainers ask again and again, from the metrics of a run.

public import Runs

/// A question, what the metrics say, and what would help.
public struct Finding: Sendable, Equatable, Encodable {
    public var question: String
    public var answer: String
    /// Whether something should be done.
    public var isTrouble: Bool

    public init(_ question: String, _ answer: String, isTrouble: Bool) {
        self.question = question
        self.answer = answer
        self.isTrouble = isTrouble
    }
}

/// Reads a run's metrics; looks at its last updates, `window` of them, beside its first.
public struct Diagnosis: Sendable {
    let records: [MetricsRecord]
    let window: Int

    /// - Parameter window: at least 1.
    public init(_ records: [MetricsRecord], window: Int = 20) {
        self.records = records
        self.window = max(1, window)
    }

    /// All findings, trouble first, otherwise in a fixed order. A question whose metrics the run did not log is left out.
    public var findings: [Finding] {
        let all = [loss, deadGroups, refusals, kl, entropy, truncation, mismatch, reward].compactMap(\.self)
        return all.filter(\.isTrouble) + all.filter { !$0.isTrouble }
    }

    /// Mean over the last updates; nil where the metric was not logged in any.
    func recent(_ name: String) -> Double? { mean(name, records.suffix(window)) }
    /// Mean over the first updates.
    func early(_ name: String) -> Double? { mean(name, records.prefix(window)) }

    private func mean(_ name: String, _ part: some Sequence<MetricsRecord>) -> Double? {
        let values = part.compactMap { $0[name]?.number }.filter(\.isFinite)
        return values.isEmpty ? nil : values.reduce(0, +) / Double(values.count)
    }

    func sum(_ name: String) -> Double { records.compactMap { $0[name]?.number }.reduce(0, +) }
}

/// Numbers in sentences.
enum Sentence {
    /// Three significant digits, without an exponent where that is short.
    static func number(_ value: Double) -> String {
        guard value.isFinite else { return "\(value)" }
        if value == 0 { return "0" }
        var scale = 0
        var magnitude = abs(value)
        while magnitude < 100, scale < 12 {
            magnitude *= 10
            scale += 1
        }
        let rounded = magnitude.rounded()
        var digits = String(Int(min(rounded, 1e15)))
        if scale > 0 {
            while digits.count <= scale { digits = "0" + digits }
            digits.insert(".", at: digits.index(digits.endIndex, offsetBy: -scale))
            while digits.hasSuffix("0") { digits.removeLast() }
            if digits.hasSuffix(".") { digits.removeLast() }
        }
        return (value < 0 ? "−" : "") + digits
    }

    static func percent(_ share: Double) -> String { "\(Int((share * 100).rounded())) %" }
}
