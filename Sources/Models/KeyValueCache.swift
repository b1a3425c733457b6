// The key-value cache of decoding: per layer, room for every slot's whole sequence.

import Torch

/// Keys and values [slots, K, L, D/H] of every layer.
public final class KeyValueCache {
    public let slots: Int
    public let length: Int
    let layers: [LayerKeyValues]

    public init(config: ModelConfig, slots: Int, length: Int) {
        self.slots = slots
        self.length = length
        let shape = [slots, config.keyValueHeads, length, config.headSize]
        layers = (0..<config.layers).map { _ in LayerKeyValues(keys: .zeros(shape), values: .zeros(shape)) }
    }

    /// Puts a prefix into a slot: row `sequence` of a prefill, its first `count` positions.
    public func write(_ prefix: [LayerKeyValues], sequence: Int, count: Int, slot: Int) {
        guard count > 0 else { return }
        for (layer, source) in zip(layers, prefix) {
            for (cache, rows) in [(layer.keys, source.keys), (layer.values, source.values)] {
                let heads = cache.extent(1)
                let width = cache.extent(3)
                let place = cache.slice(slot..<(slot + 1)).reshaped([heads, length, width]).slice(0..<count, axis: 1)
                place.assign(
                    rows.slice(sequence..<(sequence + 1)).slice(0..<count, axis: 1)
                        .reshaped([count, heads, width]).transposed(0, 1))
            }
        }
    }
}
