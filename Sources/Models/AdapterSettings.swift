// What the adapters of a model are: rank, scale, and which layers have them.

/// Low-rank adapters (2106.09685): a linear layer computes with W + (α/r) B A, of which only A and B are trained.
public struct AdapterSettings: Sendable, Equatable {
    /// The linear layers of a decoder layer that may have adapters, in checkpoint order.
    public static let modules = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]

    /// r.
    public var rank: Int
    /// α.
    public var alpha: Double
    /// Names among `modules`.
    public var targets: [String]

    public init(rank: Int = 16, alpha: Double = 32, targets: [String] = modules) {
        self.rank = rank
        self.alpha = alpha
        self.targets = targets
    }

    /// α / r.
    var scale: Double { alpha / Double(rank) }

    /// Whether a weight's checkpoint key is that of a target.
    func covers(_ name: String) -> Bool {
        let parts = name.split(separator: ".")
        return parts.count > 2 && parts.last == "weight" && targets.contains(String(parts[parts.count - 2]))
    }

    /// Scalars of A and B, and of the weights they adapt, for a model of these sizes.
    public func counts(in config: ModelConfig) -> (adapters: Int, adapted: Int) {
        let (hidden, inner) = (config.hiddenSize, config.intermediateSize)
        let (wide, narrow) = (config.heads * config.headSize, config.keyValueHeads * config.headSize)
        let shapes = [
            "q_proj": (wide, hidden), "k_proj": (narrow, hidden), "v_proj": (narrow, hidden), "o_proj": (hidden, wide),
            "gate_proj": (inner, hidden), "up_proj": (inner, hidden), "down_proj": (hidden, inner),
        ]
        let own = Set(targets).compactMap { shapes[$0] }
        return (
            config.layers * own.reduce(0) { $0 + rank * ($1.0 + $1.1) },
            config.layers * own.reduce(0) { $0 + $1.0 * $1.1 }
        )
    }
}
