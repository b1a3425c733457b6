// Ranges, ticks and their numerals.

import Testing

@testable import Plots

@Suite struct AxisScaleTests {
    @Test(
        "ticks are round and cover the data",
        arguments: [
            ([0.0, 1], ["0", "0.2", "0.4", "0.6", "0.8", "1.0"]),
            ([0.13, 0.34], ["0.10", "0.15", "0.20", "0.25", "0.30", "0.35"]),
            ([-0.021, 0.008], ["−0.025", "−0.020", "−0.015", "−0.010", "−0.005", "0", "0.005", "0.010"]),
            ([0, 48_000], ["0", "10\u{2009}000", "20\u{2009}000", "30\u{2009}000", "40\u{2009}000", "50\u{2009}000"]),
            ([1e-5, 3e-5], ["10⁻⁵", "1.5·10⁻⁵", "2·10⁻⁵", "2.5·10⁻⁵", "3·10⁻⁵"]),
        ])
    func linear(values: [Double], labels: [String]) {
        #expect(AxisScale(covering: values, kind: .linear).ticks.map(\.label) == labels)
    }

    @Test(
        "logarithmic ticks are decades, with steps between where there are few",
        arguments: [
            ([1e-6, 1], ["10⁻⁶", "10⁻⁵", "0.0001", "0.001", "0.01", "0.1", "1"]),
            ([0.004, 0.05], ["0.005", "0.007", "0.01", "0.02", "0.03", "0.05"]),
            ([0.5, 200], ["0.5", "1", "2", "5", "10", "20", "50", "100", "200"]),
        ])
    func logarithmic(values: [Double], labels: [String]) {
        #expect(AxisScale(covering: values, kind: .log).ticks.map(\.label) == labels)
    }

    @Test("any data give a usable scale: increasing ticks inside it, every value between its ends")
    func anyData() {
        var random = SeededGenerator(seed: 2)
        for _ in 0..<2_000 {
            let values = (0..<Int.random(in: 0...6, using: &random)).map { _ -> Double in
                switch Int.random(in: 0..<12, using: &random) {
                case 0: .nan
                case 1: .infinity
                case 2: 0
                case 3: Double(bitPattern: random.next())
                default:
                    Double.random(in: -1...1, using: &random) * powerOfTen(Int.random(in: -12...12, using: &random))
                }
            }
            for kind in [AxisKind.linear, .log] {
                let scale = AxisScale(covering: values, kind: kind)
                #expect(scale.low < scale.high && scale.low.isFinite && scale.high.isFinite)
                #expect(scale.ticks.count <= 40)
                #expect(zip(scale.ticks, scale.ticks.dropFirst()).allSatisfy { $0.value < $1.value })
                for place in (values + scale.ticks.map(\.value)).compactMap(scale.place) {
                    #expect(place >= -1e-6 && place <= 1 + 1e-6)
                }
            }
        }
    }

    @Test("values that cannot be drawn have no place")
    func noPlace() {
        let linear = AxisScale(covering: [0, 1], kind: .linear)
        #expect(linear.place(.nan) == nil && linear.place(-.infinity) == nil && linear.place(1e200) == nil)
        let logarithmic = AxisScale(covering: [1, 10], kind: .log)
        #expect(logarithmic.place(0) == nil && logarithmic.place(-1) == nil)
        #expect(logarithmic.place(10) == 1)
    }

    @Test("one value alone stands in the middle")
    func oneValue() throws {
        for value in [0.0, -3, 0.25, 1e9] {
            let place = try #require(AxisScale(covering: [value], kind: .linear).place(value))
            #expect(place > 0.2 && place < 0.8)
        }
    }

    @Test("a range given by the caller is taken as it is")
    func fixedRange() {
        let scale = AxisScale(covering: [0.2, 0.4], kind: .linear, fixedRange: 0...1)
        #expect(scale.low == 0 && scale.high == 1)
        #expect(AxisScale(covering: [0.2, 0.4], kind: .linear, fixedRange: 0...Double.infinity).high == 0.4)
    }
}
