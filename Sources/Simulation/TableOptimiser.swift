// Gradient descent and Adam on the logits of a table.

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// How a gradient becomes a displacement.
public enum OptimiserKind: Sendable, Equatable {
    case sgd
    /// Adam (1412.6980) without weight decay; rows that a batch did not visit have gradient 0 and still move by momentum.
    case adam(beta1: Double = 0.9, beta2: Double = 0.999, epsilon: Double = 1e-8)
}

/// The optimiser's state over all logits, [prompts · states · V].
struct TableOptimiser: Sendable {
    let kind: OptimiserKind
    /// Adam's m; empty under gradient descent.
    private(set) var first: [Double] = []
    private var second: [Double] = []
    private var updates = 0.0

    init(_ kind: OptimiserKind, count: Int) {
        self.kind = kind
        if case .adam = kind {
            first = [Double](repeating: 0, count: count)
            second = first
        }
    }

    /// β₁ / (1 − β₁); 0 under gradient descent.
    var momentumMemory: Double {
        if case .adam(let beta1, _, _) = kind { beta1 / (1 - beta1) } else { 0 }
    }

    /// P = 1 / (√v̂ + ε) of the step that this gradient would make; 1 under gradient descent.
    func metric(gradient: [Double]) -> [Double] {
        guard case .adam(_, let beta2, let epsilon) = kind else { return gradient.map { _ in 1 } }
        let bias = 1 - pow(beta2, updates + 1)
        return gradient.indices.map { index in
            let v = beta2 * second[index] + (1 - beta2) * gradient[index] * gradient[index]
            return 1 / ((v / bias).squareRoot() + epsilon)
        }
    }

    /// Δz of every logit for a gradient of the loss, [prompts · states · V].
    mutating func displacement(gradient: [Double], learningRate: Double) -> [Double] {
        guard case .adam(let beta1, let beta2, let epsilon) = kind else { return gradient.map { -learningRate * $0 } }
        updates += 1
        let (bias1, bias2) = (1 - pow(beta1, updates), 1 - pow(beta2, updates))
        var result = [Double](repeating: 0, count: gradient.count)
        for index in gradient.indices {
            first[index] = beta1 * first[index] + (1 - beta1) * gradient[index]
            second[index] = beta2 * second[index] + (1 - beta2) * gradient[index] * gradient[index]
            result[index] =
                -learningRate * (first[index] / bias1) / ((second[index] / bias2).squareRoot() + epsilon)
        }
        return result
    }
}
