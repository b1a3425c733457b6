// What the μ sweep concludes.

/// With rewards to learn from: order over μ, and GRPO as reference. With random rewards: what the sign of A is for.
func muSweepFindings(informed: [MuSweepLine], random: [MuSweepLine]) -> [Finding] {
    orderFindings(informed) + referenceFindings(informed) + randomFindings(random)
}

/// Judged on the mean over seeds; equal where nothing is dropped.
private func orderFindings(_ lines: [MuSweepLine]) -> [Finding] {
    lines.filter { $0.rule != nil }.map { line in
        func falls(_ entropy: [Double]) -> Bool { zip(entropy, entropy.dropFirst()).allSatisfy { $0 >= $1 } }
        let seeds = line.ends.first?.count ?? 0
        let ordered = (0..<seeds).count { seed in falls(line.ends.map { $0[seed].entropy }) }
        func ends(_ values: [Double], _ decimals: Int) -> String {
            "\(digits(values.first ?? .nan, decimals)) … \(digits(values.last ?? .nan, decimals))"
        }
        return Finding(
            "\(line.name): the smaller μ, the higher entropy (2602.03392)", holds: falls(line.mean(\.entropy)),
            measured: "judged on the mean over seeds; each alone is so on \(ordered) of \(seeds); from μ = "
                + "\(ends(line.mus, 1)) entropy \(ends(line.mean(\.entropy), 3)) nats, dropped \(ends(line.mean { 100 * $0.dropped }, 1)) %, "
                + "pass rate \(ends(line.mean(\.passRate), 3))")
    }
}

/// Judged on the mean over seeds of every setting that dropped a token at all.
private func referenceFindings(_ lines: [MuSweepLine]) -> [Finding] {
    guard let plain = lines.first?.ends.first else { return [] }
    return IntervalMethod.allCases.map { method in
        let settings = lines.filter { $0.rule?.method == method }.flatMap(\.ends)
        let active = settings.filter { $0.contains { $0.dropped > 0 } }
        let gains = active.map { zip($0, plain).map { $0.entropy - $1.entropy } }
        let failing = zip(active, gains).filter { $0.1.contains { $0 <= 0 } }
        let (runs, above) = (gains.joined().count, gains.joined().count { $0 > 0 })
        let mildest = failing.map { mean($0.0.map(\.dropped)) }.max() ?? 0
        return Finding(
            "\(method.name) ends above GRPO in entropy (2602.03392)", holds: gains.allSatisfy { mean($0) > 0 },
            measured: "mean over seeds, all \(active.count) settings that drop tokens "
                + "(\(settings.count - active.count) drop none); \(above) of \(runs) runs"
                + (failing.isEmpty ? "" : ", the others where at most \(digits(100 * mildest, 1)) % are dropped")
                + "; GRPO ends at \(spread(plain.map(\.entropy))) nats")
    }
}

/// Masks that know the sign of A, and masks that do not, where A means nothing.
private func randomFindings(_ lines: [MuSweepLine]) -> [Finding] {
    func drifts(_ ends: [MuSweepLine.End]) -> [Double] { ends.map { $0.entropy - $0.start } }
    func strongest(_ masks: [IntervalMask]) -> [Double] {
        lines.filter { line in line.rule.map { masks.contains($0.mask) } ?? false }.flatMap { drifts($0.ends[0]) }
    }
    guard let plain = lines.first?.ends.first.map(drifts) else { return [] }
    let (signed, blind) = (strongest([.oneSided, .signAware]), strongest([.twoSided]))
    let drift = mean(plain)
    let twoSided = lines.filter { $0.rule?.mask == .twoSided }
    let kept = twoSided.map { line in line.ends.map { mean(drifts($0)) / drift } }
    let details = zip(twoSided, kept).map { line, kept in
        "\(line.name) "
            + line.mus.indices.map {
                "\(digits(100 * kept[$0], 0)) % (μ = \(digits(line.mus[$0], 1)), "
                    + "\(digits(100 * line.mean(\.dropped)[$0], 0)) % dropped)"
            }.joined(separator: ", ")
    }
    return [
        Finding(
            "Under random rewards one-sided and sign-aware masks turn the fall of entropy into a rise, two-sided masks, "
                + "blind to the sign of A, do not (derived)",
            holds: signed.allSatisfy { $0 > 0 } && blind.allSatisfy { $0 < 0 } && plain.allSatisfy { $0 < 0 },
            measured: "change of H over the run at μ = 0.5: \(spread(signed)) with the sign, \(spread(blind)) without, "
                + "GRPO \(spread(plain)) nats"),
        Finding(
            "Under random rewards a two-sided mask leaves the drift of entropy unchanged, within a tenth (derived)",
            holds: kept.joined().allSatisfy { ($0 - 1).magnitude < 0.1 },
            measured: "GRPO drifts by \(digits(drift, 3)) nats, of which remain: \(details.joined(separator: "; ")); "
                + "where rewards mean nothing the drift is the second order of noisy updates, and fewer tokens make "
                + "less of it"),
    ]
}
