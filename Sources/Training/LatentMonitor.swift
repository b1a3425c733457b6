// Latent dynamics as a monitor: projects the hidden states of an update's completions and measures how their modes decay.

import Analysis
import Models
import Torch
import Trajectories

/// Watches the forward passes of updates; it changes nothing.
///
/// Features are `dimensions` fixed random projections of the last hidden states that tokens are predicted from, entries
/// N(0, 1/D) from the run's seed; see `LatentDynamics` for what is a reconstruction.
struct LatentMonitor {
    private let projection: Tensor
    private let dimensions: Int

    init(dimensions: Int, hiddenSize: Int, seed: UInt64) throws {
        self.dimensions = dimensions
        var random = RandomSource(seed: seed, purpose: .projection)
        let scale = 1 / Double(hiddenSize).squareRoot()
        let values = (0..<(hiddenSize * dimensions)).map { _ in Float(random.normalPair().0 * scale) }
        projection = try withTorchErrors { Tensor(values, shape: [hiddenSize, dimensions]) }
    }

    /// The dynamics of each sequence of a forward pass that is long enough, by sequence index.
    ///
    /// - Parameters:
    ///   - hidden: of the tokens of some sequences, one after another, [n, D].
    ///   - lengths: tokens of every sequence of the mini-batch.
    func dynamics(_ hidden: Tensor, of sequences: [Int], lengths: [Int]) -> [Int: LatentDynamics] {
        let features = withoutGradient { hidden.matmul(projection).floats.map(Double.init) }
        var result: [Int: LatentDynamics] = [:]
        var row = 0
        for sequence in sequences {
            let rows = row..<(row + lengths[sequence])
            row = rows.upperBound
            // after a failed operator there are no features, and its scope reports it
            guard rows.upperBound * dimensions <= features.count else { break }
            result[sequence] = LatentDynamics(
                rows.map { Array(features[$0 * dimensions..<($0 + 1) * dimensions]) })
        }
        return result
    }
}

extension MetricsLine {
    /// Means over the completions whose dynamics are known, all and by the sign of their advantage.
    mutating func add(latent dynamics: [Int: LatentDynamics], advantages: [Double]) {
        func mean(_ value: (LatentDynamics) -> Double, where chosen: (Double) -> Bool) -> Double {
            let values = dynamics.filter { chosen(advantages[$0.key]) }.sorted { $0.key < $1.key }.map {
                value($0.value)
            }
            return values.isEmpty ? .nan : values.reduce(0, +) / Double(values.count)
        }
        add("latent/dispersion", mean(\.dispersion) { _ in true })
        add("latent/dispersion_positive", mean(\.dispersion) { $0 > 0 })
        add("latent/dispersion_negative", mean(\.dispersion) { $0 < 0 })
        add("latent/radius", mean(\.radius) { _ in true })
        add("latent/known_share", Double(dynamics.count) / Double(max(1, advantages.count)))
    }
}
