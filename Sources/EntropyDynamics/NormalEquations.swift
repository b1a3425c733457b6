// The normal equations of a least-squares step in three coefficients.

/// JᵀJ and Jᵀr, gathered point by point.
struct NormalEquations: Sendable {
    /// JᵀJ, symmetric.
    var rows = [SIMD3<Double>](repeating: .zero, count: 3)
    /// Jᵀr.
    var slope = SIMD3<Double>.zero

    /// Takes in the gradient of one prediction and its residual.
    mutating func add(_ gradient: SIMD3<Double>, residual: Double) {
        for index in 0..<3 { rows[index] += gradient[index] * gradient }
        slope += residual * gradient
    }

    /// The step of Levenberg and Marquardt, the diagonal enlarged by a factor 1 + damping; nil if there is none.
    func step(damping: Double) -> SIMD3<Double>? {
        var damped = self
        for index in 0..<3 { damped.rows[index][index] *= 1 + damping }
        return damped.solved(slope)
    }

    /// The diagonal of (JᵀJ)⁻¹; infinite where the points do not determine a coefficient.
    var inverseDiagonal: SIMD3<Double> {
        var diagonal = SIMD3<Double>(repeating: .infinity)
        for index in 0..<3 {
            var unit = SIMD3<Double>.zero
            unit[index] = 1
            if let column = solved(unit), column[index] > 0 { diagonal[index] = column[index] }
        }
        return diagonal
    }

    /// By elimination after scaling to a unit diagonal; nil if singular to rounding.
    private func solved(_ right: SIMD3<Double>) -> SIMD3<Double>? {
        var scale = SIMD3<Double>.zero
        for index in 0..<3 {
            guard rows[index][index] > 0, rows[index][index] < .infinity else { return nil }
            scale[index] = 1 / rows[index][index].squareRoot()
        }
        var matrix = (0..<3).map { rows[$0] * scale * scale[$0] }
        var value = right * scale
        for pivot in 0..<3 {
            guard matrix[pivot][pivot] > 1e-15 else { return nil }
            for row in 0..<3 where row > pivot {
                let factor = matrix[row][pivot] / matrix[pivot][pivot]
                matrix[row] -= factor * matrix[pivot]
                value[row] -= factor * value[pivot]
            }
        }
        for pivot in [2, 1, 0] {
            value[pivot] /= matrix[pivot][pivot]
            for row in 0..<pivot { value[row] -= matrix[row][pivot] * value[pivot] }
        }
        return value * scale
    }
}
