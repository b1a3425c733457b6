// The cache of decoding steps of fixed shape: one layer's keys and values, at places that stay.

internal import CTorch

/// Keys and values of one layer at places that stay: of every slot one after the other, and of prefixes.
public struct StepCache {
    /// [places, K, W], W the head's width filled up to a multiple of 8.
    let keys, values: Tensor
    /// [prefix places, K, W].
    let prefixKeys, prefixValues: Tensor
    private let width: Int

    public init(places: Int, prefixPlaces: Int, heads: Int, width: Int) {
        let filled = (width + 7) / 8 * 8
        func room(_ places: Int) -> Tensor { .zeros([places, heads, filled]) }
        self.width = width
        (keys, values) = (room(places), room(places))
        (prefixKeys, prefixValues) = (room(prefixPlaces), room(prefixPlaces))
    }

    /// Writes a prefix [P, K, D] from a place on.
    public func store(keys: Tensor, values: Tensor, at start: Int) {
        func write(_ rows: Tensor, _ room: Tensor) {
            room.slice(start..<(start + rows.extent(0))).slice(0..<width, axis: 2).assign(rows)
        }
        write(keys, prefixKeys)
        write(values, prefixValues)
    }

    /// Where the four lie in memory: a graph reads and writes them there.
    var addresses: [UnsafeRawPointer?] { [keys, values, prefixKeys, prefixValues].map { ct_address($0.handle) } }
}
