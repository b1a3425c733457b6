// The forward passes that sampling a step's completions made, found again by the tokens they read.

public import Models
import Synchronization
public import Torch

/// Keeps the passes of completions that the model has just sampled; void once a weight has changed.
///
/// A row's values depend on the tokens up to it alone, so whoever has the tokens of a prompt and a completion may read their passes.
public final class KeptPasses {
    public private(set) var values = KeptValues()
    private let bytesPerRow: Int
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

    /// - Parameter bytes: what the values may occupy; with more completions nothing is kept.
    public init(_ config: ModelConfig, bytes: Int) {
        bytesPerRow = max(1, config.keptBytesPerRow)
        places = Mutex(Places(rowsLeft: bytes / bytesPerRow))
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
        places.withLock { ($0.prompts, $0.completions) = ([:], [:]) }
        values = KeptValues()
    }

    /// The rows of a prompt once and then of its completions, each but for its last token, as a packed forward pass reads them; nil
    /// unless all of them were kept. Completions without tokens have no rows.
    public func rows(prompt: [Int32], completions: [[Int32]]) -> [Int64]? {
        places.withLock { places in
            guard !places.isShort, let first = places.prompts[prompt] else { return nil }
            let starts = completions.filter { !$0.isEmpty }.map {
                (places.completions[Sequence(prompt: prompt, tokens: $0)], $0.count)
            }
            guard let last = starts.first?.0 else { return nil }
            var rows = (0..<Int64(prompt.count - 1)).map { first + $0 } + [last]
            for (start, count) in starts {
                guard let start else { return nil }
                rows += (1..<Int64(count)).map { start + $0 }
            }
            return rows
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
