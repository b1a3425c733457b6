// STARE's gate and selection by hand, against counting in whole numbers, and its adaptive weights.

import EntropyDynamics
import Foundation
import Testing
import Trajectories

@Suite struct GatedWeightsTests {
    @Test func `worked by hand, both variants`() throws {
        let logprobs: [Double] = [-0.1, -3, -0.5, -2, -4, -0.2]
        let advantages: [Double] = [1, 1, -1, -1, 0, 1]
        var settings = GatedWeights.Settings.twoSided
        settings.fraction = 0.5
        var gate = try GatedWeights(settings)
        try gate.update(entropy: 0.29, target: 0.3)
        // Of three with A > 0 the two rarest, of two with A < 0 the rarest, and never the one with A = 0.
        #expect(try gate.weights(logprobs: logprobs, advantages: advantages) == [1, 1.1, 1, 0.9, 1, 1.1])
        settings.negativeWeight = nil
        gate = try GatedWeights(settings)
        #expect(try gate.weights(logprobs: logprobs, advantages: advantages) == [1, 1.1, 1, 1, 1, 1.1])
        try gate.update(entropy: 0.3, target: 0.3)
        #expect(try gate.weights(logprobs: logprobs, advantages: advantages).allSatisfy { $0 == 1 })
    }

    @Test func `of each sign exactly the rarest share is weighted, counted in whole numbers`() throws {
        try forRandomCases(seed: 161) { random, number in
            let percent = 1 + random.integer(below: 100)
            let count = random.integer(below: 120)
            let logprobs = random.normals(count).map { -exp($0) }
            let advantages = (0..<count).map { _ in Double(random.integer(below: 3) - 1) }
            var settings = GatedWeights.Settings.twoSided
            settings.fraction = Double(percent) / 100
            let weights = try GatedWeights(settings).weights(logprobs: logprobs, advantages: advantages)
            for (sign, weight) in [(1.0, 1.1), (-1.0, 0.9)] {
                let candidates = (0..<count).filter { advantages[$0] == sign }
                let chosen = candidates.filter { weights[$0] == weight }
                // ⌈percent · n / 100⌉ without a rounding error, at least 1 of any.
                #expect(chosen.count == (candidates.count * percent + 99) / 100, "case \(number)")
                let rarest = Set(chosen)
                let least = chosen.map { logprobs[$0] }.max() ?? -.infinity
                #expect(
                    candidates.allSatisfy { rarest.contains($0) || (weights[$0] == 1 && logprobs[$0] >= least) },
                    "case \(number)")
            }
            #expect((0..<count).allSatisfy { advantages[$0] != 0 || weights[$0] == 1 }, "case \(number)")
        }
    }

    @Test func `a tenth of thirty is three`() throws {
        // 0.1 · 30 is 3.0000000000000004 in binary.
        let logprobs = (0..<30).map { -Double($0) }
        let weights = try GatedWeights().weights(logprobs: logprobs, advantages: [Double](repeating: 1, count: 30))
        #expect(weights == [Double](repeating: 1, count: 27) + [1.1, 1.1, 1.1])
    }

    @Test func `ties go to the earlier token`() throws {
        let gate = try GatedWeights(.init(fraction: 0.4))
        #expect(
            try gate.weights(logprobs: [-1, -2, -2, -2, -1], advantages: [1, 1, 1, 1, 1]) == [1, 1.1, 1.1, 1, 1])
        #expect(
            try gate.weights(logprobs: [-.infinity, -2, -.infinity], advantages: [1, 1, 1]) == [1.1, 1, 1.1])
    }

    @Test func `adaptive weights walk with the sign of the distance and stay in their ranges`() throws {
        // Steps of 2^-7 make the walk exact.
        let unit = 0x1p-7
        try forRandomCases(seed: 162) { random, number in
            var settings = GatedWeights.Settings(positiveWeight: 1 + 4 * unit, negativeWeight: 1 - 4 * unit)
            settings.adaptation = .init(step: unit, largest: 1 + 9 * unit, smallest: 1 - 7 * unit)
            var gate = try GatedWeights(settings)
            var (up, down) = (4, 4)
            for _ in 0..<50 {
                let (entropy, target) = (random.integer(below: 5), random.integer(below: 5))
                try gate.update(entropy: Double(entropy) / 10, target: Double(target) / 10)
                let sign = (target - entropy).signum()
                up = min(max(up + sign, 0), 9)
                down = min(max(down + sign, 0), 7)
                #expect(gate.state.isOpen == (entropy < target), "case \(number)")
                #expect(gate.state.positiveWeight == 1 + Double(up) * unit, "case \(number)")
                #expect(gate.state.negativeWeight == 1 - Double(down) * unit, "case \(number)")
                let weights = try gate.weights(logprobs: [-1, -2], advantages: [1, -1])
                let expected =
                    entropy < target ? [1 + Double(up) * unit, 1 - Double(down) * unit] : [1, 1]
                #expect(weights == expected, "case \(number)")
            }
        }
    }

    @Test func `fixed weights do not move and a restart anywhere changes nothing`() throws {
        try forRandomCases(seed: 163) { random, number in
            var settings = GatedWeights.Settings.twoSided
            if number % 2 == 0 { settings.adaptation = .init() }
            var whole = try GatedWeights(settings)
            var cut = whole
            let restart = random.integer(below: 20)
            for step in 0..<20 {
                if step == restart { cut = try GatedWeights(settings, resuming: throughJSON(cut.state)) }
                let entropy = random.uniform(in: 0...0.6)
                try whole.update(entropy: entropy, target: 0.3)
                try cut.update(entropy: entropy, target: 0.3)
                #expect(whole == cut, "case \(number)")
                if number % 2 == 1 {
                    #expect(whole.state.positiveWeight == 1.1 && whole.state.negativeWeight == 0.9, "case \(number)")
                }
            }
        }
    }

    @Test func `no token, no share and no sign to choose from weigh nothing`() throws {
        let gate = try GatedWeights()
        #expect(try gate.weights(logprobs: [], advantages: []).isEmpty)
        #expect(try gate.weights(logprobs: [-1, -2], advantages: [0, -1]) == [1, 1])
        #expect(try GatedWeights(.init(fraction: 0)).weights(logprobs: [-1], advantages: [1]) == [1])
    }

    @Test func `bad settings and batches are refused`() throws {
        let gate = try GatedWeights()
        #expect(
            refusal { _ = try gate.weights(logprobs: [-1, -2], advantages: [1]) }
                == "token weights need one advantage per token: 1 for 2 (advantages)")
        #expect(
            refusal { _ = try gate.weights(logprobs: [-1, .nan], advantages: [1, 1]) }
                == "token weights need numbers to rank by, got log p nan with advantage 1.0 (logprobs[1])")
        #expect(
            refusal { _ = try GatedWeights(.init(positiveWeight: 0.9)) }
                == "a gate of token weights needs a finite number of at least 1.0 here, got 0.9 (positiveWeight)")
        for settings in [
            GatedWeights.Settings(negativeWeight: 1.1), .init(fraction: 1.5), .init(adaptation: .init(step: 0)),
            .init(positiveWeight: 2, adaptation: .init()), .init(negativeWeight: 0.4, adaptation: .init()),
        ] {
            #expect(refusalCode { _ = try GatedWeights(settings) } == .badSetting, "\(settings)")
        }
        var moved = gate
        #expect(refusalCode { try moved.update(entropy: .nan, target: 0.3) } == .notANumber)
        #expect(moved == gate)
    }
}
