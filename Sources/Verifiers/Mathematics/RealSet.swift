// Sets of real numbers: unions of intervals with exact ends.

/// Intervals in order, none of which touches the next.
struct RealSet: Sendable {
    /// An end: its place on the line for sorting, and what was written, for comparing.
    struct End: Sendable {
        var value: Double
        var expression: MathExpression
    }

    struct Interval: Sendable {
        var low: End
        var high: End
        var includesLow: Bool
        var includesHigh: Bool

        var isEmpty: Bool { low.value > high.value || (low.value == high.value && !(includesLow && includesHigh)) }
    }

    private(set) var intervals: [Interval]

    static let all = RealSet([
        Interval(
            low: End(value: -.infinity, expression: MathExpression.infinity.negated),
            high: End(value: .infinity, expression: .infinity), includesLow: false, includesHigh: false)
    ])

    init(_ intervals: [Interval]) {
        let sorted = intervals.filter { !$0.isEmpty }.sorted {
            ($0.low.value, $0.includesLow ? 0 : 1) < ($1.low.value, $1.includesLow ? 0 : 1)
        }
        var merged: [Interval] = []
        for next in sorted {
            guard var last = merged.last,
                next.low.value < last.high.value
                    || (next.low.value == last.high.value && (next.includesLow || last.includesHigh))
            else {
                merged.append(next)
                continue
            }
            if next.high.value > last.high.value {
                (last.high, last.includesHigh) = (next.high, next.includesHigh)
            } else if next.high.value == last.high.value {
                last.includesHigh = last.includesHigh || next.includesHigh
            }
            merged[merged.count - 1] = last
        }
        self.intervals = merged
    }

    init(points: [End]) {
        self.init(points.map { Interval(low: $0, high: $0, includesLow: true, includesHigh: true) })
    }

    func union(_ other: RealSet) -> RealSet { RealSet(intervals + other.intervals) }

    func intersection(_ other: RealSet) -> RealSet {
        var parts: [Interval] = []
        for a in intervals {
            for b in other.intervals {
                let isLeftLater = a.low.value > b.low.value
                let isRightEarlier = a.high.value < b.high.value
                let includesLow =
                    a.low.value == b.low.value
                    ? a.includesLow && b.includesLow : isLeftLater ? a.includesLow : b.includesLow
                let includesHigh =
                    a.high.value == b.high.value
                    ? a.includesHigh && b.includesHigh : isRightEarlier ? a.includesHigh : b.includesHigh
                parts.append(
                    Interval(
                        low: isLeftLater ? a.low : b.low, high: isRightEarlier ? a.high : b.high,
                        includesLow: includesLow, includesHigh: includesHigh))
            }
        }
        return RealSet(parts)
    }

    /// What is in neither interval.
    var complement: RealSet {
        guard let first = intervals.first, let last = intervals.last, let line = RealSet.all.intervals.first else {
            return .all
        }
        var parts = [
            Interval(low: line.low, high: first.low, includesLow: false, includesHigh: !first.includesLow),
            Interval(low: last.high, high: line.high, includesLow: !last.includesHigh, includesHigh: false),
        ]
        for (a, b) in zip(intervals, intervals.dropFirst()) {
            parts.append(
                Interval(low: a.high, high: b.low, includesLow: !a.includesHigh, includesHigh: !b.includesLow))
        }
        return RealSet(parts.filter { $0.low.value.isFinite || $0.high.value.isFinite })
    }
}
