// Cosines and sines of the rotary position embedding (2104.09864), tabulated as far as positions were asked for.

import Foundation
import Torch

/// Angles position · θ_i, with θ_i = base^(−2i/d), scaled or not, i in 0..<d/2, for positions below `length`.
struct RotaryTable {
    /// [length, d/2]
    private(set) var cosine: Tensor
    private(set) var sine: Tensor
    private let frequencies: [Float]
    private let contextLength: Int

    init(base: Double, scaling: RotaryScaling = .none, headSize: Int, contextLength: Int) {
        // float32 throughout, like transformers: parity at long positions depends on the same rounding
        frequencies = (0..<(headSize / 2)).map {
            scaling.applied(to: Float(1) / powf(Float(base), Float(2 * $0) / Float(headSize)))
        }
        self.contextLength = contextLength
        (cosine, sine) = Self.table(frequencies, length: min(contextLength, 1024))
    }

    private static func table(_ frequencies: [Float], length: Int) -> (Tensor, Tensor) {
        let angles = (0..<length).flatMap { position in frequencies.map { Float(position) * $0 } }
        let shape = [length, frequencies.count]
        return (Tensor(angles.map(cosf), shape: shape), Tensor(angles.map(sinf), shape: shape))
    }

    /// Positions that the table holds.
    var length: Int { cosine.extent(0) }

    /// Makes the table hold positions below `needed`. It grows by doubling: a context of 128 K positions is not tabulated
    /// for prompts of 100.
    mutating func grow(to needed: Int) {
        guard needed > length else { return }
        (cosine, sine) = Self.table(frequencies, length: max(needed, min(2 * length, contextLength)))
    }

    /// One row [d/2] per given position, all of which the table must hold.
    func rows(_ positions: [Int64]) -> RotaryAngles {
        rows(Tensor(positions, device: cosine.device))
    }

    /// One row per position of int64 [N] on the table's device.
    func rows(_ positions: Tensor) -> RotaryAngles {
        RotaryAngles(cosine: cosine.rows(positions), sine: sine.rows(positions))
    }
}

/// Cosines and sines [N, d/2] of the rows of a forward pass.
struct RotaryAngles {
    let cosine, sine: Tensor
}
