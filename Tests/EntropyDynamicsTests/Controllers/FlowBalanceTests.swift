// The balance of flows: by hand, by summing the weighted changes, and on exact softmax steps.

import EntropyDynamics
import Foundation
import Testing
import Trajectories

@Suite struct FlowBalanceTests {
    /// Changes of mixed sign and size; both signs occur.
    func randomChanges(_ random: inout RandomSource) -> [Double] {
        let size = pow(10, random.uniform(in: -6...0))
        return [size, -size] + random.normals(1 + random.integer(below: 60)).map { $0 * size }
    }

    @Test func `worked by hand`() throws {
        let balance = try FlowBalance(predictedChanges: [0.3, -0.1, 0, 0.1, -0.5])
        #expect(isClose(balance.expanding, 0.4, absolute: 1e-16) && isClose(balance.contracting, 0.6, absolute: 1e-16))
        let scale = try #require(balance.balancingScale)
        #expect(isClose(scale, 0.2, absolute: 1e-15))
        let scaling = try balance.scaling(toward: 0)
        #expect(scaling.outcome == .met)
        let weights = scaling.weights(predictedChanges: [0.3, -0.1, 0])
        #expect(zip(weights, [1.2, 0.8, 1]).allSatisfy { isClose($0, $1, absolute: 1e-15) })
    }

    @Test func `the balanced flows are equal up to rounding`() throws {
        try forRandomCases(seed: 121) { random, number in
            let balance = try FlowBalance(predictedChanges: randomChanges(&random))
            let scale = try #require(balance.balancingScale)
            #expect(abs(scale) <= 1, "case \(number)")
            let (up, down) = ((1 + scale) * balance.expanding, (1 - scale) * balance.contracting)
            #expect(isClose(up, down, absolute: 0, relative: 1e-13), "case \(number): \(up) against \(down)")
        }
    }

    @Test func `the weighted changes add up to what was wanted, or to what the limit allows`() throws {
        var (met, saturated) = (0, 0)
        try forRandomCases(3_000, seed: 122) { random, number in
            let changes = randomChanges(&random)
            let balance = try FlowBalance(predictedChanges: changes)
            let total = balance.expanding + balance.contracting
            let (limit, gain) = (random.uniform(in: 0...0.99), exp(random.normalPair().0))
            let wanted = gain * (balance.net + random.normalPair().0 * 0.5 * total)
            let scaling = try balance.scaling(toward: wanted, limit: limit, gain: gain)
            // What happens if each token's change is multiplied by its weight, and the batch then moves by the gain.
            let sum = gain * dot(changes, scaling.weights(predictedChanges: changes))
            #expect(isClose(scaling.achieved, sum, absolute: 1e-13 * gain * total), "case \(number)")
            switch scaling.outcome {
            case .met:
                met += 1
                #expect(isClose(sum, wanted, absolute: 1e-13 * (gain * total + abs(wanted))), "case \(number)")
                #expect(abs(scaling.scale) <= limit, "case \(number)")
            case .saturated:
                saturated += 1
                #expect(abs(scaling.scale) == limit, "case \(number)")
                // Short of the wish, on the way to it.
                let (before, wish) = (gain * balance.net, wanted)
                #expect((sum - before) * (wish - sum) >= 0, "case \(number)")
            case .noFlow: Issue.record("case \(number) flows")
            }
        }
        #expect(met >= 1_000 && saturated >= 1_000, "\(met), \(saturated)")
    }

    @Test func `OPEFO's closed form is the special case of no wanted change`() throws {
        try forRandomCases(seed: 123) { random, number in
            let balance = try FlowBalance(predictedChanges: randomChanges(&random))
            let (up, down) = (balance.expanding, balance.contracting)
            let scaling = try balance.scaling(toward: 0, limit: 0.999_999)
            #expect(isClose(scaling.scale, (down - up) / (down + up), absolute: 1e-15), "case \(number)")
        }
    }

    @Test func `on exact softmax rows the scaled batch has the wanted entropy change up to second order`() throws {
        try forRandomCases(seed: 124) { random, number in
            let rows = try (0..<12).map { _ in try Categorical(logits: randomLogits(&random, spreads: [0.5, 1, 3])) }
            let steps = rows.map { row in
                row.policyGradientStep(on: drawToken(&random, from: row))
            }
            let alphas = random.normals(rows.count).map { 1e-4 * $0 }
            let predicted = zip(steps, alphas).map { $0.firstOrder($1) }
            let balance = try FlowBalance(predictedChanges: predicted)
            let scale = random.uniform(in: -0.8...0.8)
            let wanted = (1 + scale) * balance.expanding - (1 - scale) * balance.contracting
            let weights = try balance.scaling(toward: wanted, limit: 0.9).weights(predictedChanges: predicted)
            var (change, bound) = (0.0, 1e-14)
            for (index, step) in steps.enumerated() {
                let alpha = weights[index] * alphas[index]
                change += step.exact(alpha)
                bound += 1.5 * alpha * alpha * abs(step.curvature) + abs(alpha * alpha * alpha) * 10
            }
            #expect(abs(change - wanted) <= bound, "case \(number): \(change) for \(wanted), bound \(bound)")
            // The bound says something: it is far below the change that was asked for, unless that is tiny.
            #expect(bound < 0.05 * (balance.expanding + balance.contracting) + 1e-13, "case \(number)")
        }
    }

    @Test func `one-sided and empty batches are limited and left alone`() throws {
        let rising = try FlowBalance(predictedChanges: [0.1, 0.2])
        #expect(rising.balancingScale == -1)
        let scaling = try rising.scaling(toward: 0, limit: 0.5)
        #expect(scaling.outcome == .saturated && scaling.scale == -0.5)
        #expect(isClose(scaling.achieved, 0.15, absolute: 1e-16))
        let still = try FlowBalance(predictedChanges: [0, -0.0])
        #expect(still.balancingScale == nil)
        #expect(try still.scaling(toward: 0.1).outcome == .noFlow)
        #expect(try still.scaling(toward: 0).outcome == .met)
        #expect(try still.scaling(toward: 0.1).weights(predictedChanges: [0, 0]) == [1, 1])
        // A flow too small to divide by: the quotient would overflow, so nothing is scaled.
        let least = Double.leastNonzeroMagnitude
        let faint = try FlowBalance(predictedChanges: [least]).scaling(toward: 1)
        #expect(faint.outcome == .noFlow && faint.scale == 0 && faint.achieved == least)
    }

    @Test func `sums that are none and limits that turn a branch over are refused`() throws {
        #expect(
            refusal { _ = try FlowBalance(predictedChanges: [0.1, .nan]) }
                == "a balance of entropy flows cannot act on a measurement of nan; look for diverged weights "
                + "(predictedChanges[1])")
        #expect(refusalCode { _ = try FlowBalance(expanding: -1, contracting: 0) } == .notANumber)
        #expect(
            refusalCode {
                _ = try FlowBalance(
                    expanding: .greatestFiniteMagnitude, contracting: .greatestFiniteMagnitude)
            } == .notANumber)
        let balance = try FlowBalance(expanding: 1, contracting: 1)
        #expect(
            refusal { _ = try balance.scaling(toward: 0, limit: 1) }
                == "a balance of entropy flows keeps both branches only with a limit from 0 to below 1, got 1.0 (limit)"
        )
        #expect(refusalCode { _ = try balance.scaling(toward: 0, limit: .nan) } == .badSetting)
        #expect(refusalCode { _ = try balance.scaling(toward: 0, gain: 0) } == .badSetting)
        #expect(refusalCode { _ = try balance.scaling(toward: .infinity) } == .notANumber)
    }
}
