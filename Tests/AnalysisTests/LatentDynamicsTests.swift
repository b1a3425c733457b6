// Spectra of small matrices, and the dispersion of trajectories whose dynamics are known.

import Testing
import Trajectories

@testable import Analysis

@Suite struct LatentDynamicsTests {
    private func normal(_ random: inout RandomSource) -> Double {
        (0..<12).reduce(-6.0) { sum, _ in sum + random.uniform() }
    }

    private func product(_ a: [[Double]], _ b: [[Double]]) -> [[Double]] {
        a.map { row in b[0].indices.map { column in row.indices.reduce(0) { $0 + row[$1] * b[$1][column] } } }
    }

    @Test(arguments: 1...9)
    func `the traces of powers are the power sums of the eigenvalues`(n: Int) throws {
        for trial in 0..<40 {
            var random = RandomSource(seed: UInt64(n), purpose: .testing, step: trial)
            let matrix = (0..<n).map { _ in (0..<n).map { _ in normal(&random) } }
            let found = try #require(Eigenvalues.of(matrix))
            #expect(found.count == n)
            // Newton: these n sums determine the characteristic polynomial
            var power = matrix
            var powers = found
            for exponent in 1...n {
                let trace = (0..<n).reduce(0) { $0 + power[$1][$1] }
                let sum = powers.reduce(Complex(0)) { $0 + $1 }
                let size = found.map(\.modulus).max() ?? 1
                var scale = 1.0
                for _ in 0..<exponent { scale *= max(size, 1) }
                #expect(abs(sum.real - trace) < 1e-9 * scale * Double(n), "\(n), power \(exponent)")
                #expect(abs(sum.imaginary) < 1e-9 * scale * Double(n), "\(n), power \(exponent)")
                power = product(power, matrix)
                powers = zip(powers, found).map { $0 * $1 }
            }
        }
    }

    @Test func `matrices that make iterations stall are solved as well`() throws {
        let cycle = [[0.0, 0, 1], [1, 0, 0], [0, 1, 0]]
        #expect(try #require(Eigenvalues.of(cycle)).allSatisfy { abs($0.modulus - 1) < 1e-12 })
        let swap = try #require(Eigenvalues.of([[0, 1], [1, 0]])).map(\.real).sorted()
        #expect(swap.count == 2 && abs(swap[0] + 1) < 1e-12 && abs(swap[1] - 1) < 1e-12)
        #expect(try #require(Eigenvalues.of([[0, 0], [0, 0]])) == [Complex(0), Complex(0)])
        #expect(try #require(Eigenvalues.of([[2, 1], [0, 2]])).allSatisfy { abs($0.real - 2) < 1e-7 })
        #expect(Eigenvalues.of([[.nan]]) == nil && Eigenvalues.of([]) == [])
    }

    /// x_{t+1} = K x_t.
    private func trajectory(_ map: [[Double]], from start: [Double], steps: Int) -> [[Double]] {
        var states = [start]
        for _ in 0..<steps { states.append(product(map, states[states.count - 1].map { [$0] }).map { $0[0] }) }
        return states
    }

    @Test func `a rotation has no dispersion, and a diagonal map that of its entries`() throws {
        let (c, s) = (0.8, 0.6)
        let rotation = trajectory([[c, -s], [s, c]], from: [1, 0.3], steps: 20)
        let turning = try #require(LatentDynamics(rotation, ridge: 1e-12))
        #expect(turning.dispersion < 1e-12 && abs(turning.radius - 1) < 1e-6)
        let decay = trajectory([[0.9, 0], [0, -0.5]], from: [1, 2], steps: 12)
        let decaying = try #require(LatentDynamics(decay, ridge: 1e-12))
        #expect(abs(decaying.radius - 0.9) < 1e-4)
        // |λ| = 0.9 and 0.5: variance 0.04, in whatever basis the features are
        #expect(abs(decaying.dispersion - 0.04) < 1e-4)
        let mixed = decay.map { [$0[0] + 2 * $0[1], $0[0] - $0[1]] }
        #expect(abs(try #require(LatentDynamics(mixed, ridge: 1e-12)).dispersion - 0.04) < 1e-4)
        // scale does not matter, with any ridge
        let plain = try #require(LatentDynamics(decay))
        let scaled = try #require(LatentDynamics(decay.map { $0.map { 1000 * $0 } }))
        #expect(abs(plain.dispersion - scaled.dispersion) < 1e-9)
    }

    @Test func `short, flat and broken trajectories have no dynamics`() {
        let short = [[Double]](repeating: [1, 2], count: 4)
        #expect(LatentDynamics(short) == nil && LatentDynamics([]) == nil)
        #expect(LatentDynamics([[Double]](repeating: [0, 0], count: 20)) == nil)
        #expect(LatentDynamics([[Double]](repeating: [.nan, 0], count: 20)) == nil)
    }
}
