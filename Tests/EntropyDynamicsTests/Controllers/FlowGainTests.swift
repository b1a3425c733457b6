// The learned gain against batch least squares, and its guards.

import EntropyDynamics
import Foundation
import Testing
import Trajectories

@Suite struct FlowGainTests {
    @Test func `the recursion minimises the discounted squares with the prior`() throws {
        try forRandomCases(seed: 131) { random, number in
            let (forgetting, prior) = (random.uniform(in: 0.7...1), random.uniform(in: 0...5))
            // A range so wide that the guard does not speak here.
            var learned = try FlowGain(
                .init(forgetting: forgetting, range: 1e-9...1e9, smallestPrediction: 0, priorWeight: prior))
            let truth = random.uniform(in: 0.3...3)
            var pairs: [(x: Double, y: Double)] = []
            for _ in 0..<(1 + random.integer(below: 40)) {
                let x = random.normalPair().0 * 1e-2
                pairs.append((x, truth * x + 1e-3 * abs(x) * random.normalPair().0))
                learned.learn(predicted: x, measured: pairs[pairs.count - 1].y)
            }
            // Σ f^age (y − g x)² + f^n prior x₁² (g − 1)², solved at once.
            let strength = prior * pairs[0].x * pairs[0].x * pow(forgetting, Double(pairs.count))
            var (numerator, denominator) = (strength, strength)
            for (index, pair) in pairs.enumerated() {
                let weight = pow(forgetting, Double(pairs.count - 1 - index))
                numerator += weight * pair.x * pair.y
                denominator += weight * pair.x * pair.x
            }
            #expect(isClose(learned.gain, numerator / denominator, absolute: 0, relative: 1e-10), "case \(number)")
        }
    }

    @Test func `a constant gain is found and a changed one is followed`() throws {
        try forRandomCases(seed: 132) { random, number in
            var learned = try FlowGain()
            for truth in [random.uniform(in: 0.2...5), random.uniform(in: 0.2...5)] {
                for _ in 0..<600 {
                    let x = (random.uniform() < 0.5 ? 1 : -1) * random.uniform(in: 1e-3...2e-3)
                    learned.learn(predicted: x, measured: truth * x)
                }
                #expect(isClose(learned.gain, truth, absolute: 1e-9), "case \(number)")
            }
        }
    }

    @Test func `with the learned gain the scaled batch gets the change that was wanted`() throws {
        try forRandomCases(seed: 133) { random, number in
            // A plant that does a fixed share of what tokens predict: the prediction's bias under Adam.
            let truth = random.uniform(in: 0.3...3)
            var learned = try FlowGain()
            for _ in 0..<300 {
                let balance = try FlowBalance(
                    expanding: random.uniform(in: 1e-3...2e-3), contracting: random.uniform(in: 1e-3...2e-3))
                let scaling = try balance.scaling(toward: 0.4 * balance.net, limit: 0.9, gain: learned.gain)
                let predicted = (1 + scaling.scale) * balance.expanding - (1 - scaling.scale) * balance.contracting
                learned.learn(predicted: predicted, measured: truth * predicted)
            }
            let balance = try FlowBalance(expanding: 2e-3, contracting: 1e-3)
            let wanted = truth * 1.2e-3
            let scaling = try balance.scaling(toward: wanted, limit: 0.9, gain: learned.gain)
            let measured = truth * ((1 + scaling.scale) * 2e-3 - (1 - scaling.scale) * 1e-3)
            #expect(isClose(measured, wanted, absolute: 1e-8), "case \(number): gain \(learned.gain) for \(truth)")
        }
    }

    @Test func `the gain stays in its range whatever it is told, and says when it learned nothing`() throws {
        let odd: [Double] = [0, 1e-12, .nan, .infinity, -.infinity, 1e300, -1e300, 1e-200, .greatestFiniteMagnitude]
        try forRandomCases(seed: 134) { random, number in
            var learned = try FlowGain()
            for _ in 0..<50 {
                let pick = { (random: inout RandomSource) in
                    random.uniform() < 0.5 ? odd[random.integer(below: odd.count)] : random.normalPair().0
                }
                let before = learned
                let (x, y) = (pick(&random), pick(&random))
                let hasLearned = learned.learn(predicted: x, measured: y)
                #expect((0.1...10).contains(learned.gain) && learned.state.information.isFinite, "case \(number)")
                if !x.isFinite || !y.isFinite || abs(x) < 1e-7 { #expect(!hasLearned, "case \(number)") }
                if !hasLearned { #expect(learned == before, "case \(number)") }
            }
        }
    }

    @Test func `a quiet run does not forget`() throws {
        var learned = try FlowGain()
        for _ in 0..<100 { learned.learn(predicted: 1e-3, measured: 3e-3) }
        let before = learned
        for _ in 0..<10_000 { learned.learn(predicted: 1e-9, measured: -1e-3) }
        #expect(learned == before)
    }

    @Test func `a restart anywhere changes nothing`() throws {
        try forRandomCases(seed: 135) { random, number in
            var whole = try FlowGain()
            var cut = whole
            let restart = random.integer(below: 30)
            for step in 0..<30 {
                if step == restart { cut = try FlowGain(resuming: throughJSON(cut.state)) }
                let (x, y) = random.normalPair()
                whole.learn(predicted: x, measured: y)
                cut.learn(predicted: x, measured: y)
                #expect(whole == cut, "case \(number)")
            }
        }
    }

    @Test func `settings it is not defined for are refused`() {
        #expect(
            refusal { _ = try FlowGain(.init(forgetting: 0)) }
                == "the gain of an entropy prediction needs a finite number above zero here, got 0.0 (forgetting)")
        for settings in [
            FlowGain.Settings(forgetting: 1.1), .init(range: 0...2), .init(range: 2...3),
            .init(range: 1...Double.infinity),
            .init(smallestPrediction: -1), .init(priorWeight: .nan),
        ] {
            #expect(refusalCode { _ = try FlowGain(settings) } == .badSetting, "\(settings)")
        }
    }
}
