// AdamW against its definition in Double: updates, clipping, exemption from decay, and the projection of the real step.

import Foundation
import Testing
import Torch
import Trajectories

@Suite struct AdamWTests {
    /// 1711.05101, algorithm 2, in Double.
    struct Reference {
        var options: AdamW.Options
        var parameters: [[Double]]
        let decays: [Bool]
        var m: [[Double]]
        var v: [[Double]]
        var step = 0

        init(_ parameters: [[Double]], decays: [Bool], options: AdamW.Options) {
            self.options = options
            self.parameters = parameters
            self.decays = decays
            m = parameters.map { $0.map { _ in 0 } }
            v = m
        }

        mutating func step(_ gradients: [[Double]], rate: Double) -> Double {
            step += 1
            let norm = gradients.joined().reduce(0) { $0 + $1 * $1 }.squareRoot()
            let scale = min(1, options.maxGradientNorm / norm)
            for index in parameters.indices {
                for i in parameters[index].indices {
                    let g = gradients[index][i] * scale
                    m[index][i] = options.beta1 * m[index][i] + (1 - options.beta1) * g
                    v[index][i] = options.beta2 * v[index][i] + (1 - options.beta2) * g * g
                    let mean = m[index][i] / (1 - pow(options.beta1, Double(step)))
                    let square = v[index][i] / (1 - pow(options.beta2, Double(step)))
                    let decay = decays[index] ? options.weightDecay * parameters[index][i] : 0
                    parameters[index][i] -= rate * (mean / (square.squareRoot() + options.epsilon) + decay)
                }
            }
            return norm
        }
    }

    let shapes = [[5, 7], [33], [1], [3, 17, 2], [20_000]]

    @Test(arguments: [(0.0, Double.infinity), (0.1, 1), (0.01, 1e9)])
    func `fifty random steps follow the definition`(decay: Double, norm: Double) throws {
        var random = RandomSource(40)
        let options = AdamW.Options(weightDecay: decay, maxGradientNorm: norm)
        let start = shapes.map { random.normals($0.reduce(1, *)) }
        var reference = Reference(
            start.map { $0.map(Double.init) }, decays: shapes.map { $0.count > 1 }, options: options)
        try withTorchErrors {
            let parameters = zip(start, shapes).map { Tensor($0, shape: $1) }
            var optimiser = AdamW(parameters, options: options)
            var worst = 0.0
            for step in 1...50 {
                let rate = 1e-2 / Double(step)
                // a large step now and then, so that clipping sets in
                let gradients = shapes.map { random.normals($0.reduce(1, *), deviation: step % 5 == 0 ? 30 : 1e-3) }
                let result = optimiser.step(
                    gradients: zip(gradients, shapes).map { Tensor($0, shape: $1) }, learningRate: rate)
                let expected = reference.step(gradients.map { $0.map(Double.init) }, rate: rate)
                #expect(abs(result.gradientNorm - expected) < 1e-6 * expected)
                #expect(result.projection == nil)
                #expect(optimiser.stepCount == step)
                for (tensor, exact) in zip(parameters, reference.parameters) {
                    worst = zip(tensor.floats, exact).reduce(worst) { max($0, abs(Double($1.0) - $1.1)) }
                }
            }
            #expect(worst < 5e-6)
            for (tensor, exact) in zip(optimiser.secondMoments, reference.v) {
                #expect(zip(tensor.floats, exact).allSatisfy { abs(Double($0) - $1) <= 2e-6 * $1 + 1e-30 })
            }
            print("AdamW: largest difference after 50 steps \(worst) (decay \(decay), norm \(norm))")
        }
    }

    @Test func `the projection is direction times what the parameters really moved`() throws {
        var random = RandomSource(41)
        try withTorchErrors {
            let parameters = shapes.map { Tensor(random.normals($0.reduce(1, *)), shape: $0) }
            var optimiser = AdamW(parameters, options: .init(weightDecay: 0.1))
            for _ in 0..<5 {
                let before = parameters.map(\.floats)
                let directions = shapes.map { random.normals($0.reduce(1, *)) }
                let gradients = shapes.map { Tensor(random.normals($0.reduce(1, *)), shape: $0) }
                let result = optimiser.step(
                    gradients: gradients, learningRate: 1e-3,
                    direction: zip(directions, shapes).map { Tensor($0, shape: $1) })
                var (expected, size) = (0.0, 0.0)
                for (index, tensor) in parameters.enumerated() {
                    for (i, after) in tensor.floats.enumerated() {
                        let term = Double(directions[index][i]) * (Double(after) - Double(before[index][i]))
                        expected += term
                        size += abs(term)
                    }
                }
                let projection = try #require(result.projection)
                #expect(abs(projection - expected) < 1e-9 * size)
            }
        }
    }

    @Test(arguments: [Float.nan, .infinity, -.infinity])
    func `a gradient that is not finite changes nothing`(poison: Float) throws {
        try withTorchErrors {
            let parameters = [Tensor([1, 2, 3] as [Float]), Tensor([4, 5, 6, 7] as [Float], shape: [2, 2])]
            var optimiser = AdamW(parameters, options: .init(weightDecay: 0.5))
            let fine = [Tensor([1, 1, 1] as [Float]), Tensor([1, 1, 1, 1] as [Float], shape: [2, 2])]
            _ = optimiser.step(gradients: fine, learningRate: 0.1)
            let tensors = parameters + optimiser.firstMoments + optimiser.secondMoments
            let before = tensors.map(\.floats)
            let spoiled = [fine[0], Tensor([1, poison, 1, 1] as [Float], shape: [2, 2])]
            let result = optimiser.step(gradients: spoiled, learningRate: 0.1, direction: fine)
            #expect(!result.gradientNorm.isFinite)
            #expect(result.projection == nil)
            #expect(optimiser.stepCount == 1)
            #expect(tensors.map(\.floats) == before)
        }
    }

    @Test func `the global norm is that of all tensors together`() throws {
        try withTorchErrors {
            let parameters = [Tensor([0, 0] as [Float]), Tensor([0, 0] as [Float], shape: [2, 1])]
            var optimiser = AdamW(parameters, options: .init(maxGradientNorm: .infinity))
            let result = optimiser.step(
                gradients: [Tensor([3, 0] as [Float]), Tensor([0, 4] as [Float], shape: [2, 1])], learningRate: 0)
            #expect(result.gradientNorm == 5)
            #expect(parameters.allSatisfy { $0.floats == [0, 0] })
        }
    }

    @Test func `a clipped gradient moves as its direction at the allowed norm`() throws {
        try withTorchErrors {
            func moments(_ gradient: [Float], norm: Double) -> [Float] {
                var optimiser = AdamW([Tensor([0, 0] as [Float])], options: .init(maxGradientNorm: norm))
                _ = optimiser.step(gradients: [Tensor(gradient)], learningRate: 0.1)
                return optimiser.firstMoments[0].floats
            }
            #expect(moments([30, 40], norm: 5) == moments([3, 4], norm: .infinity))
            #expect(moments([3, 4], norm: 5) == moments([3, 4], norm: .infinity))
        }
    }

    @Test func `a quadratic is minimised`() throws {
        var random = RandomSource(42)
        let target = random.normals(64)
        try withTorchErrors {
            let point = Tensor.zeros([64])
            let goal = Tensor(target)
            var optimiser = AdamW([point], options: .init(maxGradientNorm: .infinity))
            for step in 0..<600 {
                let rate = 0.05 * (1 - Double(step) / 600)
                _ = optimiser.step(gradients: [(point - goal) * 2], learningRate: rate)
            }
            #expect(zip(point.floats, target).allSatisfy { abs($0 - $1) < 1e-3 })
        }
    }

    @Test func `parts that do not belong together are refused before anything is written`() throws {
        let parameters = try withTorchErrors { [Tensor([1, 2] as [Float]), Tensor([3, 4, 5] as [Float])] }
        let error = #expect(throws: TorchError.self) {
            try withTorchErrors {
                var optimiser = AdamW(parameters, options: .init())
                _ = optimiser.step(
                    gradients: [Tensor([1, 1] as [Float]), Tensor([1, 1] as [Float])], learningRate: 0.1)
            }
        }
        #expect(error?.message == "AdamW: parameter 1 and its state differ in size")
        #expect(try withTorchErrors { parameters.map(\.floats) } == [[1, 2], [3, 4, 5]])
    }
}
