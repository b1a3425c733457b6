// Cosines and sines of the rotary position embedding (2104.09864), tabulated once.

import Foundation
import Torch

/// Angles position · base^(−2i/d), i in 0..<d/2, for positions below `length`.
struct RotaryTable {
    /// [length, d/2]
    let cosine: Tensor
    let sine: Tensor
    private let cosines: [Float]
    private let sines: [Float]
    private let half: Int

    init(base: Double, headSize: Int, length: Int) {
        half = headSize / 2
        // float32 throughout, like transformers: parity at long positions depends on the same rounding
        let frequencies = (0..<half).map { Float(1) / powf(Float(base), Float(2 * $0) / Float(headSize)) }
        let angles = (0..<length).flatMap { position in frequencies.map { Float(position) * $0 } }
        cosines = angles.map(cosf)
        sines = angles.map(sinf)
        cosine = Tensor(cosines, shape: [length, half])
        sine = Tensor(sines, shape: [length, half])
    }

    /// The first `count` positions, [count, d/2] each.
    func prefix(_ count: Int) -> (cosine: Tensor, sine: Tensor) {
        (cosine.slice(0..<count), sine.slice(0..<count))
    }

    /// One row per given position.
    func rows(_ positions: [Int64]) -> (cosine: Tensor, sine: Tensor) {
        (cosine.rows(positions), sine.rows(positions))
    }
}
