// The profile of the asymptote: how well the sigmoid can still fit when its gain is held somewhere else.

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

extension SigmoidCurve {
    /// The ln gain, above (direction 1) or below (−1) the optimum, at which the least Σr² first exceeds `limit`; nil if
    /// it does not within a factor e³⁰, beyond which the sigmoid is a power law (above) or nothing (below) to rounding.
    func crossing(from optimum: Minimum, limit: Double, direction: Double) -> Double? {
        var inside = optimum
        // From half a linearised standard error on, in growing steps.
        let scale = (optimum.square / Double(logs.count - 3)).squareRoot()
        let width = scale * normalEquations(at: optimum.at).inverseDiagonal.x.squareRoot()
        var reach = width.isNaN ? 1 : min(1, max(1e-9, 0.25 * width))
        while reach < 30 {
            reach = min(30, reach * 2)
            let next = held(optimum.at.logGain + direction * reach, near: inside)
            if next.square > limit { return bisected(inside, next.at.logGain, limit) }
            inside = next
        }
        return nil
    }

    private func bisected(_ start: Minimum, _ end: Double, _ limit: Double) -> Double {
        var (inside, outside) = (start, end)
        for _ in 0..<60 {
            let middle = 0.5 * (inside.at.logGain + outside)
            if middle == inside.at.logGain || middle == outside { break }
            let found = held(middle, near: inside)
            if found.square > limit { outside = middle } else { inside = found }
            if abs(outside - inside.at.logGain) <= 1e-11 { break }
        }
        return 0.5 * (inside.at.logGain + outside)
    }

    /// The least Σr² with the gain held, from the neighbouring coefficients as they are and slid along the valley
    /// m + g/B, in which the part far below the midpoint does not change.
    private func held(_ logGain: Double, near neighbour: Minimum) -> Minimum {
        var same = neighbour.at
        same.logGain = logGain
        var slid = same
        slid.logMidpoint += (logGain - neighbour.at.logGain) / exp(neighbour.at.logExponent)
        let found = [same, slid].map { refined($0, isGainFree: false) }
        return found[0].square < found[1].square ? found[0] : found[1]
    }
}
