// A decoding step of fixed shape: what it is told goes up in one copy, what it found comes down in one, and no operator between
// them waits for the device or reads memory of the host.

internal import CTorch

/// One row of a decoding step: a token at its position, and what it sees.
public struct DecodingRow: Sendable {
    public var token, position: Int
    /// Places of the cache that the row sees; it writes the last one.
    public var own: Range<Int>
    /// Places of the prefixes that it sees before, maybe none.
    public var prefix: Range<Int>

    public init(token: Int, position: Int, own: Range<Int>, prefix: Range<Int>) {
        self.token = token
        self.position = position
        self.own = own
        self.prefix = prefix
    }
}

/// The buffers of decoding steps of up to `rows` rows on the thread's device; they stay where they are.
///
/// One step is `send`, `begin`, `attention` of every layer, `draw`, `results`. The operators from `begin` to `draw` and their shapes
/// follow from the shape below alone. Where fewer rows are sent the others are spare: they decode token 0 in the cache's last place.
public final class DecodingStep {
    public struct Shape: Sendable {
        /// n.
        public var rows: Int
        public var heads, keyValueHeads, vocabulary: Int
        /// Positions that the tables of angles hold.
        public var positions: Int
        /// Of a layer's cache, the last of them for spare rows, and of its prefixes.
        public var places, prefixPlaces: Int
        /// The arg max is taken instead of a draw.
        public var isGreedy: Bool

        public init(
            rows: Int, heads: Int, keyValueHeads: Int, vocabulary: Int, positions: Int, places: Int, prefixPlaces: Int,
            isGreedy: Bool
        ) {
            self.rows = rows
            self.heads = heads
            self.keyValueHeads = keyValueHeads
            self.vocabulary = vocabulary
            self.positions = positions
            self.places = places
            self.prefixPlaces = prefixPlaces
            self.isGreedy = isGreedy
        }
    }

    public let shape: Shape
    private let handle: ct_step?

    public init(_ shape: Shape) {
        self.shape = shape
        var made: ct_step?
        let given = ct_step_shape(
            rows: Int64(shape.rows), ratio: Int64(shape.heads / max(1, shape.keyValueHeads)),
            vocabulary: Int64(shape.vocabulary), positions: Int64(shape.positions), places: Int64(shape.places),
            prefix_places: Int64(shape.prefixPlaces), greedy: shape.isGreedy ? 1 : 0)
        change("decoding step") { ct_step_make(given, Runtime.device.code, &made) }
        handle = made
    }

    deinit { ct_step_free(handle) }

    /// Tells the step its rows, at most n, and what their draws depend on (`PolicyHeadKernels.sample`).
    ///
    /// Rows of one prefix that follow each other read it together. A row outside the shape is an error.
    public func send(_ rows: [DecodingRow], seed: UInt64, counters: [UInt32]) {
        change("decoding step") {
            precondition(counters.count == 4 * rows.count, "four counter words per row")
            let given = rows.map {
                ct_step_row(
                    token: Int64($0.token), position: Int64($0.position), start: Int64($0.own.lowerBound),
                    length: Int64($0.own.count), prefix_start: Int64($0.prefix.lowerBound),
                    prefix_length: Int64($0.prefix.count))
            }
            return ct_step_send(handle, given, Int64(rows.count), seed, counters)
        }
    }

    /// The first of the step's operators: token ids and positions of its rows, int64 [n].
    public func begin() -> (tokens: Tensor, positions: Tensor) {
        var made: (tokens: ct_tensor?, positions: ct_tensor?)
        change("decoding step") { ct_step_begin(handle, &made.tokens, &made.positions) }
        return (Tensor(owning: made.tokens), Tensor(owning: made.positions))
    }

    /// Writes keys and values [n, K, D] to the rows' places, then attends from queries [n, H, D] -> [n, H, D].
    public func attention(_ q: Tensor, keys: Tensor, values: Tensor, cache: StepCache, scale: Double) -> Tensor {
        Tensor.make("decoding step's attention") {
            let layer = ct_step_cache(
                keys: cache.keys.handle, values: cache.values.handle, prefix_keys: cache.prefixKeys.handle,
                prefix_values: cache.prefixValues.handle)
            return ct_step_attention(handle, q.handle, keys.handle, values.handle, layer, scale, $0)
        }
    }

    /// The last: a token per row of hidden [n, D] by a head [V, D].
    public func draw(hidden: Tensor, weight: Tensor, temperature: Double) {
        change("sampling") { ct_step_draw(handle, hidden.handle, weight.handle, temperature) }
    }

    /// Waits for the step: tokens and statistics [9, count] of its first `count` rows.
    public func results(_ count: Int) -> (tokens: [Int64], statistics: Tensor) {
        if FailureScope.hasFailed { return ([], Tensor(owning: nil)) }
        var tokens = [Int64](repeating: 0, count: count)
        let statistics = Tensor.make("sampling") { ct_step_results(handle, Int64(count), &tokens, $0) }
        return (tokens, statistics)
    }
}
