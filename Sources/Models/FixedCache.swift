// The key-value cache of decoding steps of fixed shape: slots and prefixes in places that never move, and who has which.

public import Torch

/// Room for `length` positions after the prefix in each of `slots` slots, and for as many prefixes of up to `prefixLength` as slots can
/// have. A prefix stays while a slot reads it or a prompt awaits its next sample.
public final class FixedCache {
    public let slots, length, prefixLength: Int
    let layers: [StepCache]
    private var cells: PrefixCells

    public init(config: ModelConfig, slots: Int, length: Int, prefixes: Int, prefixLength: Int) {
        self.slots = slots
        self.length = length
        self.prefixLength = prefixLength
        cells = PrefixCells(cells: prefixes, slots: slots)
        // the last place is for spare rows; attention wants a key where there is no prefix
        let (places, prefixPlaces) = (slots * length + 1, max(1, prefixes * prefixLength))
        layers = (0..<config.layers).map { _ in
            StepCache(
                places: places, prefixPlaces: prefixPlaces, heads: config.keyValueHeads, width: config.headSize)
        }
    }

    public var places: Int { slots * length + 1 }
    public var prefixPlaces: Int { max(1, cells.count * prefixLength) }

    /// Keeps the prefix of a prompt, the given rows of a prefill, for the slots that will read it.
    public func keep(_ prefill: [LayerKeyValues], rows: Range<Int>, of prompt: Int) {
        let start = cells.take(for: prompt, length: rows.count) * prefixLength
        for (layer, given) in zip(layers, prefill) {
            layer.store(keys: given.keys.slice(rows), values: given.values.slice(rows), at: start)
        }
    }

    /// Starts a sample of a prompt in a slot; after the last one its prefix goes when no slot reads it.
    public func begin(slot: Int, prompt: Int, isLast: Bool) { cells.begin(slot: slot, prompt: prompt, isLast: isLast) }

    /// Ends what a slot decodes.
    public func end(slot: Int) { cells.end(slot: slot) }

    /// The places of a slot's prefix; none where its prompt has no more than one token.
    public func prefix(slot: Int) -> Range<Int> {
        guard let held = cells.held(slot: slot) else { return 0..<0 }
        return held.cell * prefixLength..<held.cell * prefixLength + held.length
    }

    /// What a row of a slot sees at a position of its sequence.
    public func row(slot: Int, token: Int, position: Int) -> DecodingRow {
        let prefix = prefix(slot: slot)
        let start = slot * length
        return DecodingRow(
            token: token, position: position, own: start..<start + position - prefix.count + 1, prefix: prefix)
    }
}
