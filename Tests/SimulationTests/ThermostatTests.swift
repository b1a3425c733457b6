// The thermostat on tables: targets are held, a report changes nothing, and what it claims is what happens.

import Algorithms
import ConfigCoding
import Simulation
import Testing

@Suite struct ThermostatTests {
    private func thermostat(_ yaml: String) throws -> Thermostat {
        let section = try ConfigSection.parse("{\(yaml)}", name: "test")
        let result = try Thermostat(from: section)
        try section.finish()
        return result
    }

    private func run(
        _ base: String, _ yaml: String?, seed: Int = 1, _ change: (inout SimulationSettings) -> Void = { _ in }
    ) throws -> (run: SimulationRun, simulator: Simulator) {
        var algorithm = try algorithm("{name: \(base)}")
        if let yaml { algorithm.controllers.append(try thermostat(yaml)) }
        let settings = SimulationSettings().with {
            $0.seed = UInt64(seed)
            change(&$0)
        }
        var simulator = try Simulator(try TableTask.random(seed: UInt64(seed)), algorithm, settings)
        return (try simulator.run(), simulator)
    }

    /// Mean |H − H*| / H* after the first 20 updates, from the metrics.
    private func error(_ run: SimulationRun) throws -> Double {
        let late = run.updates.dropFirst(20)
        let errors = try late.map { record in
            let target = try #require(record.metric("thermostat/target"))
            return abs(try #require(record.metric("thermostat/error"))) / target
        }
        return errors.reduce(0, +) / Double(errors.count)
    }

    static let targets = [
        "shape: constant", "shape: linear, to: 0.8", "shape: linear, to: 0.6", "shape: exponential, to: 0.5",
        "shape: increase_decrease, peak: 1.02, to: 0.8",
        "shape: decrease_increase_decrease, low: 0.8, high: 0.9, to: 0.7",
        "shape: oscillation, floor: 0.7", "shape: points, at: [0, 50, 200], values: [1, 0.9, 0.85]",
    ]

    @Test(arguments: ["grpo", "cispo", "clip_v", "psr"], targets)
    func `the projected update holds every target within one percent`(base: String, target: String) throws {
        let errors = try inParallel(3) { seed in
            try error(try run(base, "target: {\(target)}, horizon: 1, cap: .inf", seed: seed + 1).run)
        }
        #expect(errors.allSatisfy { $0 < 0.01 }, "\(errors)")
        let plain = try run(base, nil).run
        #expect(abs(plain.finalEntropy / plain.entropy[0] - 1) > 0.1, "there is something to hold")
    }

    /// Rows whose advantages are all 0 have no second moment: with an ε of nothing the metric would let the correction move
    /// them without bound, far beyond first order.
    @Test func `under Adam, too, with an epsilon that keeps quiet rows in reach`() throws {
        for target in ["shape: constant", "shape: linear, to: 0.6"] {
            let held = try run("grpo", "target: {\(target)}, horizon: 1, cap: .inf") {
                $0.optimiser = .adam(epsilon: 1e-2)
                $0.learningRate = 0.02
            }
            let found = try error(held.run)
            #expect(found < 0.01, "\(target)")
        }
    }

    @Test(arguments: ["projected_update", "flow_scaling", "clip_v", "entropy_coefficient"])
    func `every actuator brings entropy nearer to a ramp than nothing does`(actuator: String) throws {
        let extra =
            switch actuator {
            case "flow_scaling": ", scale_limit: 0.99"
            case "entropy_coefficient": ", coefficient_min: -5, coefficient_max: 5"
            case "clip_v": ", max_dropped: 1"
            default: ""
            }
        let target = "target: {shape: linear, to: 0.8}, horizon: 2"
        let held = try run("grpo", "actuator: \(actuator), \(target)\(extra)").run
        let idle = try run("grpo", "mode: report, actuator: \(actuator), \(target)\(extra)").run
        let (near, far) = (try error(held), try error(idle))
        #expect(near < 0.25 * far, "\(actuator): \(near), without \(far)")
        #expect(near < 0.05, "\(actuator): \(near)")
    }

    @Test(arguments: ["projected_update", "flow_scaling", "clip_v", "entropy_coefficient"])
    func `a report changes nothing, to the last bit`(actuator: String) throws {
        for adam in [false, true] {
            func settings(_ settings: inout SimulationSettings) {
                settings.steps = 30
                if adam { (settings.optimiser, settings.learningRate) = (.adam(), 0.02) }
            }
            let reported = try run("grpo", "mode: report, actuator: \(actuator)", settings)
            let plain = try run("grpo", nil, settings)
            #expect(reported.simulator.policy.logits == plain.simulator.policy.logits)
            #expect(reported.run.updates.contains { ($0.metric("thermostat/knob") ?? 0) != 0 })
        }
    }

    @Test func `what a correction was predicted to achieve is the first-order change of the step`() throws {
        let held = try run("grpo", "target: {shape: linear, to: 0.7}, horizon: 3, cap: .inf, rate_limit: 0.01")
        for record in held.run.updates {
            let wanted = try #require(record.metric("thermostat/wanted"))
            #expect(isClose(record.predictedFirstOrder, wanted, absolute: 1e-12))
            #expect(abs(wanted) <= 0.01)
        }
    }

    @Test(arguments: [
        "flow_scaling, scale_limit: 0.99", "entropy_coefficient, coefficient_min: -5, coefficient_max: 5",
    ])
    func `under gradient descent a knob of the gradient gives to first order what is wanted`(actuator: String) throws {
        var met = 0
        let held = try run("grpo", "actuator: \(actuator), target: {shape: linear, to: 0.7}, horizon: 3")
        for record in held.run.updates where record.metric("thermostat/saturated") == 0 {
            met += 1
            let wanted = try #require(record.metric("thermostat/wanted"))
            #expect(isClose(record.predictedFirstOrder, wanted, absolute: 1e-7, relative: 1e-4))
        }
        #expect(met > 100)
    }

    @Test func `a released run is let go`() throws {
        let held = try run("grpo", "horizon: 1, cap: .inf, target: {release_at: 100}").run
        let (at, end) = (held.entropy[100], held.finalEntropy)
        #expect(abs(at / held.entropy[0] - 1) < 0.01 && end < 0.7 * at)
        #expect(held.updates[150].metric("thermostat/target")?.isNaN == true)
    }

    @Test func `a cap bounds the correction by the step`() throws {
        let held = try run("grpo", "horizon: 1, cap: 0.2").run
        let shares = held.updates.compactMap { $0.metric("thermostat/share") }
        #expect(shares.allSatisfy { $0 <= 0.2 + 1e-12 } && shares.contains { $0 > 0.199 })
        #expect(held.updates.contains { $0.metric("thermostat/saturated") == 1 })
    }
}
