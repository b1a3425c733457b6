// Which decoding steps have been captured as graphs, by their number of rows: a state machine without tensors.

/// A size is warmed the first time it comes, captured the second, and replayed from then on: one that comes once is not worth capturing.
/// A capture that fails is the last.
struct CapturedSteps<Graph> {
    enum Action {
        /// Operator by operator.
        case run
        /// Operator by operator, where a capture will find what it made.
        case warm
        case capture
        case replay(Graph)
    }

    private var warmed: Set<Int> = []
    private var graphs: [Int: Graph] = [:]
    /// Any of the graphs.
    private(set) var any: Graph?
    /// Why steps run operator by operator.
    private(set) var refusal: String?

    init(refusal: String? = nil) { self.refusal = refusal }

    /// Rows of the step that holds `count` rows: the next power of two, so that there are few sizes.
    static func size(for count: Int) -> Int {
        var size = 1
        while size < count { size *= 2 }
        return size
    }

    /// What to do with a step of this size.
    mutating func action(for size: Int) -> Action {
        if let graph = graphs[size] { return .replay(graph) }
        if refusal != nil { return .run }
        return warmed.insert(size).inserted ? .warm : .capture
    }

    mutating func keep(_ graph: Graph, for size: Int) {
        graphs[size] = graph
        any = any ?? graph
    }

    mutating func refuse(_ reason: String) { refusal = refusal ?? reason }
}
