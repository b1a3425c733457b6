// Which claims about the bounds of the ratio clip held on tables.

extension ClipRangeResult {
    var findings: [Finding] {
        let (symmetric, free) = (ClipRange.symmetric, ClipRange.free)
        let (low, high) = (ClipRange.lowAlone, ClipRange.highAlone)
        let (higher, lower, tighter) = (ClipRange.bounds[1], ClipRange.bounds[2], ClipRange.bounds[3])
        let informative = ClipRange.cells.filter { !$0.isRandom }
        let random = ClipRange.cells.filter(\.isRandom)
        return [
            compared(
                "Clip-higher raises entropy under informative reward (2511.05993)", higher, symmetric, informative),
            ranked("Clip-lower collapses worst of five under informative reward (2511.05993)", lower, 5, informative),
            compared(
                "Clip-tighter mitigates the collapse under informative reward (2511.05993)", tighter, symmetric,
                informative),
            ranked(
                "Clip-free has the second-highest entropy of five under informative reward (2511.05993)", free, 2,
                informative),
            compared("The low bound raises entropy (2509.26114)", low, free, ClipRange.cells),
            compared("The high bound lowers entropy (2509.26114)", high, free, falls: true, ClipRange.cells),
            compared(
                "The symmetric clip lowers entropy even under random reward (2509.26114)", symmetric, free, falls: true,
                random),
        ] + [low, high].map { anyRate($0, falls: $0.name == high.name) }
    }

    /// Whether one arm's entropy is above another's in most seeds of each of the cells; all cells are told.
    private func compared(
        _ claim: String, _ bounds: ClipRange.Bounds, _ other: ClipRange.Bounds, falls: Bool = false,
        _ cells: [ClipRange.Cell]
    ) -> Finding {
        Finding(
            claim, holds: cells.allSatisfy { isMost(difference(bounds, other, $0), falls) },
            measured: ClipRange.cells.map { "\($0.name): \(inWords(difference(bounds, other, $0)))" }
                .joined(separator: "; "))
    }

    /// Whether an arm has this place by entropy among the five of 2511.05993 in each of the cells.
    private func ranked(
        _ claim: String, _ bounds: ClipRange.Bounds, _ place: Int, _ cells: [ClipRange.Cell]
    ) -> Finding {
        func found(_ cell: ClipRange.Cell) -> Int {
            let own = mean(arm(bounds, cell)?.entropy ?? [])
            return 1 + ClipRange.bounds.prefix(5).count { mean(arm($0, cell)?.entropy ?? []) > own }
        }
        return Finding(
            claim, holds: cells.allSatisfy { found($0) == place },
            measured: "place by entropy, 1 the highest: "
                + ClipRange.cells.map { "\($0.name) \(found($0))" }.joined(separator: ", "))
    }

    private func anyRate(_ bounds: ClipRange.Bounds, falls: Bool) -> Finding {
        let cell = ClipRange.Cell(table: .peaked, isRandom: true)
        let all = ClipRange.rates.map { difference(bounds, ClipRange.free, cell, rate: $0) }
        let effect = falls ? "high bound alone lowers" : "low bound alone raises"
        return Finding(
            "On the peaked table under random reward the \(effect) entropy at every learning rate",
            holds: all.allSatisfy { isMost($0, falls) },
            measured: zip(ClipRange.rates, all).map { rate, values in
                let clipped = arm(bounds, cell, rate: rate).map { mean($0.clippedHigh) + mean($0.clippedLow) } ?? .nan
                return "rate \(digits(rate, 1)), \(digits(100 * clipped, 2)) % clipped: \(inWords(values, 4))"
            }.joined(separator: "; "))
    }

    /// At least four of five seeds have the sign.
    private func isMost(_ values: [Double], _ falls: Bool) -> Bool {
        5 * values.count { falls ? $0 < 0 : $0 > 0 } >= 4 * values.count
    }

    private func inWords(_ values: [Double], _ decimals: Int = 3) -> String {
        "\(spread(values, decimals)) nats, above 0 in \(values.count { $0 > 0 }) of \(values.count) seeds"
    }
}
