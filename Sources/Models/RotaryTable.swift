// Cosines and sines of the rotary position embedding (2104.09864), tabulated once.

import Foundation
import Torch

/// Angles position · base^(−2i/d), i in 0..<d/2, for positions below `length`.
struct RotaryTable {
    /// [length, d/2]
    let cosine: Tensor
    let sine: Tensor

    init(base: Double, headSize: Int, length: Int) {
        let half = headSize / 2
        // float32 throughout, like transformers: parity at long positions depends on the same rounding
        let frequencies = (0..<half).map { Float(1) / powf(Float(base), Float(2 * $0) / Float(headSize)) }
        let angles = (0..<length).flatMap { position in frequencies.map { Float(position) * $0 } }
        cosine = Tensor(angles.map(cosf), shape: [length, half])
        sine = Tensor(angles.map(sinf), shape: [length, half])
    }

    /// One row [d/2] per given position.
    func rows(_ positions: [Int64]) -> (cosine: Tensor, sine: Tensor) {
        (cosine.rows(positions), sine.rows(positions))
    }
}
