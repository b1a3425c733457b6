// The GPU's reduction kernel, its own source run lane by lane on the host, against its sums in Double.

import Foundation
import KernelEmulation
import Testing
import Torch
import Trajectories

@Suite struct TileReductionTests {
    static let sums = 10

    /// One block per row of `rows`, which lie in storage `gap` floats longer than they are; the ten numbers of each.
    func reduced(_ rows: [[Float]], temperature: Double, threads: Int32, gap: Int = 3) -> [[Float]] {
        let count = rows[0].count
        let z = rows.flatMap { $0 + [Float](repeating: 1e30, count: gap) }
        var out = [Float](repeating: .nan, count: Self.sums * rows.count)
        let made = emulate_tile_sums(
            z, Int64(rows.count), Int64(count + gap), Int32(count), Float(1 / temperature), threads, &out)
        #expect(made == 1)
        return rows.indices.map { row in (0..<Self.sums).map { out[$0 * rows.count + row] } }
    }

    /// The definition (tile_reduction.hpp), in Double on the float32 logits that the kernel sees; and how far rounding may take each sum.
    ///
    /// In units of 2^-24 of a term e^a u^b: u is wrong by one, hence e by |u| and by two of expf's own, products by one each, and every
    /// addition on the way of a term by one. Below the smallest float32 a term may be lost.
    func exact(_ row: [Float], temperature: Double, threads: Int32) -> (values: [Double], errors: [Double]) {
        let tempered = row.map { $0 * Float(1 / temperature) }
        let top = tempered.max() ?? -.infinity
        var (values, errors) = ([Double](repeating: 0, count: Self.sums), [Double](repeating: 0, count: Self.sums))
        values[0] = Double(top)
        let additions = Double(row.count / Int(threads) + 1 + 5 + 5 + 1)
        var isTopLeftOut = false
        for z in tempered {
            let u = Double(z) - Double(top)
            if z == top && !isTopLeftOut {
                isTopLeftOut = true
                continue
            }
            if u < -87 { continue }
            for power in 1...3 {
                let e = exp(Double(power) * u)
                for (order, factor) in [1, u, u * u].enumerated() {
                    let units = Double(power) * (abs(u) + 2) + Double(order) + Double(power + order - 1) + additions
                    values[3 * power - 2 + order] += e * factor
                    errors[3 * power - 2 + order] += e * abs(factor) * units * 0x1p-24 + 0x1p-126
                }
            }
        }
        return (values, errors)
    }

    @Test(arguments: [32, 64, 256, 1024] as [Int32])
    func `random rows of any length follow the definition`(threads: Int32) {
        for (number, count) in [1, 2, 31, 32, 33, 255, 257, 1000, 4096].enumerated() {
            var random = RandomSource(96, case: number)
            let rows = (0..<3).map { _ in random.logits(count) }
            for temperature in [0.7, 1] {
                for (found, row) in zip(reduced(rows, temperature: temperature, threads: threads), rows) {
                    let (values, errors) = exact(row, temperature: temperature, threads: threads)
                    #expect(found[0] == Float(values[0]))
                    for k in 1..<Self.sums {
                        #expect(
                            abs(Double(found[k]) - values[k]) <= errors[k], "sum \(k) of \(count) on \(threads) lanes")
                    }
                }
            }
        }
    }

    @Test func `ties leave one top out, masked logits weigh nothing, NaN spoils`() {
        let ties = reduced([[2, 5, 5, 1, 5]], temperature: 1, threads: 32)[0]
        let (values, errors) = exact([2, 5, 5, 1, 5], temperature: 1, threads: 32)
        #expect(ties.indices.allSatisfy { abs(Double(ties[$0]) - values[$0]) <= errors[$0] })
        #expect(ties[1] > 2 && ties[4] > 2 && ties[7] > 2)
        let masked = reduced([[-.infinity, 3, -.infinity, 2]], temperature: 1, threads: 32)[0]
        #expect(masked == reduced([[3, 2]], temperature: 1, threads: 32)[0])
        let none = reduced([[Float](repeating: -.infinity, count: 40)], temperature: 1, threads: 32)[0]
        #expect(none[0] == -.infinity && none.dropFirst().allSatisfy { $0 == 0 })
        let spoiled = reduced([[0, .nan, 1], [.nan, .nan, .nan]], temperature: 1, threads: 64)
        #expect(spoiled.allSatisfy { $0[2].isNaN && $0[5].isNaN && $0[8].isNaN })
        let far = reduced([[0, -200, -86, 0]], temperature: 1, threads: 32)[0]
        #expect(far[0] == 0 && far[1] == 1, "one of the two tops, and e^-86 below its last bit")
    }

    /// NVRTC needs no GPU: where it is installed, the source that a GPU would run is compiled for two architectures.
    @Test func `the source compiles where NVRTC is found`() throws {
        for architecture in ["sm_80", "sm_90"] {
            do {
                #expect(try Runtime.compileReduction(for: architecture) > 1000)
            } catch let error as TorchError {
                #expect(error.code == .unsupported && error.message.hasSuffix("NVRTC was not found"), "\(error)")
            }
        }
    }
}
