// Progress of long work: a bar with rate and time left on a terminal, plain lines when piped.

import Foundation

/// Writes to standard error, so that standard output stays machine-readable.
struct ProgressBar {
    private let title: String
    private let total: Int
    private let unit: String
    private let start = ContinuousClock.now
    private let isTerminal = isatty(STDERR_FILENO) == 1
    private var lastDrawn = ContinuousClock.now - .seconds(1)
    private var lastTenth = 0
    /// Done before this process began (a resumed run), which the rate must not count.
    private let initial: Int

    init(_ title: String, total: Int, unit: String, initial: Int = 0) {
        self.title = title
        self.total = total
        self.unit = unit
        self.initial = initial
    }

    /// Shows that `done` of the total is done, with a few words on the state of things.
    mutating func update(_ done: Int, _ note: String = "") {
        let now = ContinuousClock.now
        let isLast = done >= total
        if isTerminal {
            guard isLast || now - lastDrawn > .milliseconds(100) else { return }
            lastDrawn = now
            let filled = total > 0 ? 24 * done / total : 24
            let bar = String(repeating: "█", count: filled) + String(repeating: "·", count: 24 - filled)
            write(
                "\r\u{1B}[2K\(title) \(bar) \(done)/\(total) \(unit)\(pace(done, now))  \(note)" + (isLast ? "\n" : ""))
        } else {
            // a pipe gets a line per tenth
            let tenth = total > 0 ? 10 * done / total : 10
            guard tenth > lastTenth || isLast else { return }
            lastTenth = tenth
            write("\(title): \(done)/\(total) \(unit)\(pace(done, now))  \(note)\n")
        }
    }

    /// Ends the line of work that stopped before its total.
    mutating func end(_ done: Int) {
        if isTerminal, done < total { write("\n") }
    }

    private func pace(_ done: Int, _ now: ContinuousClock.Instant) -> String {
        let elapsed = Double((now - start).components.seconds) + Double((now - start).components.attoseconds) * 1e-18
        guard done > initial, elapsed > 0 else { return "" }
        let rate = Double(done - initial) / elapsed
        let left = Int((Double(total - done) / rate).rounded())
        let ending = done >= total ? "in \(clock(Int(elapsed.rounded())))" : "\(clock(left)) left"
        return ", \(fixed(rate, rate < 10 ? 2 : 0))/s, \(ending)"
    }

    private func clock(_ seconds: Int) -> String {
        seconds < 60 ? "\(seconds) s" : "\(seconds / 60):\(seconds % 60 < 10 ? "0" : "")\(seconds % 60)"
    }

    private func write(_ text: String) { FileHandle.standardError.write(Data(text.utf8)) }
}

/// A number with a fixed count of decimals.
func fixed(_ value: Double, _ decimals: Int) -> String { String(format: "%.\(decimals)f", value) }
