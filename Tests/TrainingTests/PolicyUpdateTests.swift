// One update: right gradient, right prediction, and the same whatever the micro-batches.

import Foundation
import Models
import Testing
import Torch
import Trajectories

@testable import Training

@Suite struct PolicyUpdateTests {
    @Test(arguments: [true, false])
    func `the gradient of a whole update is the derivative of the loss`(tied: Bool) throws {
        let given = try UpdateCase(seed: 3, tied: tied)
        let updater = given.updater(microBatchTokens: 30)
        let start = try given.values()
        _ = try given.update(updater, rate: 1)
        let gradient = zip(start, try given.values()).map { before, after in
            zip(before, after).map { Double($0) - Double($1) }
        }
        func loss(_ values: [[Float]]) throws -> Double {
            try given.set(values)
            let statistics = try updater.statistics(of: given.sequences)
            return statistics.logprob.indices.reduce(0) {
                $0 + Double(given.derivatives.g1[$1]) * Double(statistics.logprob[$1])
                    + Double(given.derivatives.g2[$1]) * Double(statistics.entropy[$1])
            }
        }
        var random = RandomSource(seed: 6, purpose: .testing)
        for (index, parameter) in given.model.parameters.enumerated() {
            let direction = start[index].map { _ in random.normalPair().0 }
            let exact = zip(gradient[index], direction).reduce(0) { $0 + $1.0 * $1.1 }
            func slope(_ h: Double) throws -> Double {
                var (up, down) = (start, start)
                for entry in direction.indices {
                    up[index][entry] += Float(h * direction[entry])
                    down[index][entry] -= Float(h * direction[entry])
                }
                return (try loss(up) - loss(down)) / (2 * h)
            }
            // Richardson: the error of central differences is even in h
            let numeric = (4 * (try slope(4e-3)) - (try slope(8e-3))) / 3
            let norm = gradient[index].reduce(0) { $0 + $1 * $1 }.squareRoot()
            #expect(abs(numeric - exact) < 4e-3 * norm + 2e-5, "\(parameter.name): \(numeric), not \(exact)")
            #expect(norm > 1e-7, "\(parameter.name) has a gradient")
        }
    }

    /// Plain descent, as below: the threads' sums are added in another order than one thread adds its micro-batches.
    @Test(arguments: [true, false])
    func `threads change an update by no more than rounding, and not from run to run`(measures: Bool) throws {
        func updated(threads: Int) throws -> (values: [[Float]], report: UpdateReport) {
            let given = try UpdateCase(seed: 8, sequences: 24)
            var updater = given.updater(microBatchTokens: 64)
            updater.threads = threads
            let report = try given.update(updater, rate: 0.5, measures: measures)
            return (try given.values(), report)
        }
        let one = try updated(threads: 1)
        for threads in [2, 3, 7] {
            let several = try updated(threads: threads)
            for (own, other) in zip(several.values, one.values) {
                let largest = other.map(abs).max() ?? 0
                #expect(zip(own, other).allSatisfy { abs($0 - $1) <= 1e-6 * largest })
            }
            #expect(near(several.report.before.logprob, one.report.before.logprob, 5e-6))
            #expect(near(several.report.entropyAfter ?? [], one.report.entropyAfter ?? [], 5e-6))
            #expect(abs(several.report.gradientNorm / one.report.gradientNorm - 1) < 1e-5)
            if let prediction = one.report.parameterPrediction {
                #expect(abs((several.report.parameterPrediction ?? 0) / prediction - 1) < 1e-4)
            }
            #expect(try updated(threads: threads).values == several.values)
        }
    }

    /// Plain descent, because Adam divides by the size of each entry's gradient and so turns one that is zero but for
    /// rounding into a step of full size. Other micro-batches sum in another order: equal to rounding, not to the bit.
    @Test func `micro-batches change an update by no more than rounding`() throws {
        let reference = try UpdateCase(seed: 8, sequences: 24)
        let whole = try reference.update(reference.updater(microBatchTokens: 100_000), rate: 0.5)
        let expected = try reference.values()
        for budget in [1, 13, 64, 150] {
            let given = try UpdateCase(seed: 8, sequences: 24)
            let report = try given.update(given.updater(microBatchTokens: budget), rate: 0.5)
            for (own, other) in zip(try given.values(), expected) {
                let largest = other.map(abs).max() ?? 0
                #expect(zip(own, other).allSatisfy { abs($0 - $1) <= 1e-6 * largest })
            }
            #expect(near(report.before.logprob, whole.before.logprob, 5e-6))
            #expect(near(report.before.entropy, whole.before.entropy, 5e-6))
            #expect(near(report.before.discriminant, whole.before.discriminant, 5e-6))
            #expect(near(report.entropyAfter ?? [], whole.entropyAfter ?? [], 5e-6))
            #expect(abs(report.gradientNorm / whole.gradientNorm - 1) < 1e-5)
            let prediction = try #require(whole.parameterPrediction)
            #expect(abs((report.parameterPrediction ?? 0) / prediction - 1) < 1e-4)
        }
    }

    @Test(arguments: [false, true])
    func `keeping the graphs or running forward twice gives the same bits`(measures: Bool) throws {
        let kept = try UpdateCase(seed: 2)
        let again = try UpdateCase(seed: 2)
        let options = AdamW.Options(weightDecay: 0.1)
        let first = try kept.update(
            kept.updater(microBatchTokens: 25, keptGraphTokens: 1_000_000), options: options, rate: 1e-2,
            measures: measures)
        let second = try again.update(
            again.updater(microBatchTokens: 25, keptGraphTokens: 0), options: options, rate: 1e-2, measures: measures)
        #expect(try kept.values() == again.values())
        #expect(first.before == second.before)
        #expect(first.entropyAfter == second.entropyAfter)
        #expect((first.entropyAfter == nil) == !measures)
        #expect(first.parameterPrediction == second.parameterPrediction)
        #expect(first.gradientNorm == second.gradientNorm)
    }

    @Test func `measuring changes no weight`() throws {
        let measured = try UpdateCase(seed: 4)
        let plain = try UpdateCase(seed: 4)
        let options = AdamW.Options()
        _ = try measured.update(measured.updater(), options: options, rate: 1e-2)
        let report = try plain.update(plain.updater(), options: options, rate: 1e-2, measures: false)
        #expect(try measured.values() == plain.values())
        #expect(report.parameterPrediction == nil)
    }

    /// measured − predicted = ½ Δθᵀ∇²H̄ Δθ + O(|Δθ|³).
    @Test func `halving the step makes the error of the parameter-space prediction a quarter`() throws {
        var ratios: [Double] = []
        var totals = (error: 0.0, change: 0.0)
        for seed: UInt64 in 1...8 {
            func error(_ rate: Double) throws -> (error: Double, change: Double) {
                let given = try UpdateCase(seed: seed)
                let report = try given.update(given.updater(), rate: rate)
                let after = try #require(report.entropyAfter)
                let measured =
                    zip(after, report.before.entropy).reduce(0) { $0 + Double($1.0) - Double($1.1) }
                    / Double(after.count)
                let predicted = try #require(report.parameterPrediction)
                return (abs(measured - predicted), abs(measured))
            }
            let (coarse, fine) = (try error(0.005), try error(0.0025))
            ratios.append(coarse.error / fine.error)
            #expect(fine.error < coarse.error)
            totals = (totals.error + fine.error, totals.change + fine.change)
        }
        let mean = exp(ratios.reduce(0) { $0 + log($1) } / Double(ratios.count))
        #expect(mean > 3.3 && mean < 4.8, "\(ratios)")
        #expect(totals.error < 0.1 * totals.change, "\(totals)")
    }

    @Test func `a gradient that is not finite changes nothing`() throws {
        let given = try UpdateCase(seed: 5)
        let before = try given.values()
        var optimiser = try withTorchErrors { AdamW(given.model.parameters.map(\.tensor), options: .init()) }
        let report = try given.updater().update(
            given.sequences, optimiser: &optimiser, learningRate: 0.1, measures: true
        ) { statistics in
            var g1 = [Float](repeating: 0.1, count: statistics.count)
            g1[0] = .infinity
            return TokenDerivatives(g1: g1, g2: [Float](repeating: 0, count: statistics.count))
        }
        #expect(!report.gradientNorm.isFinite)
        #expect(optimiser.stepCount == 0)
        #expect(try given.values() == before)
    }

    private func near(_ left: [Float], _ right: [Float], _ tolerance: Float) -> Bool {
        left.count == right.count && zip(left, right).allSatisfy { abs($0 - $1) <= tolerance * max(1, abs($1)) }
    }
}
