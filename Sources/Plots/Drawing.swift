// Small pieces of SVG, and where labels may stand.

func label(
    _ text: String, x: Double, y: Double, anchor: String, size: Double, opacity: Double = 1,
    color: String = "currentColor",
    extra: String = ""
) -> String {
    let fade = opacity < 1 ? " fill-opacity=\"\(fixed(opacity, 2))\"" : ""
    return "<text x=\"\(coordinate(x))\" y=\"\(coordinate(y))\" text-anchor=\"\(anchor)\" "
        + "font-size=\"\(coordinate(size))\" fill=\"\(color)\"\(fade)\(extra)>\(Markup.text(text))</text>\n"
}

func rule(
    _ x1: Double, _ y1: Double, _ x2: Double, _ y2: Double, opacity: Double, width: Double = 1,
    color: String = "currentColor", dashes: String? = nil
) -> String {
    let pattern = dashes.map { " stroke-dasharray=\"\($0)\"" } ?? ""
    return "<line x1=\"\(coordinate(x1))\" y1=\"\(coordinate(y1))\" x2=\"\(coordinate(x2))\" y2=\"\(coordinate(y2))\" "
        + "stroke=\"\(color)\" stroke-opacity=\"\(fixed(opacity, 2))\" stroke-width=\"\(coordinate(width))\"\(pattern)/>\n"
}

func circle(x: Double, y: Double, radius: Double, color: String, opacity: Double = 1) -> String {
    "<circle cx=\"\(coordinate(x))\" cy=\"\(coordinate(y))\" r=\"\(coordinate(radius))\" fill=\"\(color)\" "
        + "fill-opacity=\"\(fixed(opacity, 2))\"/>\n"
}

/// An open path through `points`.
func polyline(_ points: [(x: Double, y: Double)]) -> String {
    guard let first = points.first else { return "" }
    return points.dropFirst().reduce(into: "M\(coordinate(first.x)) \(coordinate(first.y))") { path, point in
        path += "L\(coordinate(point.x)) \(coordinate(point.y))"
    }
}

/// Moves `places` as little as needed so that neighbours are `apart`, keeping their order, inside `bounds` if they fit.
func spread(_ places: [Double], apart: Double, in bounds: ClosedRange<Double>) -> [Double] {
    let order = places.indices.sorted { (places[$0], $0) < (places[$1], $1) }
    // Clusters of labels that touch; each is centred on the mean of the places it stands for.
    var clusters: [(members: [Int], start: Double)] = []
    for index in order {
        clusters.append(([index], places[index]))
        while clusters.count > 1 {
            let last = clusters[clusters.count - 1]
            let previous = clusters[clusters.count - 2]
            guard last.start < previous.start + Double(previous.members.count) * apart else { break }
            let members = previous.members + last.members
            let mean = members.reduce(0) { $0 + places[$1] } / Double(members.count)
            let extent = Double(members.count - 1) * apart
            let start = max(bounds.lowerBound, min(mean - extent / 2, bounds.upperBound - extent))
            clusters.removeLast(2)
            clusters.append((members, start))
        }
    }
    var result = places
    for cluster in clusters {
        for (offset, index) in cluster.members.enumerated() {
            result[index] = cluster.start + Double(offset) * apart
        }
    }
    return result
}

/// The smallest stride at which labels of these centres and widths do not run into each other.
func labelStride(_ labels: [(place: Double, width: Double)]) -> Int {
    var every = 1
    while every < labels.count {
        let shown = stride(from: 0, to: labels.count, by: every).map { labels[$0] }
        let fits = zip(shown, shown.dropFirst()).allSatisfy { $1.place - $0.place > ($0.width + $1.width) / 2 + 6 }
        if fits { return every }
        every += 1
    }
    return max(1, every)
}
