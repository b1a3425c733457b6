// The key-value cache of decoding: prompts' prefixes, each kept once, and per layer room for what every slot adds.

import Torch

/// Keys and values of the first positions of a prompt, for every completion that continues it.
public final class KeyValuePrefix {
    public let count: Int
    let layers: [KeyValuePanels]

    /// - Parameter rows: the prefix's rows of a prefill, at least one.
    public init(_ prefill: [LayerKeyValues], rows: Range<Int>) {
        precondition(!rows.isEmpty, "a prefix has a token")
        count = rows.count
        layers = prefill.map { KeyValuePanels(keys: $0.keys.slice(rows), values: $0.values.slice(rows)) }
    }
}

/// Room for `length` positions after the prefix in each of `slots` slots.
public final class KeyValueCache {
    public let slots: Int
    public let length: Int
    let layers: [KeyValuePanels]
    private var prefixes: [KeyValuePrefix?]

    public init(config: ModelConfig, slots: Int, length: Int) {
        self.slots = slots
        self.length = length
        prefixes = Array(repeating: nil, count: slots)
        layers = (0..<config.layers).map { _ in
            KeyValuePanels(slots: slots, heads: config.keyValueHeads, length: length, width: config.headSize)
        }
    }

    /// Starts a sequence in a slot: its first positions are those of `prefix`, the slot's own places follow.
    public func begin(slot: Int, after prefix: KeyValuePrefix?) { prefixes[slot] = prefix }

    /// Where rows at `positions` of their sequences lie, and the prefixes they share.
    func rows(slots: [Int64], positions: [Int64]) -> (rows: CachedRows, prefixes: [KeyValuePrefix]) {
        var distinct: [KeyValuePrefix] = []
        var indices: [ObjectIdentifier: Int64] = [:]
        var rows = CachedRows(slots: slots, places: positions, prefixes: slots.map { _ in -1 })
        for (row, slot) in slots.enumerated() {
            guard let prefix = prefixes[Int(slot)] else { continue }
            let next = Int64(distinct.count)
            let index = indices[ObjectIdentifier(prefix), default: next]
            if index == next {
                indices[ObjectIdentifier(prefix)] = next
                distinct.append(prefix)
            }
            rows.prefixes[row] = index
            rows.places[row] -= Int64(prefix.count)
        }
        return (rows, distinct)
    }
}
