// Attention of decoding: one row per slot, over a prefix that slots may share and over what each slot appended.

internal import CTorch

/// Keys and values of one layer as decoding reads them: room for `length` places in each slot (layouts: ctorch.h).
public struct KeyValuePanels {
    /// In panels for the CPU's fused passes, else [slots, K, L, D].
    let keys, values: Tensor

    /// Bytes of a number on the CPU, at the thread's precision.
    public static var numberBytes: Int { Int(ct_cache_number_bytes()) }

    /// Empty room, for decoding at the thread's precision.
    public init(slots: Int, heads: Int, length: Int, width: Int) {
        guard !Runtime.usesLibraryOperators else {
            keys = .zeros([slots, heads, length, width])
            values = .zeros([slots, heads, length, width])
            return
        }
        var made: (keys: ct_tensor?, values: ct_tensor?)
        change("cache") {
            ct_cache(Int64(slots), Int64(heads), Int64(length), Int64(width), &made.keys, &made.values)
        }
        keys = Tensor(owning: made.keys)
        values = Tensor(owning: made.values)
    }

    /// A prefix: one slot that these keys and values [P, K, D] fill.
    public init(keys: Tensor, values: Tensor) {
        let length = keys.extent(0)
        self.init(slots: 1, heads: keys.extent(1), length: length, width: keys.extent(2))
        append(
            keys: keys, values: values, slots: [Int64](repeating: 0, count: length),
            places: (0..<length).map(Int64.init))
    }

    /// Writes one key and value row [S, K, D] per entry at its place of its slot.
    public func append(keys: Tensor, values: Tensor, slots: [Int64], places: [Int64]) {
        change("append to cache") {
            precondition(slots.count == keys.extent(0) && places.count == slots.count, "one place per row")
            return ct_cache_append(self.keys.handle, self.values.handle, keys.handle, values.handle, slots, places)
        }
    }
}

/// Which part of a cache each row of a decoding step sees.
public struct CachedRows: Sendable {
    /// A row's slot, of which it sees the places 0...place.
    public var slots, places: [Int64]
    /// A row's prefix, seen whole before the slot: an index, or -1 for none.
    public var prefixes: [Int64]

    public init(slots: [Int64], places: [Int64], prefixes: [Int64]) {
        precondition(slots.count == places.count && slots.count == prefixes.count, "one slot, place and prefix per row")
        self.slots = slots
        self.places = places
        self.prefixes = prefixes
    }
}

extension Tensor {
    /// Attention of one query row per entry, [S, H, D], over its prefix, if it has one, and its slot of `cache`.
    public func cachedAttention(
        _ cache: KeyValuePanels, prefixes: [KeyValuePanels] = [], rows: CachedRows, scale: Double
    ) -> Tensor {
        Tensor.make("cached attention") {
            precondition(rows.slots.count == extent(0), "one place per row")
            return ct_cached_attention(
                handle, cache.keys.handle, cache.values.handle, rows.slots, rows.places, prefixes.map(\.keys.handle),
                prefixes.map(\.values.handle), Int64(prefixes.count), rows.prefixes, scale, $0)
        }
    }
}
