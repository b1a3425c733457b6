// What the centring experiment concludes.

/// Rates and levels over batch sizes, the ratio to S*, and the course along a run.
func centringFindings(_ runs: [CentringSeed]) throws -> [Finding] {
    try rateFindings(runs) + ratioFindings(runs) + runFindings(runs)
}

private func rateFindings(_ runs: [CentringSeed]) throws -> [Finding] {
    func slopes(_ sampler: CentringSampler, _ signal: CentringSignal) throws -> [Double] {
        try runs.map { try logLogSlope($0.sizes, $0.figureSpread(sampler, signal)) }
    }
    func isHalf(_ slopes: [Double]) -> Bool { slopes.allSatisfy { ($0 + 0.5).magnitude < 0.03 } }
    /// Root mean square at the largest size of the figure over the exact mean per token.
    func levels(_ sampler: CentringSampler, _ signal: CentringSignal) -> [Double] {
        runs.map { ($0.figureSpread(sampler, signal).last ?? .nan) / $0.exact(sampler, signal).mean.magnitude }
    }
    func isLevel(_ levels: [Double]) -> Bool { levels.allSatisfy { ($0 - 1).magnitude < 0.01 } }
    func bias(_ sampler: CentringSampler, _ signal: CentringSignal) -> String {
        spread(runs.map { $0.exact(sampler, signal).mean }, 4)
    }
    let (plain, centred) = (try slopes(.policy, .discriminant), try slopes(.policy, .centred))
    let weighted = try slopes(.sharper, .weighted) + slopes(.stale, .weighted)
    let biased = levels(.sharper, .centred) + levels(.stale, .centred)
    let clipped = levels(.stale, .clipped)
    return [
        Finding(
            "On policy the batch mean of C falls as n^(−1/2), and that of S* does not fall (corollary 3.5)",
            holds: isHalf(centred) && plain.allSatisfy { $0.magnitude < 0.01 },
            measured: "slopes \(spread(centred)) for C and \(spread(plain)) for S*"),
        Finding(
            "Off policy without ratios it levels off at its exact mean Σ q C (derived)", holds: isLevel(biased),
            measured: "at 65,536 tokens \(spread(biased)) times the exact mean, which is \(bias(.sharper, .centred)) "
                + "nats at T = 0.8 and \(bias(.stale, .centred)) nats from the stale policy"),
        Finding(
            "Weighted by r = p / q it falls as n^(−1/2) again (derived)", holds: isHalf(weighted),
            measured: "slopes \(spread(weighted)), both samplers"),
        Finding(
            "Holding r within 0.8 to 1.2 breaks it again (derived)",
            holds: isLevel(clipped) && runs.allSatisfy { $0.exact(.stale, .clipped).mean.magnitude > 1e-3 },
            measured: "levels off at \(spread(clipped)) times its exact mean \(bias(.stale, .clipped)) nats"),
    ]
}

/// "About three orders of magnitude" is taken as within half an order.
private func ratioFindings(_ runs: [CentringSeed]) -> [Finding] {
    // The mean of C is 0, so that its root mean square is its deviation, √(variance of one token / n).
    let needed = runs.map { run in
        let ratio = 1000 / run.exact(.policy, .discriminant).mean
        return run.exact(.policy, .centred).variance * ratio * ratio
    }
    return [(doublings: 4, tokens: "1,024"), (CentringSeed.doublings, "1,048,576")].map { doublings, tokens in
        let factors = runs.map {
            $0.spread(.policy, .discriminant)[doublings] / $0.spread(.policy, .centred)[doublings]
        }
        return Finding(
            "The batch mean of C is about three orders of magnitude smaller than that of S* (2602.03392), at \(tokens) "
                + "tokens", holds: factors.allSatisfy { $0 > 1000 / 10.0.squareRoot() },
            measured: "smaller by a factor of \(spread(factors, 0)); sampling error alone gives 1,000 at "
                + "\(spread(needed.map { $0 / 1e6 }, 1)) million tokens")
    }
}

private func runFindings(_ runs: [CentringSeed]) -> [Finding] {
    let scores = runs.map { mean($0.runScores.map { $0 * $0 }).squareRoot() }
    let early = runs.map { mean($0.runCentred.prefix(20).map(\.magnitude)) }
    let late = runs.map { mean($0.runCentred.suffix(20).map(\.magnitude)) }
    return [
        Finding(
            "Along an on-policy run the batch mean of C is sampling noise of standard error σ_C / √n (derived)",
            holds: scores.allSatisfy { (0.8...1.2).contains($0) },
            measured: "its root mean square is \(spread(scores, 2)) standard errors, where 1 is noise alone"),
        Finding(
            "It goes to zero during training (2602.03392)", holds: zip(early, late).allSatisfy { $1 < $0 },
            measured: "mean magnitude \(spread(early, 4)) nats over the first 20 steps, \(spread(late, 4)) over the "
                + "last 20; S* from \(spread(runs.map { $0.runDiscriminant.first ?? .nan })) to "
                + "\(spread(runs.map { $0.runDiscriminant.last ?? .nan }))"),
    ]
}
