// metrics.jsonl as named curves.

public import Runs

/// One metric over steps; steps at which it was absent, null or a text are left out.
public struct Curve: Sendable, Equatable {
    public var name: String
    public var steps: [Int]
    /// As long as `steps`; all finite.
    public var values: [Double]

    public init(name: String, steps: [Int], values: [Double]) {
        precondition(steps.count == values.count, "a curve has one value per step")
        self.name = name
        self.steps = steps
        self.values = values
    }

    public var last: Double? { values.last }

    /// Each value replaced by the mean of the last `window` points up to it (fewer at the start).
    public func smoothed(window: Int) -> Curve {
        let window = max(1, window)
        var smoothed = self
        for index in values.indices {
            let part = values[max(0, index - window + 1)...index]
            smoothed.values[index] = part.reduce(0, +) / Double(part.count)
        }
        return smoothed
    }
}

/// All curves of a run.
public struct RunCurves: Sendable {
    public let records: [MetricsRecord]
    /// Names of the numeric metrics, in the order in which they first appear.
    public let names: [String]
    private let curves: [String: Curve]

    public init(_ records: [MetricsRecord]) {
        self.records = records
        var names: [String] = []
        var curves: [String: Curve] = [:]
        for record in records {
            for (name, value) in record.fields {
                guard let number = value.number, number.isFinite else { continue }
                if curves[name] == nil { names.append(name) }
                curves[name, default: Curve(name: name, steps: [], values: [])].steps.append(record.step)
                curves[name]?.values.append(number)
            }
        }
        self.names = names
        self.curves = curves
    }

    /// Reads a metrics file; a torn last line is left out.
    ///
    /// - Throws: `RunError`.
    public init(metricsFile path: String) throws {
        self.init(try MetricsLog.read(file: path))
    }

    /// The curve of a metric; nil if it never had a number.
    public subscript(name: String) -> Curve? { curves[name] }

    /// The curve of a metric.
    ///
    /// - Throws: `AnalysisError` that names the metrics there are.
    public func curve(_ name: String) throws -> Curve {
        guard let curve = curves[name] else {
            throw AnalysisError(
                .outOfRange,
                "\(name) is not a metric of this run; choose one of \(names.joined(separator: ", "))", place: name)
        }
        return curve
    }

    /// Two metrics at the steps that have both, for comparing a prediction with its measurement.
    ///
    /// - Throws: `AnalysisError` if one of them is not there.
    public func paired(_ first: String, _ second: String) throws -> (steps: [Int], first: [Double], second: [Double]) {
        let (left, right) = (try curve(first), try curve(second))
        let table = Dictionary(zip(right.steps, right.values)) { _, last in last }
        let common = zip(left.steps, left.values).compactMap { step, value in
            table[step].map { (step, value, $0) }
        }
        return (common.map(\.0), common.map(\.1), common.map(\.2))
    }
}
