// PI control on a first-order plant: no steady error, no windup, the rate limit, restarts.

import EntropyDynamics
import Foundation
import Testing
import Trajectories

@Suite struct FeedbackControllerTests {
    /// y' = a y + b u + d.
    struct Plant {
        var a: Double
        var b: Double
        var disturbance = 0.0
        var y = 0.0

        init(_ random: inout RandomSource) {
            a = random.uniform(in: 0.5...0.95)
            b = (random.uniform() < 0.5 ? 1 : -1) * random.uniform(in: 0.05...0.5)
        }

        mutating func step(_ u: Double) { y = a * y + b * u + disturbance }

        /// Gains that place the closed loop's poles.
        func settings(
            poles: (Double, Double), outputs: ClosedRange<Double>, rate: Double = .infinity
        ) -> FeedbackController.Settings {
            FeedbackController.Settings(
                proportionalGain: (a - poles.0 * poles.1) / b, integralGain: (1 - poles.0) * (1 - poles.1) / b,
                outputRange: outputs, rateLimit: rate)
        }
    }

    @Test func `a step is tracked without steady error, whatever disturbs the plant`() throws {
        try forRandomCases(seed: 151) { random, number in
            var plant = Plant(&random)
            let poles = (random.uniform(in: 0.1...0.8), random.uniform(in: 0.1...0.8))
            var controller = try FeedbackController(plant.settings(poles: poles, outputs: -1e6...1e6))
            for _ in 0..<2 {
                let target = random.normalPair().0
                plant.disturbance = random.normalPair().0
                let guess = random.normalPair().0
                var errors: [Double] = []
                for _ in 0..<200 {
                    errors.append(target - plant.y)
                    plant.step(
                        try controller.update(target: target, measured: plant.y, feedForward: guess).value)
                }
                #expect(abs(target - plant.y) <= 1e-9, "case \(number): \(plant.y) for \(target)")
                // The error obeys the characteristic polynomial (z − ρ₁)(z − ρ₂) once the step has passed through.
                let (sum, product) = (poles.0 + poles.1, poles.0 * poles.1)
                for k in 2..<10 {
                    let predicted = sum * errors[k - 1] - product * errors[k - 2]
                    #expect(isClose(errors[k], predicted, absolute: 1e-9), "case \(number) at \(k)")
                }
            }
        }
    }

    @Test func `with exact feed-forward the plant follows a ramp that feedback alone trails`() throws {
        var plain = Plant.fixed
        var fed = Plant.fixed
        let settings = plain.settings(poles: (0.6, 0.6), outputs: -100...100)
        var (a, b) = (try FeedbackController(settings), try FeedbackController(settings))
        var (plainError, fedError) = (0.0, 0.0)
        for k in 0..<60 {
            let (now, next) = (0.1 * Double(k), 0.1 * Double(k + 1))
            plainError = abs(now - plain.y)
            fedError = abs(now - fed.y)
            plain.step(try a.update(target: now, measured: plain.y).value)
            fed.step(try b.update(target: now, measured: fed.y, feedForward: (next - fed.a * now) / fed.b).value)
        }
        #expect(fedError <= 1e-12 && plainError > 0.05, "\(fedError), \(plainError)")
    }

    /// Steps until |error| stays below 1 % of the target, after a target out of reach was held for `saturated` steps.
    func recovery(_ start: Plant, _ saturated: Int, control: (Double, Double) throws -> Double) rethrows -> Int {
        var plant = start
        let reachable = 0.4 * start.b / (1 - start.a)
        for _ in 0..<saturated { plant.step(try control(30 * reachable, plant.y)) }
        var last = 0
        for k in 0..<4_000 {
            if abs(plant.y - reachable) > 0.01 * abs(reachable) { last = k + 1 }
            plant.step(try control(reachable, plant.y))
        }
        return last
    }

    @Test func `long saturation is forgotten at once where a naive integrator needs as long again`() throws {
        try forRandomCases(seed: 152) { random, number in
            let plant = Plant(&random)
            let settings = plant.settings(poles: (0.6, 0.7), outputs: -1...1, rate: 0.5)
            var steps: [Int] = []
            // Long enough for the slowest plant to settle at the limit (0.95^400 is 1e-9).
            for saturated in [400, 4_000] {
                var controller = try FeedbackController(settings)
                steps.append(
                    try recovery(plant, saturated) {
                        try controller.update(target: $0, measured: $1).value
                    })
            }
            #expect(steps[0] <= 60, "case \(number): \(steps)")
            #expect(steps[1] == steps[0], "case \(number): \(steps)")
            var (integral, output) = (0.0, 0.0)
            let naive = recovery(plant, 400) { target, y in
                integral += settings.integralGain * (target - y)
                let u = min(max(settings.proportionalGain * (target - y) + integral, -1), 1)
                output = min(max(u, output - 0.5), output + 0.5)
                return output
            }
            #expect(naive > 10 * steps[0], "case \(number): \(naive) against \(steps[0])")
        }
    }

    @Test func `neither range nor rate limit is ever exceeded, and nothing is limited without cause`() throws {
        try forRandomCases(seed: 153) { random, number in
            let low = random.normalPair().0
            let range = low...(low + random.uniform(in: 0...3))
            let rate = pow(10, random.uniform(in: -3...1))
            let sign = random.uniform() < 0.5 ? 1.0 : -1
            var last = random.uniform(in: range)
            var controller = try FeedbackController(
                .init(
                    proportionalGain: sign * exp(random.normalPair().0),
                    integralGain: sign * exp(random.normalPair().0),
                    outputRange: range, rateLimit: rate, initialOutput: last))
            for _ in 0..<50 {
                let output = try controller.update(
                    target: random.normalPair().0 * 5, measured: random.normalPair().0 * 5,
                    feedForward: random.normalPair().0)
                #expect(range.contains(output.value), "case \(number)")
                #expect(output.value <= last + rate && output.value >= last - rate, "case \(number)")
                let isFree =
                    range.contains(output.unlimited) && output.unlimited <= last + rate
                    && output.unlimited >= last - rate
                #expect(output.isLimited == !isFree, "case \(number)")
                #expect(controller.state.output == output.value, "case \(number)")
                last = output.value
            }
        }
    }

    @Test func `a restart anywhere changes nothing`() throws {
        try forRandomCases(seed: 154) { random, number in
            let settings = Plant(&random).settings(poles: (0.5, 0.5), outputs: -2...2, rate: 0.3)
            var whole = try FeedbackController(settings)
            var cut = whole
            let restart = random.integer(below: 30)
            for step in 0..<30 {
                if step == restart { cut = try FeedbackController(settings, resuming: throughJSON(cut.state)) }
                let (target, measured) = random.normalPair()
                let (a, b) = (
                    try whole.update(target: target, measured: measured),
                    try cut.update(target: target, measured: measured)
                )
                #expect(a == b && whole == cut, "case \(number)")
            }
        }
    }

    @Test func `bad settings and measurements are refused and move nothing`() throws {
        func refused(_ change: (inout FeedbackController.Settings) -> Void) -> String? {
            var settings = FeedbackController.Settings(proportionalGain: 1, integralGain: 0.1, outputRange: 0...1)
            change(&settings)
            return refusal { _ = try FeedbackController(settings) }
        }
        #expect(refused { _ in } == nil)
        #expect(
            refused { $0.rateLimit = 0 }
                == "a feedback controller needs a rate limit above zero, or infinity for none, got 0.0 (rateLimit)")
        #expect(
            refused { $0.initialOutput = 2 }
                == "a feedback controller needs a number from 0.0 to 1.0 here, got 2.0 (initialOutput)")
        #expect(refused { $0.proportionalGain = .infinity } != nil)
        #expect(refused { $0.outputRange = 0...Double.infinity } != nil)
        var controller = try FeedbackController(
            .init(proportionalGain: 1, integralGain: 0.1, outputRange: 0...1))
        let before = controller
        #expect(refusalCode { _ = try controller.update(target: 1, measured: .nan) } == .notANumber)
        #expect(refusalCode { _ = try controller.update(target: 1e308, measured: -1e308) } == .notANumber)
        #expect(controller == before)
    }
}

extension FeedbackControllerTests.Plant {
    static var fixed: Self {
        var random = RandomSource(seed: 150, purpose: .testing)
        var plant = Self(&random)
        (plant.a, plant.b) = (0.8, 0.2)
        return plant
    }
}
