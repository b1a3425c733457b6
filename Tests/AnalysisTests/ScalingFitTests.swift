// Exponents of power laws whose answer is known.

import Analysis
import Testing
import Trajectories

@Suite struct ScalingFitTests {
    private let sizes: [Double] = [16, 32, 64, 128, 256, 512]

    @Test("a pure power law has its exponent and no fixed cost", arguments: [0.5, 1.0, 1.5, 2.0, 3.0])
    func pure(_ exponent: Double) throws {
        let fit = try ScalingFit(sizes: sizes, costs: sizes.map { 3 * power($0, exponent) })
        #expect(abs(fit.exponent - exponent) < 1e-9)
        #expect(abs(fit.coefficient - 3) < 1e-9)
        #expect(fit.fixed == 0)
        #expect(abs(fit.lastExponent - exponent) < 1e-9)
        #expect(abs(fit.r2 - 1) < 1e-12)
    }

    @Test("a fixed cost is told from what grows", arguments: [1.0, 1.5, 2.0])
    func withFixedCost(_ exponent: Double) throws {
        let fit = try ScalingFit(sizes: sizes, costs: sizes.map { 50 + 0.7 * power($0, exponent) })
        #expect(abs(fit.exponent - exponent) < 0.02)
        #expect(abs(fit.fixed - 50) < 1)
        #expect(fit.r2 > 0.9999)
        #expect(fit.lastExponent < exponent)
    }

    @Test func `noise of some percent moves the exponent by little`() throws {
        for number in 0..<200 {
            var random = RandomSource(seed: 5, purpose: .testing, step: number)
            let costs = sizes.map { 2 * $0 * (1 + 0.03 * (random.uniform() - 0.5)) }
            let fit = try ScalingFit(sizes: sizes, costs: costs)
            #expect(abs(fit.exponent - 1) < 0.15)
        }
    }

    @Test func `equal costs do not grow`() throws {
        let fit = try ScalingFit(sizes: sizes, costs: sizes.map { _ in 4 })
        #expect(abs(fit.exponent) < 1e-9 && fit.r2 == 1 && fit.lastExponent == 0)
    }

    @Test func `what has no exponent is refused`() {
        #expect(throws: AnalysisError.self) { try ScalingFit(sizes: [1, 2], costs: [1, 2]) }
        #expect(throws: AnalysisError.self) { try ScalingFit(sizes: [1, 2, 3], costs: [1, 2]) }
        #expect(throws: AnalysisError.self) { try ScalingFit(sizes: [1, 2, 2], costs: [1, 2, 3]) }
        #expect(throws: AnalysisError.self) { try ScalingFit(sizes: [1, 2, 4], costs: [1, 0, 3]) }
        #expect(throws: AnalysisError.self) { try ScalingFit(sizes: [1, 2, .infinity], costs: [1, 1, 3]) }
    }

    /// Integer and half-integer powers without Foundation.
    private func power(_ base: Double, _ exponent: Double) -> Double {
        let whole = (0..<Int(exponent)).reduce(1.0) { product, _ in product * base }
        return exponent == exponent.rounded() ? whole : whole * base.squareRoot()
    }
}
