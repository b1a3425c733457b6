// Changing the temperature of given logits: the distribution, the slope of entropy, and its inversion.

import Foundation
import Testing
import Trajectories

@testable import EntropyDynamics

@Suite struct TemperatureTests {
    @Test func `another temperature of the same logits needs only log p`() throws {
        try forRandomCases(seed: 441) { random, number in
            let logits = randomLogits(&random)
            let (old, new) = (0.3 + 2 * random.uniform(), 0.3 + 2 * random.uniform())
            let found = try Categorical(logits: logits, temperature: old).tempered(new)
            let direct = try Categorical(logits: logits, temperature: new)
            #expect(found.temperature == new)
            #expect(isClose(found.entropy, direct.entropy, absolute: 1e-12), "case \(number)")
            for (a, b) in zip(found.logProbabilities, direct.logProbabilities) {
                #expect(isClose(a, b, absolute: 1e-12, relative: 1e-13), "case \(number)")
            }
        }
    }

    @Test func `entropy rises with temperature by the variance of the logits`() throws {
        try forRandomCases(seed: 442) { random, number in
            let logits = randomLogits(&random)
            let temperature = 0.3 + 2 * random.uniform()
            let p = try Categorical(logits: logits, temperature: temperature)
            let logs = dualLogs(logits.map { Dual($0) }, temperature: Dual(temperature, 1))
            let slope = (Dual(0) - dualMean(logs, logs)).slope
            #expect(isClose(p.entropySlopeInTemperature, slope, absolute: 1e-12, relative: 1e-11), "case \(number)")
            let variance = try p.covariance(logits, logits) / (temperature * temperature * temperature)
            #expect(isClose(p.entropySlopeInTemperature, variance, absolute: 1e-12, relative: 1e-11), "case \(number)")
            #expect(p.entropySlopeInTemperature >= 0)
        }
    }

    @Test func `the temperature found has the wanted entropy`() throws {
        try forRandomCases(seed: 443) { random, number in
            let p = try Categorical(logits: randomLogits(&random), temperature: 0.3 + 2 * random.uniform())
            let limits = p.reachableEntropies
            let target = limits.lower + (limits.upper - limits.lower) * random.uniform()
            guard target > limits.lower else { return }
            let found = try p.temperature(forEntropy: target)
            #expect(isClose(try p.tempered(found).entropy, target, absolute: 1e-14, relative: 2e-14), "case \(number)")
            // A hotter one is above it, a colder one below: the solution is the crossing.
            #expect(try p.tempered(found * 1.01).entropy > target, "case \(number)")
            #expect(try p.tempered(found / 1.01).entropy < target, "case \(number)")
        }
    }

    @Test func `a temperature is found again from its entropy`() throws {
        var checked = 0
        try forRandomCases(1_500, seed: 444) { random, number in
            let logits = randomLogits(&random, spreads: [0.3, 1, 3])
            let temperature = 0.3 + 2 * random.uniform()
            let made = try Categorical(logits: logits, temperature: temperature)
            // H must depend on T for T to be in it.
            guard made.varentropy > 1e-3 else { return }
            checked += 1
            let found = try Categorical(logits: logits).temperature(forEntropy: made.entropy)
            #expect(isClose(found, temperature, absolute: 0, relative: 1e-10), "case \(number)")
        }
        #expect(checked >= 1_000)
    }

    @Test(arguments: [1e-3, 1e-30, 1e-200]) func `entropies next to nothing are reached`(target: Double) throws {
        let p = try Categorical(logits: [2, 1, 0, -1])
        let found = try p.temperature(forEntropy: target)
        #expect(isClose(try p.tempered(found).entropy, target, absolute: 0, relative: 1e-11))
        // Two tokens with odds e^−u: H = log(1 + e^−u) + u e^−u/(1 + e^−u), u = 1/T.
        let two = try Categorical(logits: [0, -1])
        let u = 1 / (try two.temperature(forEntropy: target))
        let entropy = log1p(exp(-u)) + u * exp(-u) / (1 + exp(-u))
        #expect(isClose(entropy, target, absolute: 0, relative: 1e-11))
    }

    @Test func `ties keep entropy above the log of their number`() throws {
        let p = try Categorical(logits: [3, 3, 0, -.infinity])
        #expect(p.supportSize == 3)
        #expect(p.reachableEntropies.lower == log(2.0) && p.reachableEntropies.upper == log(3.0))
        #expect(isClose(try p.tempered(p.temperature(forEntropy: 0.7)).entropy, 0.7, absolute: 1e-15))
        for target in [log(2.0), 0.5, log(3.0), 2, .nan, -1, .infinity] {
            #expect(refusal { _ = try p.temperature(forEntropy: target) } != nil, "\(target)")
        }
        #expect(
            refusal { _ = try Categorical(logits: [1, 1]).temperature(forEntropy: 0.25) }
                == "no temperature gives these logits an entropy of 0.25 nats: it must lie between "
                + "0.6931471805599453 and 0.6931471805599453, both excluded (target)")
        #expect(refusal { _ = try p.tempered(0) } != nil)
    }

    @Test func `the root of an increasing function is found wherever it lies`() {
        forRandomCases(seed: 445) { random, number in
            let root = random.normalPair().0 * [1, 50, 5_000][random.integer(below: 3)]
            let steepness = exp(3 * random.normalPair().0)
            // A step with flat tails: Newton alone would leave for infinity.
            let found = increasingRoot(near: 0, in: -1e6...1e6, tolerance: 0) { x in
                let t = tanh(steepness * (x - root))
                return (t, steepness * (1 - t * t))
            }
            guard let found else {
                Issue.record("no root in case \(number)")
                return
            }
            #expect(isClose(found, root, absolute: 1e-14 + 1e-14 / steepness, relative: 1e-14), "case \(number)")
        }
        #expect(increasingRoot(near: 0, in: -5...5, tolerance: 0) { ($0 - 6, 1) } == nil)
        #expect(increasingRoot(near: 0, in: -5...5, tolerance: 0) { ($0 + 6, 1) } == nil)
        #expect(increasingRoot(near: 0, in: -5...5, tolerance: 0) { ($0 - 5, 1) } == 5)
        #expect(increasingRoot(near: 0, in: -5...5, tolerance: 0) { _ in (.nan, 1) } == nil)
    }
}
