// How far entropy can move, and how wrong its prediction can be, along any displacement of the logits.

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// Bounds without an assumption of smallness; 2602.03392 argues the size of its O(α²) from typical settings and proves
/// no bound (secondary), these are derived.
///
/// Along p_t ∝ p e^{t w}, t from 0 to 1, with w = step · direction / T, ρ = max w − min w, u = w − E_t w and
/// s = H_t + log p_t: H' = −E_t[s u], H'' = −Var_t(w) − E_t[s u²], H''' = −2 E_t[u³] − 3 Var_t(w) H' − E_t[s u³].
/// As Σ|S| ≤ 2 H_t and ΣS = 0, |E_t[s f]| ≤ H_t (max f − min f); and Var_t(w) ≤ ρ² min(¼, 1 − max p_t) with
/// 1 − max p_t ≤ H_t. Hence |H'| ≤ ρ H_t, so that H_t ≤ H e^{ρt}, and
/// |H''| ≤ ρ² (H_t + min(¼, H_t)), |H'''| ≤ ρ³ (2m + 3 m H_t + H_t), m = min(¼, H_t); Taylor's theorem does the rest.
extension LogitDisplacement {
    /// max − min of direction / T over the tokens that can be sampled: ρ per unit step.
    public var spread: Double {
        var (low, high) = (Double.infinity, -Double.infinity)
        for (token, value) in direction.enumerated() where distribution.logProbabilities[token] > -.infinity {
            low = min(low, value)
            high = max(high, value)
        }
        return (high - low) / distribution.temperature
    }

    /// Where H must lie after the step: from H e^−ρ to min(H e^ρ, log `supportSize`), nats.
    ///
    /// No displacement collapses entropy by more than the factor e^ρ, nor multiplies it by more.
    public func entropyInterval(_ step: Double) -> ClosedRange<Double> {
        let rho = abs(step) * spread
        let most = log(Double(distribution.supportSize))
        guard rho < 700 else { return 0...most }
        let lower = distribution.entropy * exp(-rho)
        return lower...max(lower, min(distribution.entropy * exp(rho), most))
    }

    /// |ΔH − `firstOrder`| ≤ the least of ρ²/8 + H g, 2 H g and ρ² (¼ + log n)/2, with g = e^ρ − 1 − ρ and n the
    /// `supportSize`; nats.
    public func firstOrderErrorBound(_ step: Double) -> Double {
        let rho = abs(step) * spread
        let flat = rho * rho * (0.25 + log(Double(distribution.supportSize))) / 2
        guard rho < 700 else { return flat }
        let growth = distribution.entropy * exponentialRemainder(rho, order: 1)
        return min(rho * rho / 8 + growth, 2 * growth, flat)
    }

    /// |ΔH − `secondOrder`| ≤ the least of ρ³/12 + (7/4) H g, (15/4) H g and ρ³ (½ + (7/4) log n)/6, with
    /// g = e^ρ − 1 − ρ − ρ²/2; nats.
    public func secondOrderErrorBound(_ step: Double) -> Double {
        let rho = abs(step) * spread
        let cube = rho * rho * rho
        let flat = cube * (0.5 + 1.75 * log(Double(distribution.supportSize))) / 6
        guard rho < 700 else { return flat }
        let growth = distribution.entropy * exponentialRemainder(rho, order: 2)
        return min(cube / 12 + 1.75 * growth, 3.75 * growth, flat)
    }
}
