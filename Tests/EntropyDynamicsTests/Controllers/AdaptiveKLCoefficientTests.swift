// The adaptive KL coefficient: by hand, in logarithms, and in closed loop.

import EntropyDynamics
import Foundation
import Testing
import Trajectories

@Suite struct AdaptiveKLCoefficientTests {
    @Test func `a trace worked by hand`() throws {
        var controller = try AdaptiveKLCoefficient(.init(initial: 0.2, target: 6, horizon: 10_000))
        // Far above: +20 % · 512 / 10,000; at the target: nothing; 10 % below; far below.
        #expect(isClose(try controller.update(kl: 60, count: 512), 0.2 * 1.01024, absolute: 1e-16))
        #expect(isClose(try controller.update(kl: 6, count: 512), 0.2 * 1.01024, absolute: 1e-16))
        #expect(isClose(try controller.update(kl: 5.4, count: 512), 0.2 * 1.01024 * 0.99488, absolute: 1e-16))
        #expect(isClose(try controller.update(kl: -1, count: 512), 0.2 * 1.01024 * 0.99488 * 0.98976, absolute: 1e-16))
    }

    @Test func `the coefficient is the product of its steps, each within a fifth of n over the horizon`() throws {
        try forRandomCases(seed: 201) { random, number in
            let (initial, target) = (random.uniform(in: 1e-4...1), random.uniform(in: 0.01...10))
            let horizon = random.uniform(in: 100...10_000)
            var controller = try AdaptiveKLCoefficient(.init(initial: initial, target: target, horizon: horizon))
            var sum = log(initial)
            for _ in 0..<60 {
                let kl = target * (1 + random.normalPair().0 * 0.3)
                let count = random.integer(below: 400)
                let before = controller.coefficient
                let after = try controller.update(kl: kl, count: count)
                let error = kl >= 1.2 * target ? 0.2 : kl <= 0.8 * target ? -0.2 : kl / target - 1
                sum += log1p(error * Double(count) / horizon)
                #expect(abs(after / before - 1) <= 0.2 * Double(count) / horizon + 1e-15, "case \(number)")
                if count > 0, abs(kl / target - 1) > 1e-12 {
                    #expect((after > before) == (kl > target), "case \(number)")
                }
            }
            #expect(isClose(log(controller.coefficient), sum, absolute: 1e-12), "case \(number)")
        }
    }

    @Test func `in closed loop it finds the coefficient that gives the target`() throws {
        try forRandomCases(seed: 202) { random, number in
            // A policy whose KL is what a fixed pull away leaves under β.
            let pull = random.uniform(in: 0.01...1)
            var controller = try AdaptiveKLCoefficient(.init(initial: 0.1, target: 0.5, horizon: 100))
            for _ in 0..<1_000 { try controller.update(kl: pull / controller.coefficient, count: 50) }
            #expect(isClose(pull / controller.coefficient, 0.5, absolute: 1e-9), "case \(number)")
        }
    }

    @Test func `a restart anywhere changes nothing`() throws {
        try forRandomCases(seed: 203) { random, number in
            var whole = try AdaptiveKLCoefficient()
            var cut = whole
            let restart = random.integer(below: 30)
            for step in 0..<30 {
                if step == restart { cut = try AdaptiveKLCoefficient(resuming: throughJSON(cut.state)) }
                let kl = random.uniform(in: 0...0.3)
                #expect(try whole.update(kl: kl, count: 256) == cut.update(kl: kl, count: 256), "case \(number)")
            }
        }
    }

    @Test func `bad settings and steps are refused and move nothing`() throws {
        #expect(
            refusal { _ = try AdaptiveKLCoefficient(.init(target: 0)) }
                == "an adaptive KL coefficient needs a finite number above zero here, got 0.0 (target)")
        #expect(refusalCode { _ = try AdaptiveKLCoefficient(.init(initial: -1)) } == .badSetting)
        #expect(refusalCode { _ = try AdaptiveKLCoefficient(.init(horizon: .infinity)) } == .badSetting)
        var controller = try AdaptiveKLCoefficient(.init(horizon: 100))
        let before = controller
        #expect(
            refusal { _ = try controller.update(kl: 0, count: 500) }
                == "an adaptive KL coefficient cannot take a step of 500 within a horizon of 100.0; raise the horizon "
                + "above 0.2 times the count (count)")
        #expect(refusalCode { _ = try controller.update(kl: 0.1, count: -1) } == .badSetting)
        #expect(refusalCode { _ = try controller.update(kl: .nan, count: 1) } == .notANumber)
        #expect(controller == before)
    }
}
