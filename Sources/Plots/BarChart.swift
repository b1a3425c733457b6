// Grouped bars with intervals, such as pass@1, 4 and 16 per arm.

/// Groups of bars, one bar per series in each group. Bars start at zero; values that are not finite leave their place
/// empty.
public struct BarChart: Chart {
    public struct Series: Sendable {
        public var name: String
        /// One value per group; a missing one leaves its place empty.
        public var values: [Double]
        /// Ends of the interval around each value.
        public var low: [Double]?
        public var high: [Double]?
        /// What each value was before: a short line across the bar.
        public var before: [Double]?
        /// Nil: the next colour of the palette.
        public var color: Color?

        public init(
            name: String, values: [Double], low: [Double]? = nil, high: [Double]? = nil, before: [Double]? = nil,
            color: Color? = nil
        ) {
            self.name = name
            self.values = values
            self.low = low
            self.high = high
            self.before = before
            self.color = color
        }
    }

    public var title: String
    public var yTitle: String
    public var groups: [String]
    public var series: [Series]
    /// What the short lines across the bars say, for the legend.
    public var beforeName: String
    /// Digits after the point in the numbers over the bars; nil writes none.
    public var decimals: Int?
    public var yRange: ClosedRange<Double>?
    public var size: ChartSize

    public init(
        title: String, yTitle: String, groups: [String], series: [Series], beforeName: String = "before",
        decimals: Int? = 2, yRange: ClosedRange<Double>? = nil, size: ChartSize = ChartSize()
    ) {
        self.title = title
        self.yTitle = yTitle
        self.groups = groups
        self.series = series
        self.beforeName = beforeName
        self.decimals = decimals.map { max(0, min(9, $0)) }
        self.yRange = yRange
        self.size = size
    }

    public func svg() -> String {
        let all: [Double] = series.flatMap { series in
            [series.values, series.low ?? [], series.high ?? [], series.before ?? []].flatMap { $0 }
        }
        // Room for the numbers beyond the longest bars.
        let usable = all.filter { AxisScale.isUsable($0, .linear) }
        let span = max(0, usable.max() ?? 0) - min(0, usable.min() ?? 0)
        let room = decimals == nil ? [] : [(usable.max() ?? 0) + 0.05 * span, min(0, (usable.min() ?? 0) * 1.05)]
        var entries = series.indices.filter { !series[$0].name.isEmpty }.map {
            LegendEntry(name: series[$0].name, color: color($0), sample: .box)
        }
        if series.contains(where: { $0.before != nil }) {
            entries.append(LegendEntry(name: beforeName, color: "currentColor", sample: .tick))
        }
        let frame = Frame(
            size: size, title: title, xTitle: "", yTitle: yTitle, x: nil,
            y: AxisScale(covering: all + [0] + room, kind: .linear, fixedRange: yRange), legend: entries)

        var content = ""
        var names = ""
        let groupWidth = (frame.right - frame.left) / Double(max(1, groups.count))
        let barWidth = min(64, groupWidth * 0.82 / Double(max(1, series.count)))
        for (group, name) in groups.enumerated() {
            let middle = frame.left + (Double(group) + 0.5) * groupWidth
            names += label(name, x: middle, y: frame.bottom + 17, anchor: "middle", size: 12)
            for index in series.indices {
                let start = middle + (Double(index) - Double(series.count) / 2) * barWidth
                let (drawing, number) = bar(index, group: group, left: start, width: barWidth, in: frame)
                content += drawing
                names += number
            }
        }
        if groups.isEmpty || !all.contains(where: { $0.isFinite }) { content += frame.noData }
        return frame.drawing(title: title, content: content, beside: names)
    }

    private func color(_ index: Int) -> String {
        (series[index].color ?? Palette.color(index)).css
    }

    private func bar(_ index: Int, group: Int, left: Double, width: Double, in frame: Frame) -> (
        drawing: String, number: String
    ) {
        let series = series[index]
        guard let value = element(series.values, group), let end = frame.yPixel(value),
            let base = frame.yPixel(max(frame.y.low, min(frame.y.high, 0)))
        else { return ("", "") }
        let gap = min(3, width * 0.08)
        let interval: (Double, Double)? = element(series.low, group).flatMap { low in
            element(series.high, group).map { (low, $0) }
        }
        var tip = "\(series.name) \(groups[group]): \(fixed(value, 4))"
        if let (low, high) = interval { tip += " (\(fixed(low, 4)) to \(fixed(high, 4)))" }
        let before = element(series.before, group)
        if let before { tip += ", \(beforeName) \(fixed(before, 4))" }

        var result =
            "<rect x=\"\(coordinate(left + gap))\" y=\"\(coordinate(min(base, end)))\" "
            + "width=\"\(coordinate(width - 2 * gap))\" height=\"\(coordinate((base - end).magnitude))\" rx=\"1.5\" "
            + "fill=\"\(color(index))\" fill-opacity=\"0.82\"><title>\(Markup.text(tip))</title></rect>\n"
        let middle = left + width / 2
        if let before, let place = frame.yPixel(before) {
            result += rule(left + gap / 2, place, left + width - gap / 2, place, opacity: 1, width: 2.2)
        }
        // The number stands beyond whatever reaches farthest from the base.
        func beyond(_ a: Double, _ b: Double) -> Double { value < 0 ? max(a, b) : min(a, b) }
        var reach = end
        if let (low, high) = interval, let lower = frame.yPixel(low), let upper = frame.yPixel(high) {
            let cap = min(5, width / 5)
            result += rule(middle, lower, middle, upper, opacity: 0.7, width: 1.3)
            result += rule(middle - cap, lower, middle + cap, lower, opacity: 0.7, width: 1.3)
            result += rule(middle - cap, upper, middle + cap, upper, opacity: 0.7, width: 1.3)
            reach = beyond(reach, beyond(lower, upper))
        }
        if let before, let place = frame.yPixel(before), (place - reach).magnitude < 16 {
            reach = beyond(reach, place)
        }
        let number = decimals.map { minus(fixed(value, $0)) } ?? ""
        guard !number.isEmpty, width >= estimatedWidth(number, size: 11) else { return (result, "") }
        let y = max(frame.top - 3, min(frame.bottom - 3, value < 0 ? reach + 13 : reach - 5))
        return (result, label(number, x: middle, y: y, anchor: "middle", size: 11, opacity: 0.9))
    }

    private func element(_ values: [Double]?, _ index: Int) -> Double? {
        guard let values, values.indices.contains(index), values[index].isFinite else { return nil }
        return values[index]
    }
}
