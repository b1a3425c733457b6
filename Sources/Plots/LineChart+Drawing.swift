// The curves, bands and names of a line chart.

extension LineChart {
    /// The curve, and the height at which its last point lies (nil: no point at all).
    func curve(_ series: Series, color: String, in frame: Frame) -> (drawing: String, end: Double?) {
        var path = ""
        var dots = ""
        var run: [(x: Double, y: Double)] = []
        var end: Double?
        let width = series.isFaint ? 1.0 : 2.2
        let opacity = series.isFaint ? 0.35 : 1
        func close() {
            // A point between two gaps has no line to show it.
            if run.count == 1 {
                dots += circle(x: run[0].x, y: run[0].y, radius: max(2.2, width * 0.9), color: color, opacity: opacity)
            } else {
                path += polyline(run)
            }
            run = []
        }
        for (x, y) in zip(series.x, series.y) {
            if let x = frame.xPixel(x), let y = frame.yPixel(y) {
                run.append((x, y))
                end = y
            } else {
                close()
            }
        }
        close()
        guard !path.isEmpty else { return (dots, end) }
        let dashes = series.isDashed ? " stroke-dasharray=\"6 4\"" : ""
        let fade = opacity < 1 ? " stroke-opacity=\"\(fixed(opacity, 2))\"" : ""
        let line =
            "<path d=\"\(path)\" stroke=\"\(color)\" stroke-width=\"\(coordinate(width))\" "
            + "stroke-linejoin=\"round\" stroke-linecap=\"round\"\(dashes)\(fade)/>\n"
        return (line + dots, end)
    }

    func band(_ series: Series, color: String, in frame: Frame) -> String {
        guard let low = series.low, let high = series.high else { return "" }
        var path = ""
        var lower: [(x: Double, y: Double)] = []
        var upper: [(x: Double, y: Double)] = []
        func close() {
            if lower.count > 1 { path += polyline(upper + lower.reversed()) + "Z" }
            (lower, upper) = ([], [])
        }
        for (x, edges) in zip(series.x, zip(low, high)) {
            if let x = frame.xPixel(x), let bottom = frame.yPixel(edges.0), let top = frame.yPixel(edges.1) {
                lower.append((x, bottom))
                upper.append((x, top))
            } else {
                close()
            }
        }
        close()
        return path.isEmpty ? "" : "<path d=\"\(path)\" fill=\"\(color)\" fill-opacity=\"0.16\"/>\n"
    }

    func besideLabels(_ ends: [(index: Int, y: Double, color: String)], in frame: Frame) -> String {
        let places = spread(
            ends.map { min(max($0.y, frame.top), frame.bottom) }, apart: 14, in: frame.top...frame.bottom)
        return zip(ends, places).map { end, place in
            label(
                series[end.index].name, x: frame.right + 7, y: place + 4, anchor: "start", size: 12, color: end.color,
                extra: #" font-weight="600""#)
        }.joined()
    }
}
