// Decoding operator by operator over a cache of the device's own layout: on the CPU the fused passes.

internal import Models
internal import Torch

final class CachedDecoder: SlotDecoder {
    private let call: DecodingCall
    private let cache: KeyValueCache
    private var prefixes: [Int: KeyValuePrefix] = [:]

    init(_ call: DecodingCall) {
        self.call = call
        cache = KeyValueCache(config: call.model.config, slots: call.slots, length: call.length)
    }

    func prefill(_ prompts: [(index: Int, tokens: [Int32])]) {
        call.prefill(prompts) { prefixes[$2] = KeyValuePrefix($0, rows: $1) }
    }

    func begin(slot: Int, prompt: Int, isLast: Bool) {
        cache.begin(slot: slot, after: prefixes[prompt])
        if isLast { prefixes[prompt] = nil }
    }

    func end(slot: Int) {}

    func arranged(_ slots: [Int]) -> [Int] { slots }

    func draw(_ rows: [SlotRow]) -> (tokens: [Int64], statistics: TokenStatistics) {
        let model = call.model
        let hidden = call.keeping(rows.map { $0.kept.map { [$0] } }) {
            model.decode(
                tokens: rows.map { Int64($0.token) }, positions: rows.map { Int64($0.position) },
                slots: rows.map { Int64($0.slot) }, cache: cache)
        }
        let (tokens, matrix) = PolicyHeadKernels.sample(
            hidden: hidden, weight: model.headWeight, temperature: call.options.temperature,
            greedy: call.options.isGreedy, seed: call.seed, counters: rows.flatMap(\.counters))
        return (tokens, TokenStatistics(matrix))
    }
}
