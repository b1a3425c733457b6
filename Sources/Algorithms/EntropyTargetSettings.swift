// `thermostat.target`: the entropy a run should have, in nats or as shares of the entropy it started with.

public import ConfigCoding
import EntropyDynamics

/// A target as it is configured: a shape whose scale may be the first entropy the run measures.
public struct EntropyTargetSettings: Sendable, Equatable {
    enum Shape: String, CaseIterable {
        case constant, linear, exponential, points, oscillation
        case increaseDecrease = "increase_decrease"
        case decreaseIncreaseDecrease = "decrease_increase_decrease"
    }

    /// What the numbers of a target are.
    public enum Unit: String, Sendable, CaseIterable {
        /// Shares of the mean entropy over the run's first `baseline_updates`.
        case initial
        case nats
    }

    /// In the unit; steps are updates.
    enum Form: Equatable {
        case shape(EntropyTarget.Shape)
        /// Straight lines between values at equal distances over the run.
        case turning([Double])
    }

    let form: Form
    /// The update from which there is no target.
    public var release: Int?
    public var unit: Unit
    /// Updates whose mean entropy is the initial one. A single mini-batch of a few prompts is off by several percent; while
    /// the mean is being taken it is the target's unit as far as it goes.
    public var baselineUpdates: Int
    /// T; nil is the updates of the run.
    public var updates: Int?

    /// Reads `shape` (constant), `unit` (initial), `baseline_updates` (10), `updates`, `release_at`, and by shape: constant `value` (1); linear and
    /// exponential `from` (1) and `to`; increase_decrease `from` (1), `peak`, `to`, the peak at T/2;
    /// decrease_increase_decrease `from` (1), `low`, `high`, `to`, turning at T/3 and 2T/3; oscillation `from` (1),
    /// `floor` (0.2, a share of `from`), `periods` (3); points `at` (updates) and `values`.
    /// - Throws: `ConfigError`.
    public init(from section: ConfigSection) throws {
        unit = try section.choice("unit", default: .initial)
        baselineUpdates = try section.value("baseline_updates", default: 10, in: 1...1_000_000)
        updates = try section.optional("updates", as: Int.self, in: 1...1_000_000_000)
        form = try Self.form(try section.choice("shape", default: Shape.constant), section)
        release = try section.optional("release_at", as: Int.self, in: 0...1_000_000_000)
        do {
            _ = try curve(initial: 1, total: 1)
        } catch {
            throw section.fault(.outOfRange, "shape", "cannot be followed: \(error)")
        }
    }

    private static func form(_ word: Shape, _ section: ConfigSection) throws -> Form {
        func number(_ key: String) throws -> Double {
            guard let value = try section.optional(key, as: Double.self, in: 0...1e6) else {
                throw section.fault(.missingKey, key, "is required for the shape \(word.rawValue) and must be a number")
            }
            return value
        }
        func start() throws -> Double { try section.value("from", default: 1, in: 0.0...1e6) }
        switch word {
        case .constant: return .shape(.constant(try section.value("value", default: 1, in: 0.0...1e6)))
        case .linear: return .shape(.linear(from: try start(), to: try number("to")))
        case .exponential: return .shape(.exponential(from: try start(), to: try number("to")))
        case .increaseDecrease: return .turning([try start(), try number("peak"), try number("to")])
        case .decreaseIncreaseDecrease:
            return .turning([try start(), try number("low"), try number("high"), try number("to")])
        case .oscillation:
            return .shape(
                .oscillation(
                    initial: try start(), floor: try section.value("floor", default: 0.2, in: 0.0...1),
                    periods: try section.value("periods", default: 3, in: 0.0...1e6)))
        case .points:
            let (steps, values) = (
                try section.list("at", default: [Int]()), try section.list("values", default: [Double]())
            )
            guard steps.count == values.count, !steps.isEmpty else {
                throw section.fault(
                    .missingKey, "at",
                    "and values must be lists of the same length, got \(steps.count) and \(values.count)")
            }
            return .shape(.points(zip(steps, values).map { EntropyTarget.Point(step: $0, entropy: $1) }))
        }
    }

    /// The target in nats of a run that started at `initial` nats and makes `total` updates.
    /// - Throws: `EntropyDynamicsError` where the scaled shape has no meaning, such as an exponential from 0.
    func curve(initial: Double, total: Int) throws -> EntropyTarget {
        let steps = updates ?? max(1, total)
        var shape = shape(over: steps)
        if unit == .initial { shape = shape.scaled(by: initial) }
        if let release { shape = .release(shape, at: release) }
        return try EntropyTarget(shape, totalSteps: steps)
    }

    private func shape(over steps: Int) -> EntropyTarget.Shape {
        switch form {
        case .shape(let shape): return shape
        case .turning(let values):
            var points: [EntropyTarget.Point] = []
            for (index, value) in values.enumerated() {
                let step = index * steps / (values.count - 1)
                // in a run of fewer updates than turns the later value counts
                if points.last?.step == step { points.removeLast() }
                points.append(EntropyTarget.Point(step: step, entropy: value))
            }
            return .points(points)
        }
    }
}
