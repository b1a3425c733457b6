// The transformer layers written out in Double, and central differences of them.

import Foundation
import Torch

/// Tensors of a layer as flat Double arrays, inputs first to last.
typealias LayerFunction = @Sendable ([[Double]]) -> [Double]

enum LayerReference {
    static func linear(rows: Int, inner: Int, outer: Int) -> LayerFunction {
        { input in
            let bias = input.count > 2 ? input[2] : [Double](repeating: 0, count: outer)
            return (0..<(rows * outer)).map { place in
                let (row, column) = (place / outer, place % outer)
                return (0..<inner).reduce(bias[column]) {
                    $0 + input[0][row * inner + $1] * input[1][column * inner + $1]
                }
            }
        }
    }

    static func embedding(ids: [Int64], width: Int) -> LayerFunction {
        { input in ids.flatMap { Array(input[0][(Int($0) * width)..<(Int($0) * width + width)]) } }
    }

    static func rmsNorm(width: Int, epsilon: Double) -> LayerFunction {
        { input in
            stride(from: 0, to: input[0].count, by: width).flatMap { start in
                let row = input[0][start..<(start + width)]
                let mean = row.reduce(0) { $0 + $1 * $1 } / Double(width)
                return zip(row, input[1]).map { $0 / (mean + epsilon).squareRoot() * $1 }
            }
        }
    }

    static let swiglu: LayerFunction = { input in
        zip(input[0], input[1]).map { $0 / (1 + exp(-$0)) * $1 }
    }

    /// x [tokens, heads, 2·half]; token t turns by the angle row t % period.
    static func rotary(heads: Int, half: Int, cosine: [Double], sine: [Double]) -> LayerFunction {
        { input in
            let x = input[0]
            var y = x
            for start in stride(from: 0, to: x.count, by: 2 * half) {
                let angle = (start / (heads * 2 * half)) % (cosine.count / half)
                for i in 0..<half {
                    let (c, s) = (cosine[angle * half + i], sine[angle * half + i])
                    y[start + i] = x[start + i] * c - x[start + i + half] * s
                    y[start + i + half] = x[start + i + half] * c + x[start + i] * s
                }
            }
            return y
        }
    }

    /// q [N, H, D], k and v [N, K, D]; row n sees the rows `seen[n]`.
    static func attention(seen: [[Int]], heads: Int, shared: Int, width: Int, scale: Double) -> LayerFunction {
        { input in
            seen.enumerated().flatMap { row, rows in
                (0..<heads).flatMap { head in
                    let query = (row * heads + head) * width
                    func place(_ s: Int) -> Int { (s * shared + head * shared / heads) * width }
                    let scores = rows.map { s in
                        (0..<width).reduce(0) { $0 + input[0][query + $1] * input[1][place(s) + $1] } * scale
                    }
                    let top = scores.max() ?? 0
                    let weights = scores.map { exp($0 - top) }
                    let mass = weights.reduce(0, +)
                    return (0..<width).map { d in
                        zip(rows, weights).reduce(0) { $0 + $1.1 / mass * input[2][place($1.0) + d] }
                    }
                }
            }
        }
    }

    /// The rows that each row of a layout sees, itself last.
    static func seen(_ groups: [PackedLayout.Group]) -> [[Int]] {
        var seen: [[Int]] = []
        for group in groups {
            let prompt = Array(seen.count..<(seen.count + group.prompt))
            seen += prompt.indices.map { Array(prompt[...$0]) }
            for count in group.completions {
                let own = Array(seen.count..<(seen.count + count))
                seen += own.indices.map { prompt + own[...$0] }
            }
        }
        return seen
    }
}

/// d(Σ seeds · layer)/d(each input) by central differences.
func differences(_ layer: LayerFunction, _ input: [[Double]], seeds: [Double], step: Double = 1e-5) -> [[Double]] {
    func value(_ input: [[Double]]) -> Double { zip(layer(input), seeds).reduce(0) { $0 + $1.0 * $1.1 } }
    return input.indices.map { which in
        input[which].indices.map { place in
            var (up, down) = (input, input)
            up[which][place] += step
            down[which][place] -= step
            return (value(up) - value(down)) / (2 * step)
        }
    }
}
