// The forward passes that sampling a step's completions made, found again by the tokens they read.

import Synchronization
public import Torch

/// Keeps the passes of completions that the model has just sampled; void once a weight has changed.
///
/// A row's values depend on the tokens up to it alone, so whoever has the tokens of a prompt and a completion may read their passes.
public final class KeptPasses {
    public let values = KeptValues()
    private let room: Int
    private let places: Mutex<Places>

    private struct Sequence: Hashable {
        var prompt: [Int32]
        var tokens: [Int32]
    }

    private struct Places {
        /// Rows that may still be reserved.
        var rowsLeft: Int
        /// Whether some passes had no room: then none are read, so that it does not depend on chance which are.
        var isShort = false
        /// Row of a prompt's first token, and of its last token as each completion read it.
        var prompts: [[Int32]: Int64] = [:]
        var completions: [Sequence: Int64] = [:]
    }

    /// - Parameter rows: those of prompts and completions at their full length for which there is room; with more nothing is kept.
    public init(rows: Int) {
        room = rows
        places = Mutex(Places(rowsLeft: rows))
    }

    /// Numbers for the rows of completions to be sampled; nil if they have no room.
    func reserve(_ rows: Int) -> Int64? {
        let hasRoom = places.withLock { places in
            places.rowsLeft -= rows
            places.isShort = places.isShort || places.rowsLeft < 0
            return !places.isShort
        }
        return hasRoom ? values.reserve(rows) : nil
    }

    /// Says where a completion's passes lie: its prompt's but for the last token from `promptRow` on, the rest from `row` on.
    func add(prompt: [Int32], tokens: [Int32], promptRow: Int64, row: Int64) {
        places.withLock {
            $0.prompts[prompt] = promptRow
            $0.completions[Sequence(prompt: prompt, tokens: tokens)] = row
        }
    }

    /// Gives up what was kept.
    public func clear() {
        places.withLock { $0 = Places(rowsLeft: room) }
        values.clear()
    }

    /// The rows of a prompt once and then of its completions, each but for its last token, as a packed forward pass reads them; nil
    /// unless all of them were kept. Completions without tokens have no rows.
    public func rows(prompt: [Int32], completions: [[Int32]]) -> [Int64]? {
        places.withLock { places in
            guard !places.isShort, let first = places.prompts[prompt] else { return nil }
            var (last, own) = (Int64?.none, [Int64]())
            for tokens in completions where !tokens.isEmpty {
                guard let row = places.completions[Sequence(prompt: prompt, tokens: tokens)] else { return nil }
                last = last ?? row
                own += (row + 1)..<(row + Int64(tokens.count))
            }
            return last.map { (0..<Int64(prompt.count - 1)).map { first + $0 } + [$0] + own }
        }
    }
}

/// Where one thread's completions of a call keep their passes.
struct KeptRows {
    let passes: KeptPasses
    private let prompts: [[Int32]]
    private let promptRows: [Int64]
    private let sampleRows: [[Int64]]

    /// Room for samples of some prompts, each of up to `length` tokens; nil if there is none.
    init?(_ passes: KeptPasses, prompts: [[Int32]], samples: [Range<Int>], length: Int) {
        let wanted = zip(prompts, samples).map { $1.isEmpty ? 0 : $0.count - 1 + $1.count * length }
        let total = wanted.reduce(0, +)
        guard total > 0, let first = passes.reserve(total) else { return nil }
        self.passes = passes
        self.prompts = prompts
        var row = first
        var promptRows: [Int64] = []
        var sampleRows: [[Int64]] = []
        for (index, count) in wanted.enumerated() {
            let afterPrompt = row + Int64(prompts[index].count - 1)
            promptRows.append(row)
            sampleRows.append((0..<Int64(samples[index].count)).map { afterPrompt + $0 * Int64(length) })
            row += Int64(count)
        }
        (self.promptRows, self.sampleRows) = (promptRows, sampleRows)
    }

    /// Rows of a prompt but for its last token.
    func prompt(_ index: Int) -> [Int64] { (0..<Int64(prompts[index].count - 1)).map { promptRows[index] + $0 } }

    /// The row of a completion's token at a position of its sequence; the prompt's last token is the first it reads.
    func row(prompt index: Int, sample: Int, position: Int) -> Int64 {
        sampleRows[index][sample] + Int64(position - prompts[index].count + 1)
    }

    func finished(prompt index: Int, sample: Int, tokens: [Int32]) {
        passes.add(
            prompt: prompts[index], tokens: tokens, promptRow: promptRows[index], row: sampleRows[index][sample])
    }
}
