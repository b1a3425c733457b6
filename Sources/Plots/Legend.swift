// Legends: a row of samples and names above the data.

/// An entry of a legend.
struct LegendEntry {
    enum Sample {
        case line(isDashed: Bool)
        case dot
        case ring
        case box
        case tick
    }

    var name: String
    var color: String
    var sample: Sample
}

/// A legend's sample and name, the sample starting at `x`.
func legendItem(_ entry: LegendEntry, x: Double, baseline: Double) -> String {
    let middle = baseline - 4
    let sample =
        switch entry.sample {
        case .line(let isDashed):
            rule(x, middle, x + 17, middle, opacity: 1, width: 2.4, color: entry.color, dashes: isDashed ? "5 3" : nil)
        case .dot: circle(x: x + 9, y: middle, radius: 4, color: entry.color)
        case .ring:
            "<circle cx=\"\(coordinate(x + 9))\" cy=\"\(coordinate(middle))\" r=\"3.6\" fill=\"none\" "
                + "stroke=\"\(entry.color)\" stroke-width=\"1.8\"/>\n"
        case .tick: rule(x + 2, middle, x + 16, middle, opacity: 1, width: 2.4, color: entry.color)
        case .box:
            "<rect x=\"\(coordinate(x + 4))\" y=\"\(coordinate(middle - 5))\" width=\"10\" height=\"10\" rx=\"1.5\" "
                + "fill=\"\(entry.color)\"/>\n"
        }
    return sample + label(entry.name, x: x + 22, y: baseline, anchor: "start", size: 12)
}

/// Entries in rows that fit `width`, each with its distance from the left.
func legendRows(_ entries: [LegendEntry], width: Double) -> [[(entry: LegendEntry, offset: Double)]] {
    var rows: [[(entry: LegendEntry, offset: Double)]] = [[]]
    var offset = 0.0
    for entry in entries {
        let needed = 22 + estimatedWidth(entry.name) + 14
        if offset > 0, offset + needed > width {
            rows.append([])
            offset = 0
        }
        rows[rows.count - 1].append((entry, offset))
        offset += needed
    }
    return rows
}
