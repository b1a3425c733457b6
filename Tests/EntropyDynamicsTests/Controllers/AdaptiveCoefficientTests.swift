// Skywork-OR1's coefficient against a walk on whole numbers, and its variants against each other.

import EntropyDynamics
import Testing
import Trajectories

@Suite struct AdaptiveCoefficientTests {
    @Test func `a trace worked by hand`() throws {
        var controller = try AdaptiveCoefficient(.init(step: 1, range: 0...3))
        let trace: [(entropy: Double, coefficient: Double, alpha: Double)] = [
            (0.4, 1, 1), (0.4, 2, 2), (0.5, 1, 0), (0.6, 0, 0), (0.6, 0, 0), (0.1, 1, 1), (0.1, 2, 2), (0.1, 3, 3),
            (0.1, 3, 3), (0.9, 2, 0), (0.499, 3, 3),
        ]
        for (number, row) in trace.enumerated() {
            #expect(try controller.update(entropy: row.entropy, target: 0.5) == row.alpha, "row \(number)")
            #expect(controller.state.coefficient == row.coefficient, "row \(number)")
        }
    }

    @Test func `on any trace the coefficient walks by exactly D inside its range and is off above the target`() throws {
        // Steps and bounds are whole multiples of 2^-12, so that an integer walk is an exact oracle.
        let unit = 0x1p-12
        try forRandomCases(seed: 111) { random, number in
            let (low, high) = (random.integer(below: 3), 4 + random.integer(below: 20))
            let stride = 1 + random.integer(below: 3)
            var walk = low + random.integer(below: high - low + 1)
            let gate = AdaptiveCoefficient.Gate.allCases[number % 2]
            var controller = try AdaptiveCoefficient(
                .init(
                    initial: Double(walk) * unit, step: Double(stride) * unit,
                    range: Double(low) * unit...Double(high) * unit, gate: gate))
            for _ in 0..<60 {
                // Tenths, so that H meets the target exactly now and then.
                let entropy = Double(random.integer(below: 7)) / 10
                let target = Double(random.integer(below: 7)) / 10
                let isTooLow = gate == .below ? entropy < target : entropy <= target
                walk = min(max(walk + (isTooLow ? stride : -stride), low), high)
                let alpha = try controller.update(entropy: entropy, target: target)
                #expect(controller.state.coefficient == Double(walk) * unit, "case \(number)")
                #expect(alpha == (isTooLow ? Double(walk) * unit : 0), "case \(number)")
            }
        }
    }

    @Test func `the lagged variant applies one step later what the other applies now`() throws {
        try forRandomCases(seed: 112) { random, number in
            var settings = AdaptiveCoefficient.Settings.trl
            settings.initial = 0.01
            var lagged = try AdaptiveCoefficient(settings)
            settings.isLagged = false
            var current = try AdaptiveCoefficient(settings)
            var previous = settings.initial
            for _ in 0..<40 {
                let entropy = random.uniform(in: 0...0.5)
                #expect(try lagged.update(entropy: entropy, target: 0.2) == previous, "case \(number)")
                previous = try current.update(entropy: entropy, target: 0.2)
                #expect(lagged.state == current.state, "case \(number)")
            }
        }
    }

    @Test func `the defaults are the published scripts'`() throws {
        var controller = try AdaptiveCoefficient()
        for _ in 0..<200 { _ = try controller.update(entropy: 0.1, target: 0.2) }
        #expect(controller.state.coefficient == 5e-3)
        for _ in 0..<200 { _ = try controller.update(entropy: 0.3, target: 0.2) }
        #expect(controller.state.coefficient == 0)
    }

    @Test func `a restart anywhere changes nothing`() throws {
        try forRandomCases(seed: 113) { random, number in
            let settings = number % 2 == 0 ? AdaptiveCoefficient.Settings() : .trl
            var whole = try AdaptiveCoefficient(settings)
            var cut = whole
            let restart = random.integer(below: 30)
            for step in 0..<30 {
                if step == restart { cut = try AdaptiveCoefficient(settings, resuming: throughJSON(cut.state)) }
                let entropy = random.uniform(in: 0...0.4)
                let (a, b) = (
                    try whole.update(entropy: entropy, target: 0.2), try cut.update(entropy: entropy, target: 0.2)
                )
                #expect(a == b && whole == cut, "case \(number)")
            }
        }
    }

    @Test func `bad settings and measurements are refused and move nothing`() throws {
        #expect(
            refusal { _ = try AdaptiveCoefficient(.init(step: 0)) }
                == "an adaptive entropy coefficient needs a finite number above zero here, got 0.0 (step)")
        #expect(
            refusal { _ = try AdaptiveCoefficient(.init(initial: 1)) }
                == "an adaptive entropy coefficient needs a number from 0.0 to 0.005 here, got 1.0 (initial)")
        #expect(refusalCode { _ = try AdaptiveCoefficient(.init(range: 0...Double.infinity)) } == .badSetting)
        var controller = try AdaptiveCoefficient(.init(initial: 1e-3))
        let before = controller
        #expect(
            refusal { _ = try controller.update(entropy: .nan, target: 0.2) }
                == "an adaptive entropy coefficient cannot act on a measurement of nan; look for diverged weights "
                + "(entropy)")
        #expect(controller == before)
        var state = before.state
        state.coefficient = 7
        #expect(refusalCode { _ = try AdaptiveCoefficient(resuming: state) } == .badSetting)
    }
}
