// Dispersion of latent dynamics: how differently the modes of a completion's hidden states decay. A reconstruction, for watching.

/// The linear map that carries a trajectory's features one token on, and its spectrum.
///
/// K = argmin Σ_t ‖φ_{t+1} − K φ_t‖² + λ ‖K‖² and the dispersion Var |λ_i(K)| of its eigenvalues' moduli: the dynamic spectral
/// dispersion of ReLaX (2512.07558; definition secondary, code not published). There φ is a dictionary learned on the initial
/// policy, and the dispersion is a term of the loss; here φ are fixed random projections of the last hidden states, and it is
/// only watched, since a gradient through eigenvalues is ill-conditioned where two meet. Void for trajectories of
/// about as many tokens as features, which every map fits; those are left out.
public struct LatentDynamics: Sendable, Equatable {
    /// Moduli of the eigenvalues of K, descending, [m].
    public var moduli: [Double]

    /// Steps a trajectory must have, per feature.
    public static let stepsPerFeature = 2

    /// - Parameters:
    ///   - trajectory: features of successive tokens, [T][m]; scaled as a whole, so that λ has one meaning.
    ///   - ridge: λ, against features of mean square 1.
    /// - Returns: nil for a trajectory that is too short, without extent, or not finite.
    public init?(_ trajectory: [[Double]], ridge: Double = 1e-3) {
        let width = trajectory.first?.count ?? 0
        guard width > 0, trajectory.count > Self.stepsPerFeature * width else { return nil }
        let mean = trajectory.joined().reduce(0) { $0 + $1 * $1 } / Double(trajectory.count * width)
        guard mean.isFinite, mean > 0 else { return nil }
        let steps = Double(trajectory.count - 1)
        var gram = [[Double]](repeating: [Double](repeating: 0, count: width), count: width)
        var cross = gram
        for (now, next) in zip(trajectory, trajectory.dropFirst()) {
            for row in 0..<width {
                for column in 0..<width {
                    gram[row][column] += now[row] * now[column] / (mean * steps)
                    cross[row][column] += next[row] * now[column] / (mean * steps)
                }
            }
        }
        for index in 0..<width { gram[index][index] += ridge }
        guard let map = Self.solve(gram, cross), let spectrum = Eigenvalues.of(map) else { return nil }
        moduli = spectrum.map(\.modulus).sorted(by: >)
    }

    /// Var |λ|, over the m eigenvalues.
    public var dispersion: Double {
        let mean = moduli.reduce(0, +) / Double(moduli.count)
        return moduli.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(moduli.count)
    }

    /// The largest modulus: above 1 the features grow along the completion.
    public var radius: Double { moduli.first ?? .nan }

    /// K with K G = C, G symmetric and positive definite, by elimination with pivots; nil if G is singular.
    private static func solve(_ gram: [[Double]], _ cross: [[Double]]) -> [[Double]]? {
        let n = gram.count
        // G Kᵀ = Cᵀ
        var rows = (0..<n).map { row in gram[row] + (0..<n).map { cross[$0][row] } }
        for column in 0..<n {
            let pivot = (column..<n).max { abs(rows[$0][column]) < abs(rows[$1][column]) } ?? column
            guard abs(rows[pivot][column]) > 0 else { return nil }
            rows.swapAt(column, pivot)
            for row in 0..<n where row != column {
                let factor = rows[row][column] / rows[column][column]
                guard factor != 0 else { continue }
                for place in column..<(2 * n) { rows[row][place] -= factor * rows[column][place] }
            }
        }
        return (0..<n).map { row in (0..<n).map { rows[$0][n + row] / rows[$0][$0] } }
    }
}
