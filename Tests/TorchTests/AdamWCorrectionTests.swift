// The corrected step against its definition in Double: geometry, correction, what it leaves alone.

import Foundation
import Testing
import Torch
import Trajectories

@Suite struct AdamWCorrectionTests {
    let shapes = [[5, 7], [33], [1], [3, 17, 2], [20_000]]

    /// Runs `steps` random steps on tensors and in Double, the last of them with a direction.
    private struct Case {
        var parameters: [Tensor]
        var optimiser: AdamW
        var reference: AdamWTests.Reference
        var direction: [[Float]]
        var last: [[Float]]

        init(_ shapes: [[Int]], seed: Int, steps: Int, options: AdamW.Options) {
            var random = RandomSource(seed)
            func normals() -> [[Float]] { shapes.map { random.normals($0.reduce(1, *)) } }
            let start = normals()
            parameters = zip(start, shapes).map { Tensor($0, shape: $1) }
            optimiser = AdamW(parameters, options: options)
            reference = AdamWTests.Reference(
                start.map { $0.map(Double.init) }, decays: shapes.map { $0.count > 1 }, options: options)
            for _ in 1..<steps {
                let gradients = normals()
                _ = optimiser.step(gradients: zip(gradients, shapes).map { Tensor($0, shape: $1) }, learningRate: 1e-2)
                _ = reference.step(gradients.map { $0.map(Double.init) }, rate: 1e-2)
            }
            direction = normals()
            last = normals()
        }

        /// 1 / P of every element, after the reference's last step.
        var metric: [[Double]] {
            let correction = 1 - pow(reference.options.beta2, Double(reference.step))
            return reference.v.map { $0.map { ($0 / correction).squareRoot() + reference.options.epsilon } }
        }
    }

    @Test(arguments: [(0.0, Double.infinity), (0.1, 1), (0.1, 1e9)])
    func `geometry and corrected parameters are those of the definition`(decay: Double, norm: Double) throws {
        for (seed, steps) in [(1, 1), (2, 2), (3, 20)] {
            try withTorchErrors {
                let options = AdamW.Options(weightDecay: decay, maxGradientNorm: norm)
                var given = Case(shapes, seed: seed, steps: steps, options: options)
                let before = given.reference.parameters
                var geometry: StepGeometry?
                var factor = 0.0
                let wanted = 0.37
                let result = given.optimiser.step(
                    gradients: zip(given.last, shapes).map { Tensor($0, shape: $1) }, learningRate: 1e-2,
                    direction: zip(given.direction, shapes).map { Tensor($0, shape: $1) }
                ) { found in
                    geometry = found
                    factor = (wanted - found.projection) / found.directionSquare
                    return factor
                }
                _ = given.reference.step(given.last.map { $0.map(Double.init) }, rate: 1e-2)
                var (projection, square, length, size) = (0.0, 0.0, 0.0, 0.0)
                for (index, metric) in given.metric.enumerated() {
                    for i in metric.indices {
                        let step = given.reference.parameters[index][i] - before[index][i]
                        let d = Double(given.direction[index][i])
                        projection += step * d
                        size += abs(step * d)
                        square += d * d / metric[i]
                        length += step * step * metric[i]
                    }
                }
                let found = try #require(geometry)
                // float32 parameters round what they move by
                #expect(abs(found.projection - projection) < 1e-5 * size)
                #expect(abs(found.directionSquare - square) < 1e-5 * square)
                #expect(abs(found.stepSquare - length) < 1e-4 * length)
                #expect(result.geometry == found)
                #expect(abs(try #require(result.projection) - wanted) < 2e-5 * size, "the wanted change is met")
                let metric = given.metric
                for (index, tensor) in given.parameters.enumerated() {
                    for (i, value) in tensor.floats.enumerated() {
                        let delta = factor * Double(given.direction[index][i]) / metric[index][i]
                        let expected = given.reference.parameters[index][i] + delta
                        #expect(abs(Double(value) - expected) < 3e-6 * (1 + abs(expected)) + 1e-4 * abs(delta))
                    }
                }
            }
        }
    }

    @Test func `the moments never see a correction, and a factor of 0 or nan corrects nothing`() throws {
        try withTorchErrors {
            func run(_ factor: Double?) -> (parameters: [[Float]], moments: [[Float]]) {
                var given = Case(shapes, seed: 4, steps: 5, options: .init(weightDecay: 0.1))
                let gradients = zip(given.last, shapes).map { Tensor($0, shape: $1) }
                let direction = zip(given.direction, shapes).map { Tensor($0, shape: $1) }
                _ = given.optimiser.step(
                    gradients: gradients, learningRate: 1e-2, direction: direction,
                    correction: factor.map { factor in { _ in factor } })
                return (
                    given.parameters.map(\.floats),
                    (given.optimiser.firstMoments + given.optimiser.secondMoments).map(\.floats)
                )
            }
            let plain = run(nil)
            #expect(run(0) == plain && run(.nan) == plain && run(.infinity) == plain)
            let corrected = run(1e-3)
            #expect(corrected.moments == plain.moments && corrected.parameters != plain.parameters)
        }
    }

    @Test func `a refused step is not corrected, and neither is one without a direction`() throws {
        try withTorchErrors {
            var given = Case([[3]], seed: 5, steps: 2, options: .init())
            let before = given.parameters[0].floats
            var asked = 0
            let spoiled = [Tensor([1, .nan, 1] as [Float])]
            let fine = [Tensor([1, 1, 1] as [Float])]
            _ = given.optimiser.step(gradients: spoiled, learningRate: 0.1, direction: fine) { _ in
                asked += 1
                return 1
            }
            #expect(given.parameters[0].floats == before)
            _ = given.optimiser.step(gradients: fine, learningRate: 0.1) { _ in
                asked += 1
                return 1
            }
            #expect(asked == 0)
        }
    }

    @Test func `inner products are in the metric of the step to come, and writing nothing`() throws {
        try withTorchErrors {
            for steps in [1, 2, 9] {
                var given = Case(shapes, seed: 6, steps: steps, options: .init(maxGradientNorm: 3))
                let tensors = given.parameters + given.optimiser.firstMoments + given.optimiser.secondMoments
                let before = tensors.map(\.floats)
                let gradients = zip(given.last, shapes).map { Tensor($0, shape: $1) }
                let scale = given.optimiser.gradientScale(gradients)
                let found = given.optimiser.preconditionedDot(
                    zip(given.direction, shapes).map { Tensor($0, shape: $1) }, gradients, gradients: gradients,
                    scale: scale)
                #expect(tensors.map(\.floats) == before && given.optimiser.stepCount == steps - 1)
                let norm = given.reference.step(given.last.map { $0.map(Double.init) }, rate: 0)
                #expect(abs(scale - 3 / norm) < 1e-6)
                var (expected, size) = (0.0, 0.0)
                for (index, metric) in given.metric.enumerated() {
                    for i in metric.indices {
                        let term = Double(given.direction[index][i]) * Double(given.last[index][i]) / metric[i]
                        expected += term
                        size += abs(term)
                    }
                }
                #expect(abs(found - expected) < 1e-5 * size)
            }
        }
    }
}
