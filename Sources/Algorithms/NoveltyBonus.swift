// Elliptical novelty: among a prompt's correct completions those unlike the others earn more. A reconstruction.

import ConfigCoding

/// b_i = √(φ_iᵀ (Σ_j φ_j φ_jᵀ + λ I)⁻¹ φ_i) over the correct completions j of the prompt, and α (b_i − mean b) is added to
/// the reward of each of them.
///
/// The elliptical bonus of LV-Rep (2212.08765; formula secondary) without its model of dynamics, which for text are
/// known. What is ours: φ is not a learned representation but the completion's counts of token n-grams up to an order,
/// scaled to length 1; Σ is over the group alone; the mean is taken off, so that the reward's mean stays and novelty only
/// ranks correct answers; wrong ones get nothing. Computed in kernel form, b² = [K (K + λ I)⁻¹]_ii with K the cosines, so
/// no feature is hashed away. b lies in 0..<1: with α < 1 and verdicts 0 and 1 every correct answer still beats every
/// wrong one. A group that is all correct gets contrast from novelty alone, and dividing by its standard deviation
/// makes that as strong as any verdict: set `normalise_std: false` where that is not wanted.
public struct NoveltyBonus: RewardShaping, Equatable {
    /// α, in units of reward.
    public var coefficient: Double
    /// λ, against feature vectors of length 1.
    public var ridge: Double
    /// Longest n-gram that is counted.
    public var order: Int

    public init(coefficient: Double, ridge: Double = 1, order: Int = 2) {
        self.coefficient = coefficient
        self.ridge = ridge
        self.order = order
    }

    public var name: String { "novelty_bonus" }

    public func adjustments(for group: [Outcome]) -> [Double] {
        let correct = group.indices.filter { group[$0].isCorrect }
        var result = [Double](repeating: 0, count: group.count)
        guard correct.count > 1 else { return result }
        let novelty = Self.novelty(of: correct.map { group[$0].tokens }, ridge: ridge, order: order)
        let mean = novelty.reduce(0, +) / Double(novelty.count)
        for (place, value) in zip(correct, novelty) { result[place] = coefficient * (value - mean) }
        return result
    }

    /// `novelty_bonus_size`, the mean |adjustment| per completion: the mean itself is 0 in every group.
    public func metrics(for adjustments: [[Double]]) -> [Metric] {
        let all = adjustments.flatMap(\.self)
        return [Metric("\(name)_size", all.reduce(0) { $0 + abs($1) } / Double(max(all.count, 1)))]
    }

    /// b of each completion among the others.
    static func novelty(of completions: [[Int32]], ridge: Double, order: Int) -> [Double] {
        let features = completions.map { counts(of: $0, order: order) }
        let kernel = features.map { left in features.map { cosine(left, $0) } }
        // K = L Lᵀ − λ I, so that K (K + λ I)⁻¹ = I − λ (K + λ I)⁻¹, and its diagonal needs only the inverse's
        let diagonal = inverseDiagonal(kernel, ridge: ridge)
        let novelty = diagonal.map { max(0, 1 - ridge * $0).squareRoot() }
        // equal completions are equally novel to the last bit: rounding must not give a group contrast
        return completions.map { own in novelty[completions.firstIndex(of: own) ?? 0] }
    }

    private static func counts(of tokens: [Int32], order: Int) -> [[Int32]: Double] {
        var counts: [[Int32]: Double] = [:]
        for length in 1...order where tokens.count >= length {
            for start in 0...(tokens.count - length) {
                counts[Array(tokens[start..<(start + length)]), default: 0] += 1
            }
        }
        return counts
    }

    private static func cosine(_ a: [[Int32]: Double], _ b: [[Int32]: Double]) -> Double {
        func square(_ v: [[Int32]: Double]) -> Double { v.values.reduce(0) { $0 + $1 * $1 } }
        // counts are whole numbers, so these sums are exact in any order
        let product = a.reduce(0.0) { $0 + $1.value * (b[$1.key] ?? 0) }
        let scale = (square(a) * square(b)).squareRoot()
        return scale > 0 ? product / scale : 0
    }

    /// The diagonal of (K + λ I)⁻¹ by a Cholesky factorisation, L Lᵀ; each entry is Σ_row (L⁻¹)².
    private static func inverseDiagonal(_ kernel: [[Double]], ridge: Double) -> [Double] {
        let n = kernel.count
        var lower = [[Double]](repeating: [Double](repeating: 0, count: n), count: n)
        for row in 0..<n {
            for column in 0...row {
                let sum = (0..<column).reduce(kernel[row][column] + (row == column ? ridge : 0)) {
                    $0 - lower[row][$1] * lower[column][$1]
                }
                lower[row][column] =
                    row == column ? max(sum, .leastNormalMagnitude).squareRoot() : sum / lower[column][column]
            }
        }
        return (0..<n).map { place in
            var solution = [Double](repeating: 0, count: n)
            for row in place..<n {
                let right = row == place ? 1.0 : 0
                solution[row] = (place..<row).reduce(right) { $0 - lower[row][$1] * solution[$1] } / lower[row][row]
            }
            return solution.reduce(0) { $0 + $1 * $1 }
        }
    }

    /// Reads `novelty_bonus` (0: none), `novelty_ridge` (1) and `novelty_order` (2).
    static func reading(_ section: ConfigSection) throws -> NoveltyBonus? {
        let coefficient = try section.value("novelty_bonus", default: 0, in: 0.0...100)
        let ridge = try section.optional("novelty_ridge", as: Double.self, in: 1e-6...1e6)
        let order = try section.optional("novelty_order", as: Int.self, in: 1...16)
        guard coefficient > 0 else {
            for key in ["novelty_ridge", "novelty_order"] where section.has(key) {
                throw section.fault(.unknownKey, key, "has no effect where novelty_bonus is 0; remove it")
            }
            return nil
        }
        return NoveltyBonus(coefficient: coefficient, ridge: ridge ?? 1, order: order ?? 2)
    }
}
