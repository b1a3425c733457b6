// Points against points, such as predicted against measured entropy change.

/// Named clouds of points with the identity and fitted lines. Points that are not finite are left out.
public struct ScatterChart: Chart {
    /// One cloud. Its length is that of the shorter of `x` and `y`.
    public struct Series: Sendable {
        public var name: String
        public var x: [Double]
        public var y: [Double]
        /// Nil: the next colour of the palette.
        public var color: Color?
        /// Rings instead of dots: for series beyond the colours of the palette.
        public var isHollow: Bool

        public init(name: String, x: [Double], y: [Double], color: Color? = nil, isHollow: Bool = false) {
            self.name = name
            self.x = x
            self.y = y
            self.color = color
            self.isHollow = isHollow
        }
    }

    /// `y = slope · x + intercept`, such as a least-squares fit.
    public struct Line: Sendable {
        public var slope: Double
        public var intercept: Double
        public var name: String
        /// Nil: the colour of the text.
        public var color: Color?

        public init(slope: Double, intercept: Double, name: String, color: Color? = nil) {
            self.slope = slope
            self.intercept = intercept
            self.name = name
            self.color = color
        }
    }

    public var title: String
    public var xTitle: String
    public var yTitle: String
    public var series: [Series]
    /// Draws y = x, and gives both axes the same range so that it runs from corner to corner.
    public var hasIdentityLine: Bool
    public var lines: [Line]
    /// Lines of text in the lower right corner, such as slope and R².
    public var notes: [String]
    public var size: ChartSize

    public init(
        title: String, xTitle: String, yTitle: String, series: [Series], hasIdentityLine: Bool = false,
        lines: [Line] = [], notes: [String] = [], size: ChartSize = ChartSize(width: 560, height: 440)
    ) {
        self.title = title
        self.xTitle = xTitle
        self.yTitle = yTitle
        self.series = series
        self.hasIdentityLine = hasIdentityLine
        self.lines = lines
        self.notes = notes
        self.size = size
    }

    public func svg() -> String {
        let clouds = series.map { zip($0.x, $0.y).filter { $0.0.isFinite && $0.1.isFinite } }
        let (xs, ys) = (clouds.flatMap { $0.map(\.0) }, clouds.flatMap { $0.map(\.1) })
        let frame = Frame(
            size: size, title: title, xTitle: xTitle, yTitle: yTitle,
            x: AxisScale(covering: hasIdentityLine ? xs + ys : xs, kind: .linear),
            y: AxisScale(covering: hasIdentityLine ? xs + ys : ys, kind: .linear), legend: legend)

        var content = ""
        if let zero = frame.xPixel(0), zero > frame.left, zero < frame.right {
            content += rule(zero, frame.top, zero, frame.bottom, opacity: 0.4)
        }
        if hasIdentityLine {
            content += drawn(Line(slope: 1, intercept: 0, name: ""), dashes: "4 4", opacity: 0.55, in: frame)
        }
        // The more points, the fainter: density stays visible.
        let opacity = max(0.18, min(0.75, 12 / Double(max(1, xs.count)).squareRoot()))
        for (index, cloud) in clouds.enumerated() {
            let color = (series[index].color ?? Palette.color(index)).css
            for (x, y) in cloud {
                guard let x = frame.xPixel(x), let y = frame.yPixel(y) else { continue }
                content += "<circle cx=\"\(coordinate(x))\" cy=\"\(coordinate(y))\" r=\"3.2\" "
                content +=
                    series[index].isHollow
                    ? "fill=\"none\" stroke=\"\(color)\" stroke-width=\"1.6\" stroke-opacity=\"\(fixed(opacity, 2))\"/>\n"
                    : "fill=\"\(color)\" fill-opacity=\"\(fixed(opacity, 2))\"/>\n"
            }
        }
        content += lines.map { drawn($0, dashes: nil, opacity: 0.9, in: frame) }.joined()
        if xs.isEmpty { content += frame.noData }
        for (index, note) in notes.enumerated() {
            let y = frame.bottom - 10 - Double(notes.count - 1 - index) * 16
            content += label(note, x: frame.right - 8, y: y, anchor: "end", size: 12)
        }
        return frame.drawing(title: title, content: content)
    }

    private var legend: [LegendEntry] {
        var entries: [LegendEntry] = []
        for (index, series) in series.enumerated() where !series.name.isEmpty {
            entries.append(
                LegendEntry(
                    name: series.name, color: (series.color ?? Palette.color(index)).css,
                    sample: series.isHollow ? .ring : .dot))
        }
        for line in lines where !line.name.isEmpty {
            entries.append(
                LegendEntry(name: line.name, color: line.color?.css ?? "currentColor", sample: .line(isDashed: false)))
        }
        if hasIdentityLine {
            entries.append(LegendEntry(name: "y = x", color: "currentColor", sample: .line(isDashed: true)))
        }
        return entries
    }

    private func drawn(_ line: Line, dashes: String?, opacity: Double, in frame: Frame) -> String {
        guard line.slope.isFinite, line.intercept.isFinite, let x = frame.x,
            let y1 = frame.yPixel(line.slope * x.low + line.intercept),
            let y2 = frame.yPixel(line.slope * x.high + line.intercept)
        else { return "" }
        return rule(
            frame.left, y1, frame.right, y2, opacity: opacity, width: 1.6, color: line.color?.css ?? "currentColor",
            dashes: dashes)
    }
}
