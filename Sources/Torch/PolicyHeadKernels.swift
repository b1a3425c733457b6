// The policy head's three passes: statistics, their gradient, sampling. Nothing of size N·V outlives a tile.

internal import CTorch

/// Rows of a statistics matrix [rows, N], float32, in nats (names and formulas: docs/metrics.md).
public enum StatisticsRow: Int, CaseIterable, Sendable {
    case logprob, lse, entropy, discriminant, expectedDiscriminant, varianceDiscriminant, collision,
        squaredDiscriminant, meanLogit
}

public enum PolicyHeadKernels {
    /// hidden [N, D], weight [V, D], ids int64 [N] -> statistics [9, N]. `tile` 0 chooses.
    public static func statistics(
        hidden: Tensor, weight: Tensor, ids: Tensor, temperature: Double, tile: Int = 0
    ) -> Tensor {
        Tensor.make("policy head") {
            ct_policy_head_forward(hidden.handle, weight.handle, ids.handle, temperature, Int64(tile), $0)
        }
    }

    /// The same statistics of given logits [N, V] float32, each term in double precision.
    public static func statistics(logits: Tensor, ids: Tensor, temperature: Double) -> Tensor {
        Tensor.make("token statistics") { ct_logits_statistics(logits.handle, ids.handle, temperature, $0) }
    }

    /// g1 = ∂L/∂log p and g2 = ∂L/∂H per row [N] -> (∂L/∂hidden [N, D], ∂L/∂weight [V, D]), float32.
    /// - Parameter sum: a gradient of the weight that this one is added to in place; it is the result then.
    public static func gradient(
        hidden: Tensor, weight: Tensor, ids: Tensor, statistics: Tensor, g1: [Float], g2: [Float],
        temperature: Double, addingTo sum: Tensor? = nil, tile: Int = 0
    ) -> (hidden: Tensor, weight: Tensor) {
        let (first, second) = derivatives(g1, g2)
        var weightGradient: ct_tensor?
        let hiddenGradient = Tensor.make("policy head gradient") {
            ct_policy_head_backward(
                hidden.handle, weight.handle, ids.handle, statistics.handle, first.handle, second.handle, temperature,
                Int64(tile), sum?.handle, $0, &weightGradient)
        }
        return (hiddenGradient, Tensor(owning: weightGradient))
    }

    /// ∂L/∂hidden [N, D] alone, for a frozen head.
    public static func hiddenGradient(
        hidden: Tensor, weight: Tensor, ids: Tensor, statistics: Tensor, g1: [Float], g2: [Float], temperature: Double
    ) -> Tensor {
        let (first, second) = derivatives(g1, g2)
        return Tensor.make("policy head gradient") {
            ct_policy_head_backward(
                hidden.handle, weight.handle, ids.handle, statistics.handle, first.handle, second.handle, temperature,
                0, nil, $0, nil)
        }
    }

    /// On the host, which chooses the rows that take part.
    private static func derivatives(_ g1: [Float], _ g2: [Float]) -> (Tensor, Tensor) {
        (Tensor(g1, device: .cpu), Tensor(g2, device: .cpu))
    }

    /// One sampled token per row of hidden [N, D], with its statistics, in one pass.
    ///
    /// `counters` holds four words per row (position, step, prompt, sample | purpose << 24): the draw depends on them, on
    /// `seed` and on the row's logits alone. `greedy` takes the arg max, the lowest id on a tie.
    public static func sample(
        hidden: Tensor, weight: Tensor, temperature: Double, greedy: Bool, seed: UInt64, counters: [UInt32],
        tile: Int = 0
    ) -> (tokens: [Int64], statistics: Tensor) {
        if FailureScope.hasFailed { return ([], Tensor(owning: nil)) }
        let rows = hidden.extent(0)
        precondition(counters.count == 4 * rows, "four counter words per row")
        var tokens = [Int64](repeating: 0, count: rows)
        let statistics = Tensor.make("sampling") {
            ct_policy_head_sample(
                hidden.handle, weight.handle, temperature, greedy ? 1 : 0, seed, counters, Int64(tile), &tokens, $0)
        }
        return (tokens, statistics)
    }
}
