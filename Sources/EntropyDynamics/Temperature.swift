// The same logits at another temperature, and the temperature at which they have a wanted entropy.

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

extension Categorical {
    /// softmax(z / T') of the same raw logits z.
    ///
    /// Only differences of logits matter, and T log p has those of z, so the logits themselves are not needed.
    /// - Throws: `EntropyDynamicsError` if the temperature is not positive and finite.
    public func tempered(_ newTemperature: Double) throws -> Categorical {
        try Categorical(logits: logProbabilities.map { $0 * temperature }, temperature: newTemperature)
    }

    /// dH/dT = Var_p(z) / T³ = Var_p(log p) / T ≥ 0, nats per unit of temperature. Derived.
    ///
    /// dp_i/dT = −p_i (z_i − E_p z)/T² put into dH = −Σ log p_i dp_i.
    public var entropySlopeInTemperature: Double { varentropy / temperature }

    /// How many tokens can be sampled at all.
    public var supportSize: Int { logProbabilities.reduce(0) { $1 > -.infinity ? $0 + 1 : $0 } }

    /// log of the number of most likely tokens and log of `supportSize`: the limits of H for T → 0 and T → ∞, nats.
    public var reachableEntropies: (lower: Double, upper: Double) {
        let top = logProbabilities.max() ?? 0
        let ties = logProbabilities.reduce(0) { $1 == top ? $0 + 1 : $0 }
        return (log(Double(ties)), log(Double(supportSize)))
    }

    /// The temperature at which these logits have entropy `target`, in nats.
    ///
    /// H increases strictly in T (unless all logits are equal), so the answer is unique; it is found by Newton's
    /// method in log T, whose slope there is Var_p(log p). Close to a limit of `reachableEntropies` H hardly depends
    /// on T, and the answer is as uncertain as that makes it.
    /// - Throws: `EntropyDynamicsError` if no temperature gives this entropy.
    public func temperature(forEntropy target: Double) throws -> Double {
        let limits = reachableEntropies
        let unreachable = EntropyDynamicsError(
            .outOfRange,
            "no temperature gives these logits an entropy of \(target) nats: "
                + "it must lie between \(limits.lower) and \(limits.upper), both excluded",
            place: "target")
        guard target > limits.lower, target < limits.upper else { throw unreachable }
        let start = log(temperature)
        let root = try increasingRoot(near: start, in: (start - 650)...(start + 650), tolerance: 2e-16 * target) {
            let tempered = try tempered(exp($0))
            return (tempered.entropy - target, tempered.varentropy)
        }
        guard let root else { throw unreachable }
        return exp(root)
    }
}
