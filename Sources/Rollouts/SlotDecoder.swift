// What the rollout engine asks of a way to decode: prompts computed once, samples in slots, one token for each.

internal import Models
internal import Torch

/// A token to be decoded in a slot.
struct SlotRow {
    var slot: Int
    var token: Int32
    /// Of its sequence, counted from the prompt's start.
    var position: Int
    /// Where its pass is kept, if it is.
    var kept: Int64?
    /// What the draw of the next token depends on (`PolicyHeadKernels.sample`).
    var counters: [UInt32]
}

/// Decodes for one call of the engine, on one thread.
protocol SlotDecoder: AnyObject {
    /// Computes the prefixes of some prompts, all but their last token, for the samples that follow.
    func prefill(_ prompts: [(index: Int, tokens: [Int32])])
    /// Starts a sample of a prompt in a slot; `isLast` if no other will follow.
    func begin(slot: Int, prompt: Int, isLast: Bool)
    func end(slot: Int)
    /// The order in which slots are best decoded together.
    func arranged(_ slots: [Int]) -> [Int]
    /// One token for each row, through all layers and the head; nothing after a failed operator.
    func draw(_ rows: [SlotRow]) -> (tokens: [Int64], statistics: TokenStatistics)
}

/// What every way to decode is given.
struct DecodingCall {
    var model: any LanguageModel
    var options: SamplingOptions
    var seed: UInt64
    /// Slots, places after the prefix in each, prompts and their longest prefix.
    var slots, length, prompts, prefixLength: Int
    /// Where its passes are kept, if they are.
    var kept: KeptRows?

    /// Keys and values of some prompts' prefixes in one packed batch, and the rows of each.
    func prefill(
        _ prompts: [(index: Int, tokens: [Int32])],
        keep: (_ rows: [LayerKeyValues], _ own: Range<Int>, _ index: Int) -> Void
    ) {
        let tokens = prompts.map { $0.tokens.dropLast() }
        let ids = tokens.flatMap { $0.map(Int64.init) }
        guard !ids.isEmpty else { return }
        let keyValues = keeping(prompts.map { kept?.prompt($0.index) }) {
            model.prefill(Tensor(ids), layout: PackedLayout(tokens.map { .init(prompt: $0.count) }))
        }
        var row = 0
        for (prompt, prefix) in zip(prompts, tokens) where !prefix.isEmpty {
            keep(keyValues, row..<(row + prefix.count), prompt.index)
            row += prefix.count
        }
    }

    /// A pass over rows of these numbers, kept if all have one.
    func keeping<Result>(_ rows: [[Int64]?], _ pass: () -> Result) -> Result {
        guard let kept else { return pass() }
        return kept.passes.values.writing(rows.compactMap(\.self).flatMap(\.self), pass)
    }
}
