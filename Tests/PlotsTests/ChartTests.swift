// What the charts draw, read back from the SVG.

import Testing

@testable import Plots

@Suite struct ChartTests {
    private let size = ChartSize(width: 400, height: 300)

    private func line(_ y: [Double], low: [Double]? = nil, high: [Double]? = nil) -> LineChart {
        LineChart(
            title: "T", xTitle: "x", yTitle: "y",
            series: [.init(name: "a", x: y.indices.map(Double.init), y: y, low: low, high: high)], legend: .none,
            size: size)
    }

    /// The pixels of a path, one list per part.
    private func points(_ path: String) -> [[(x: Double, y: Double)]] {
        path.split(separator: "M").map { part in
            part.split(whereSeparator: { $0 == "L" || $0 == "Z" }).compactMap { pair in
                let numbers = pair.split(separator: " ").compactMap { Double($0) }
                return numbers.count == 2 ? (numbers[0], numbers[1]) : nil
            }
        }
    }

    @Test("a curve runs from edge to edge and from the lowest to the highest tick")
    func curve() throws {
        let path = try #require(parsed(line([0, 1, 0.5]).svg()).attribute("d", of: "path").first)
        let curve = try #require(points(path).first)
        #expect(curve.count == 3)
        // Left margin: 34 at least; right margin 14; bottom margin 42.
        #expect(curve.map(\.x) == [34, 210, 386])
        #expect(curve[0].y == 258)
        #expect(curve[1].y < curve[2].y && curve[2].y < curve[0].y)
        #expect((curve[2].y - (curve[0].y + curve[1].y) / 2).magnitude < 0.11)
    }

    @Test("values that are not finite are gaps, and a point between two gaps is a dot")
    func gaps() throws {
        let result = parsed(line([0, 1, .nan, 2, .infinity, 1, 0]).svg())
        let path = try #require(result.attribute("d", of: "path").first)
        #expect(points(path).map(\.count) == [2, 2])
        #expect(result.all("circle").count == 1)
    }

    @Test("a logarithmic axis leaves out what is not positive")
    func logarithmicGaps() throws {
        var chart = line([1, 10, 0, 100, 1000])
        chart.yKind = .log
        let path = try #require(parsed(chart.svg()).attribute("d", of: "path").first)
        let parts = points(path)
        #expect(parts.map(\.count) == [2, 2])
        // Equal ratios are equal distances.
        #expect((parts[0][0].y - parts[0][1].y - (parts[1][0].y - parts[1][1].y)).magnitude < 0.21)
    }

    @Test("a band goes along its upper edge and back along the lower")
    func band() throws {
        let chart = line([1, 1, 1], low: [0, 0.5, 0], high: [2, 1.5, .nan])
        let path = try #require(parsed(chart.svg()).attribute("d", of: "path").first)
        let outline = try #require(points(path).first)
        #expect(path.hasSuffix("Z"))
        #expect(outline.map(\.x) == [34, 210, 210, 34])
        #expect(outline[0].y < outline[1].y && outline[1].y < outline[2].y && outline[2].y < outline[3].y)
    }

    @Test("a scatter draws every finite pair once, and y = x from corner to corner")
    func scatter() {
        let chart = ScatterChart(
            title: "T", xTitle: "x", yTitle: "y",
            series: [.init(name: "", x: [0, 1, .nan, 2], y: [0, 2, 1, -.infinity])],
            hasIdentityLine: true, notes: ["R² < 1"], size: size)
        let result = parsed(chart.svg())
        #expect(result.all("circle").count == 2)
        #expect(result.text.contains("R² < 1"))
        let diagonal = result.all("line").filter {
            $0.attributes["x1"] != $0.attributes["x2"] && $0.attributes["y1"] != $0.attributes["y2"]
        }
        #expect(diagonal.count == 1)
    }

    @Test("bars start at zero; their heights are in proportion; intervals and the value before are drawn")
    func bars() throws {
        let chart = BarChart(
            title: "T", yTitle: "y", groups: ["p", "q", "r"],
            series: [.init(name: "a", values: [1, 2, .nan], low: [0.5, 1.5], high: [1.5, 2.5], before: [0.2])],
            size: size)
        let result = parsed(chart.svg())
        let bars = result.all("rect").filter { $0.attributes["fill-opacity"] != nil }
        let heights = bars.compactMap { $0.attributes["height"].flatMap { Double($0) } }
        #expect(heights.count == 2)
        #expect((try #require(heights.last) - 2 * heights[0]).magnitude < 0.21)
        #expect(result.text.contains("a p: 1.0000 (0.5000 to 1.5000), before 0.2000"))
    }

    @Test("charts without anything to draw say so")
    func empty() {
        let charts: [any Chart] = [
            LineChart(title: "", xTitle: "", yTitle: "", series: []), line([]), line([.nan]),
            ScatterChart(title: "", xTitle: "", yTitle: "", series: [], hasIdentityLine: true),
            BarChart(title: "", yTitle: "", groups: [], series: []),
            BarChart(title: "", yTitle: "", groups: ["a"], series: [.init(name: "s", values: [])]),
        ]
        for chart in charts {
            #expect(parsed(chart.svg()).text.contains("no data"))
        }
    }

    @Test("any data and any names give well-formed drawings, the same every time, without a stray number")
    func anyData() {
        var random = SeededGenerator(seed: 3)
        let odd: [Double] = [
            .nan, .infinity, -.infinity, 0, -0.0, 1e300, -1e300, 1e-300, 1e-200, .leastNonzeroMagnitude,
            .greatestFiniteMagnitude,
        ]
        func values() -> [Double] {
            (0..<Int.random(in: 0...5, using: &random)).map { _ in
                Int.random(in: 0..<4, using: &random) == 0
                    ? odd[Int.random(in: 0..<odd.count, using: &random)] : Double.random(in: -5...5, using: &random)
            }
        }
        let name = "a<b>&\"'\u{0}\n漢"
        for round in 0..<1_000 {
            let kind: AxisKind = round % 2 == 0 ? .linear : .log
            let charts: [any Chart] = [
                LineChart(
                    title: name, xTitle: name, yTitle: name,
                    series: (0..<3).map { _ in
                        .init(name: name, x: values(), y: values(), low: values(), high: values(), isDashed: true)
                    }, xKind: kind, yKind: kind,
                    annotations: [
                        .init(.x(values().first ?? 0), label: name), .init(.y(values().first ?? .nan), label: name),
                    ], legend: round % 3 == 0 ? .above : .beside, size: ChartSize(width: .nan, height: -1)),
                ScatterChart(
                    title: name, xTitle: name, yTitle: name, series: [.init(name: name, x: values(), y: values())],
                    hasIdentityLine: round % 3 == 0,
                    lines: [.init(slope: values().first ?? 1, intercept: values().first ?? 0, name: name)],
                    notes: [name]),
                BarChart(
                    title: name, yTitle: name, groups: [name, name],
                    series: (0..<round % 4).map { _ in
                        .init(name: name, values: values(), low: values(), high: values(), before: values())
                    }),
            ]
            for chart in charts {
                let svg = chart.svg()
                #expect(svg == chart.svg())
                let elements = parsed(svg).elements
                for attribute in ["x", "y", "x1", "x2", "y1", "y2", "cx", "cy", "width", "height", "d"] {
                    for value in elements.compactMap({ $0.attributes[attribute] }) {
                        #expect(!value.contains(where: { "–en".contains($0) }))
                    }
                }
            }
        }
    }

    @Test("names beside curves keep their order and their distance")
    func spreading() {
        #expect(spread([50, 52, 200], apart: 14, in: 0...300) == [44, 58, 200])
        #expect(spread([0, 0, 0], apart: 10, in: 0...300) == [0, 10, 20])
        #expect(spread([299, 300], apart: 10, in: 0...300) == [290, 300])
        #expect(spread([], apart: 10, in: 0...300).isEmpty)
    }

    @Test("the palette repeats after its last colour and writes colours in full")
    func palette() {
        #expect(
            Palette.color(0) == Palette.blue && Palette.color(6) == Palette.blue && Palette.color(-1) == Palette.sky)
        #expect(Color(0x0A0B0C).css == "#0a0b0c")
        #expect(Palette.diverging(0, limit: 1) == "transparent")
        #expect(Palette.diverging(.nan, limit: 1) == "transparent")
        #expect(Palette.diverging(-9, limit: 1) == "rgba(31,120,200,0.720)")
    }
}
