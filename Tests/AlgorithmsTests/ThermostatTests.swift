// The thermostat apart from any loop: settings, refusals, state, the sort behind Clip_V's threshold, anti-windup.

import ConfigCoding
import EntropyDynamics
import Testing
import Trajectories

@testable import Algorithms

@Suite struct ThermostatTests {
    private func thermostat(_ yaml: String) throws -> Thermostat {
        let root = try ConfigSection.parse("thermostat: {\(yaml)}", name: "test.yaml")
        let result = try Thermostat(from: try root.section("thermostat"))
        try root.finish()
        return result
    }

    private func pending(_ tokens: TokenTable, _ index: Int, entropy: Double, memory: Double = 0) -> PendingUpdate {
        PendingUpdate(
            index: index, total: 100, tokens: tokens, entropy: entropy, learningRate: 0.1, momentumMemory: memory)
    }

    @Test(arguments: [
        (
            "actuator: clipv",
            "thermostat.actuator must be one of projected_update, flow_scaling, clip_v, entropy_coefficient, got clipv; "
                + "did you mean clip_v?"
        ),
        ("mode: hol", "thermostat.mode must be one of hold, report, got hol; did you mean hold?"),
        ("scale_limit: 0.3", "thermostat.scale_limit is not a key here"),
        ("actuator: flow_scaling, scale_limit: 1", "thermostat.scale_limit must lie in 0...0.99, got 1"),
        ("horizon: 0", "thermostat.horizon must lie in 1...1000000, got 0"),
        (
            "target: {shape: linear}",
            "thermostat.target.to is required for the shape linear and must be a number"
        ),
        (
            "target: {shape: points, at: [0, 5], values: [1]}",
            "thermostat.target.at and values must be lists of the same length, got 2 and 1"
        ),
        ("target: {peak: 2}", "thermostat.target.peak is not a key here"),
    ])
    func `bad settings are refused in one sentence`(yaml: String, sentence: String) {
        let error = #expect(throws: ConfigError.self) { try thermostat(yaml) }
        #expect("\(error.map { "\($0)" } ?? "")".hasPrefix(sentence))
    }

    @Test func `points out of order are refused with the reason`() {
        let error = #expect(throws: ConfigError.self) {
            try thermostat("target: {shape: points, at: [5, 5], values: [1, 1]}")
        }
        #expect("\(error.map { "\($0)" } ?? "")".contains("strictly increasing steps"))
    }

    @Test func `a relative target is a share of the first entropy, one in nats is itself, and both are in the metrics`()
        throws
    {
        let table = try BatchMaker().make(seed: 1).table
        var relative = try algorithm("name: grpo")
        relative.controllers = [
            try thermostat("integral_gain: 0, target: {shape: linear, to: 0.5, baseline_updates: 1}")
        ]
        var absolute = try algorithm("name: grpo")
        absolute.controllers = [
            try thermostat("integral_gain: 0, target: {shape: linear, unit: nats, from: 0.8, to: 0.4}")
        ]
        for (index, entropy) in [(0, 0.8), (50, 0.7)] {
            for which in [relative, absolute] {
                var which = which
                if index > 0 { _ = try which.plan(for: pending(table, 0, entropy: 0.8)) }
                let plan = try which.plan(for: pending(table, index, entropy: entropy))
                let target = 0.8 - 0.4 * Double(index) / 100
                #expect(isClose(which.controllerMetrics[0].value, target, absolute: 1e-12))
                #expect(isClose(which.controllerMetrics[1].value, entropy - target, absolute: 1e-12))
                let steering = try #require(plan.steering)
                #expect(isClose(steering.wanted, -0.004 + (target - entropy) / 4, absolute: 1e-12))
            }
        }
    }

    @Test func `the initial entropy is the mean of the first updates, and the target's unit from the first on`() throws
    {
        let table = try BatchMaker().make(seed: 1).table
        var thermostat = try thermostat("target: {value: 0.5, baseline_updates: 3}")
        let targets = try [0.8, 0.6, 1, 5, 7].enumerated().map { index, entropy in
            var plan = UpdatePlan(algorithm: try algorithm("name: grpo"))
            try thermostat.prepare(&plan, for: pending(table, index, entropy: entropy))
            return thermostat.metrics[0].value
        }
        #expect(zip(targets, [0.4, 0.35, 0.4, 0.4, 0.4]).allSatisfy { isClose($0, $1) }, "\(targets)")
    }

    @Test func `its state goes through a checkpoint and a restored copy plans the same`() throws {
        let table = try BatchMaker().make(seed: 2).table
        for actuator in ThermostatActuator.allCases {
            var whole = try algorithm("name: grpo")
            whole.controllers = [
                try thermostat("actuator: \(actuator.rawValue), integral_gain: 0.1, target: {shape: linear, to: 0.5}")
            ]
            var restored = whole
            for index in 0..<12 {
                let update = pending(table, index, entropy: 1 / 3.0 + 0.01 * Double(index % 3), memory: 3)
                let first = try whole.plan(for: update)
                let second = try restored.plan(for: update)
                #expect(first.steering == second.steering)
                #expect(first.algorithm.coefficients(for: table) == second.algorithm.coefficients(for: table))
                let outcome = UpdateOutcome(
                    tokenPrediction: 1e-7 * Double(index + 1) / 7,
                    steering: SteeringReport(
                        wanted: 0.01, predicted: 1e-3 / 3, achieved: 0.01, knob: 0.1, share: 0.1, pending: 1e-3 / 7,
                        outcome: .met))
                try whole.observe(outcome)
                // what a checkpoint after this update holds
                var fresh = try algorithm("name: grpo")
                fresh.controllers = [
                    try Thermostat((whole.controllers[0] as? Thermostat)?.settings ?? { throw Missing() }())
                ]
                try fresh.restore(controllerStates: try whole.controllerStates())
                restored = fresh
            }
        }
        struct Missing: Error {}
        var other = try algorithm("name: grpo")
        let error = #expect(throws: AlgorithmError.self) {
            try other.restore(controllerStates: [.object(["weight": .number(1)])])
        }
        #expect(error?.code == .foreignState)
    }

    @Test func `an actuator at its limit does not wind the integral up, and a refused update teaches nothing`() throws {
        let table = try BatchMaker().make(seed: 3).table
        func integral(_ outcome: SteeringReport.Outcome, refused: Bool = false) throws -> Double {
            var thermostat = try thermostat("horizon: 5, integral_gain: 0.1, target: {unit: nats, value: 0.5}")
            var plan = UpdatePlan(algorithm: try algorithm("name: grpo"))
            for index in 0..<20 {
                try thermostat.prepare(&plan, for: pending(table, index, entropy: 0.45))
                try thermostat.observe(
                    UpdateOutcome(
                        isRefused: refused, tokenPrediction: 0,
                        steering: SteeringReport(
                            wanted: 0.01, predicted: -0.02, achieved: outcome == .met ? 0.01 : 0, knob: 1, share: 1,
                            outcome: outcome)))
            }
            return thermostat.state.feedback.integral
        }
        #expect(try integral(.saturated) == 0)
        #expect(try integral(.met, refused: true) == 0)
        // 0.005 each, until the output reaches the rate limit of 0.02 with 0.01 from the proportional part
        #expect(abs(try integral(.met) - 0.01) < 0.0051)
    }

    /// Brute force: of all sets {|C| > b} of tokens with A C > 0, the smallest that reaches what is wanted.
    @Test func `the threshold drops the fewest outliers that are predicted to be enough`() throws {
        let base = try algorithm("name: grpo")
        var met = 0
        try forRandomCases(seed: 4) { random, number in
            let table = try BatchMaker().make(&random).table
            let changes = base.coefficients(for: table).predictedEntropyChange.map(Double.init)
            var gain = try FlowGain(ClipThreshold.gain)
            gain.learn(predicted: 1e-3, measured: 2e-3)
            let unit = 2 * 0.1 / Double(table.count)
            let plain = unit * changes.reduce(0, +)
            let wanted = plain + 0.05 * random.normalPair().0
            let largest = [0.1, 1][number % 2]
            let found = ClipThreshold(
                base, table, learningRate: 0.1, gain: gain, wanted: wanted, largestShare: largest)
            #expect(isClose(found.predicted, plain, absolute: 1e-9))
            let c = (0..<table.count).map { table.centredDiscriminant($0) }
            let candidates = c.indices.filter { Double(table.advantage[$0]) * c[$0] > 0 }
            var best: (count: Int, change: Double)?
            for bound in [Double.infinity] + candidates.map({ abs(c[$0]) }) {
                let set = candidates.filter { abs(c[$0]) >= bound }
                let change = plain - unit * set.reduce(0) { $0 + changes[$1] }
                guard set.count <= Int(largest * Double(table.count)), change >= wanted else { continue }
                if set.count < best?.count ?? .max { best = (set.count, change) }
            }
            guard let best else {
                #expect(found.outcome == .saturated, "case \(number)")
                return
            }
            met += 1
            let dropped = found.rule?.weights(for: table).count { $0 == 0 } ?? 0
            #expect(dropped == best.count, "case \(number)")
            #expect(isClose(found.achieved, best.change, absolute: 1e-9), "case \(number)")
            #expect(found.outcome == (best.count > 0 || wanted == plain ? .met : .saturated), "case \(number)")
        }
        #expect(met > 400)
    }

    @Test func `a knob's setting solves its equation inside its range`() {
        forRandomCases(seed: 5) { random, number in
            func next() -> Double { random.normalPair().0 }
            let steering = Steering(
                actuator: .flowScaling(limit: 0.5), wanted: next(), horizon: 1 + abs(next()), rateLimit: 0.7,
                isDryRun: false)
            let (effect, response, waiting) = (next(), next(), next())
            let found = steering.setting(
                effect: effect, response: response, pending: waiting, unitShare: 2, in: -0.5...0.5)
            let wanted = min(max(steering.wanted - waiting / steering.horizon, -0.7), 0.7)
            #expect(found.wanted == wanted && abs(found.knob) <= 0.5 && found.share == 2 * abs(found.knob))
            #expect(isClose(found.achieved, effect + found.knob * response))
            // no other setting in the range comes nearer
            let distance = abs(found.achieved - wanted)
            for other in stride(from: -0.5, through: 0.5, by: 0.05) {
                #expect(distance <= abs(effect + other * response - wanted) + 1e-12, "case \(number)")
            }
            #expect((found.outcome == .met) == (distance < 1e-9))
        }
        let dead = Steering(
            actuator: .rule, wanted: 1, horizon: 1, rateLimit: 2, isDryRun: false)
        #expect(dead.setting(effect: 0, response: 0, pending: 0, unitShare: 0, in: 0...0).outcome == .noEffect)
        #expect(dead.setting(effect: .nan, response: 1, pending: 0, unitShare: 0, in: 0...1).outcome == .notFinite)
    }
}
