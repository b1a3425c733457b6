// Curves over an axis, such as entropy over updates, each with an optional band.

/// Named curves. Values that are not finite (on a logarithmic axis: not positive) are drawn as gaps.
public struct LineChart: Chart {
    /// One curve. Its length is that of the shorter of `x` and `y`.
    public struct Series: Sendable {
        public var name: String
        public var x: [Double]
        public var y: [Double]
        /// Lower and upper edge of a band, beside `y`; drawn where both are finite.
        public var low: [Double]?
        public var high: [Double]?
        /// Nil: the next colour of the palette.
        public var color: Color?
        public var isDashed: Bool
        /// Thin, pale and without a label: raw values behind their moving average.
        public var isFaint: Bool

        public init(
            name: String, x: [Double], y: [Double], low: [Double]? = nil, high: [Double]? = nil, color: Color? = nil,
            isDashed: Bool = false, isFaint: Bool = false
        ) {
            self.name = name
            self.x = x
            self.y = y
            self.low = low
            self.high = high
            self.color = color
            self.isDashed = isDashed
            self.isFaint = isFaint
        }
    }

    public enum Legend: Sendable {
        /// Each name stands at the end of its curve.
        case beside
        case above
        case none
    }

    public var title: String
    public var xTitle: String
    public var yTitle: String
    public var series: [Series]
    public var xKind: AxisKind
    public var yKind: AxisKind
    /// Nil: what the data need.
    public var xRange: ClosedRange<Double>?
    public var yRange: ClosedRange<Double>?
    public var annotations: [Annotation]
    public var legend: Legend
    public var size: ChartSize

    public init(
        title: String, xTitle: String, yTitle: String, series: [Series], xKind: AxisKind = .linear,
        yKind: AxisKind = .linear, xRange: ClosedRange<Double>? = nil, yRange: ClosedRange<Double>? = nil,
        annotations: [Annotation] = [], legend: Legend = .beside, size: ChartSize = ChartSize()
    ) {
        self.title = title
        self.xTitle = xTitle
        self.yTitle = yTitle
        self.series = series
        self.xKind = xKind
        self.yKind = yKind
        self.xRange = xRange
        self.yRange = yRange
        self.annotations = annotations
        self.legend = legend
        self.size = size
    }

    public func svg() -> String {
        let xScale = AxisScale(covering: series.flatMap(\.x) + annotated(onX: true), kind: xKind, fixedRange: tightX)
        let edges = series.flatMap { $0.y + ($0.low ?? []) + ($0.high ?? []) }
        let yScale = AxisScale(covering: edges + annotated(onX: false), kind: yKind, fixedRange: yRange)
        let named = series.indices.filter { !series[$0].name.isEmpty && !series[$0].isFaint }
        let widest = named.map { estimatedWidth(series[$0].name, size: 13) }.max() ?? 0
        let frame = Frame(
            size: size, title: title, xTitle: xTitle, yTitle: yTitle, x: xScale, y: yScale,
            legend: legend == .above ? named.map(legendEntry) : [],
            rightMargin: legend == .beside && widest > 0 ? widest + 16 : 14)

        var content = series.indices.map { band(series[$0], color: color($0), in: frame) }.joined()
        content += annotations.map(frame.drawn).joined()
        var ends: [(index: Int, y: Double, color: String)] = []
        var isEmpty = true
        for index in series.indices {
            let (drawing, end) = curve(series[index], color: color(index), in: frame)
            content += drawing
            guard let end else { continue }
            isEmpty = false
            if named.contains(index) { ends.append((index, end, color(index))) }
        }
        if isEmpty { content += frame.noData }
        let names = legend == .beside ? besideLabels(ends, in: frame) : ""
        return frame.drawing(title: title, content: content, beside: names)
    }

    /// Curves run from edge to edge: the horizontal axis is not widened to round numbers.
    private var tightX: ClosedRange<Double>? {
        if let xRange { return xRange }
        let usable = series.flatMap(\.x).filter { AxisScale.isUsable($0, xKind) }
        guard let low = usable.min(), let high = usable.max(), low < high else { return nil }
        return low...high
    }

    private func annotated(onX: Bool) -> [Double] {
        annotations.compactMap { annotation in
            switch annotation.place {
            case .x(let value): onX ? value : nil
            case .y(let value): onX ? nil : value
            }
        }
    }

    private func color(_ index: Int) -> String {
        (series[index].color ?? Palette.color(index)).css
    }

    private func legendEntry(_ index: Int) -> LegendEntry {
        LegendEntry(
            name: series[index].name, color: color(index), sample: .line(isDashed: series[index].isDashed))
    }
}
