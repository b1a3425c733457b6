// The frame around the data: titles, axes, grid, legend, and the mapping to pixels.

struct Frame {
    let size: ChartSize
    let x: AxisScale?
    let y: AxisScale
    let left: Double
    let right: Double
    let top: Double
    let bottom: Double
    private let head: String
    private let xAxisTitle: String

    /// `x` is nil where the horizontal axis has categories, which the chart itself writes. `rightMargin` leaves room
    /// for labels beside the lines.
    init(
        size: ChartSize, title: String, xTitle: String, yTitle: String, x: AxisScale?, y: AxisScale,
        legend: [LegendEntry], rightMargin: Double = 14
    ) {
        self.size = size
        self.x = x
        self.y = y
        let widest = y.ticks.map { estimatedWidth($0.label, size: 11) }.max() ?? 0
        left = max(34, widest + 16).rounded()
        right = max(left + 60, (size.width - rightMargin).rounded())
        bottom = size.height - (xTitle.isEmpty ? 26 : 42)

        var head = ""
        var line = 4.0
        if !title.isEmpty {
            line += 15
            head += label(title, x: 0, y: line, anchor: "start", size: 14, extra: #" font-weight="600""#)
            line += 4
        }
        if !legend.isEmpty {
            let rows = legendRows(legend, width: size.width)
            for row in rows {
                line += 15
                head += row.map { legendItem($0.entry, x: $0.offset, baseline: line) }.joined()
            }
            line += 4
        }
        if !yTitle.isEmpty {
            line += 14
            head += label(yTitle, x: 0, y: line, anchor: "start", size: 11, opacity: 0.72)
        }
        self.head = head
        xAxisTitle = xTitle
        top = min(line + 13, bottom - 40)
    }

    func xPixel(_ value: Double) -> Double? {
        x?.place(value).map { left + Frame.near($0) * (right - left) }
    }

    func yPixel(_ value: Double) -> Double? {
        y.place(value).map { bottom - Frame.near($0) * (bottom - top) }
    }

    /// Far outside is outside: renderers lose their way in coordinates of many digits.
    private static func near(_ place: Double) -> Double {
        max(-50, min(50, place))
    }

    /// The whole drawing around `content`; what lies outside the axes is cut off, `beside` is not.
    func drawing(title: String, content: String, beside: String = "") -> String {
        var result = """
            <svg xmlns="http://www.w3.org/2000/svg" class="chart" width="\(coordinate(size.width))" \
            height="\(coordinate(size.height))" viewBox="0 0 \(coordinate(size.width)) \(coordinate(size.height))" \
            role="img" aria-label="\(Markup.attribute(title))" fill="none" stroke="none" \
            font-family="system-ui, -apple-system, 'Segoe UI', 'DejaVu Sans', sans-serif">\n
            """
        result += head + axes()
        // A nested <svg> cuts at its border without needing an id, which would have to be unique in the page.
        let (width, height) = (coordinate(right - left + 8), coordinate(bottom - top + 8))
        let (x0, y0) = (coordinate(left - 4), coordinate(top - 4))
        result += "<svg x=\"\(x0)\" y=\"\(y0)\" width=\"\(width)\" height=\"\(height)\" "
        result += "viewBox=\"\(x0) \(y0) \(width) \(height)\">\n\(content)</svg>\n"
        result += beside + "</svg>\n"
        return result
    }

    private func axes() -> String {
        var result = ""
        for tick in y.ticks {
            guard let place = yPixel(tick.value) else { continue }
            let isBase = (place - bottom).magnitude < 0.5
            result += rule(left, place, right, place, opacity: isBase ? 0.55 : tick.value == 0 ? 0.4 : 0.13)
            result += label(tick.label, x: left - 7, y: place + 3.8, anchor: "end", size: 11, opacity: 0.8)
        }
        if !y.ticks.contains(where: { yPixel($0.value).map { ($0 - bottom).magnitude < 0.5 } ?? false }) {
            result += rule(left, bottom, right, bottom, opacity: 0.55)
        }
        let ticks = (x?.ticks ?? []).compactMap { tick in xPixel(tick.value).map { (place: $0, label: tick.label) } }
        let every = labelStride(ticks.map { ($0.place, estimatedWidth($0.label, size: 11)) })
        for (index, tick) in ticks.enumerated() {
            result += rule(tick.place, bottom, tick.place, bottom + 4, opacity: 0.55)
            guard index % every == 0 else { continue }
            let middle = min(tick.place, size.width - estimatedWidth(tick.label, size: 11) / 2 - 1)
            result += label(tick.label, x: middle, y: bottom + 16, anchor: "middle", size: 11, opacity: 0.8)
        }
        if !xAxisTitle.isEmpty {
            result += label(
                xAxisTitle, x: (left + right) / 2, y: size.height - 8, anchor: "middle", size: 11, opacity: 0.72)
        }
        return result
    }

    /// What stands in the middle of a chart that has nothing to draw.
    var noData: String {
        label("no data", x: (left + right) / 2, y: (top + bottom) / 2, anchor: "middle", size: 13, opacity: 0.6)
    }

    func drawn(_ annotation: Annotation) -> String {
        switch annotation.place {
        case .x(let value):
            guard let place = xPixel(value), place >= left - 0.5, place <= right + 0.5 else { return "" }
            let isRight = place + 6 + estimatedWidth(annotation.label, size: 11) > right
            return rule(place, top, place, bottom, opacity: 0.6, dashes: "3 3")
                + label(
                    annotation.label, x: place + (isRight ? -5 : 5), y: top + 10, anchor: isRight ? "end" : "start",
                    size: 11, opacity: 0.8)
        case .y(let value):
            guard let place = yPixel(value), place >= top - 0.5, place <= bottom + 0.5 else { return "" }
            let above = place - 5 > top + 8
            return rule(left, place, right, place, opacity: 0.6, dashes: "3 3")
                + label(
                    annotation.label, x: right - 4, y: above ? place - 5 : place + 13, anchor: "end", size: 11,
                    opacity: 0.8)
        }
    }
}
