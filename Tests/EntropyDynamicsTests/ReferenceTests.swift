// Everything against numbers made by tools/reference/entropy_dynamics.py, and against worked examples.

import EntropyDynamics
import Foundation
import Testing

private struct Fixture: Decodable {
    struct Header: Decodable {
        var script: String
        var seed: Int
        var numpy: String
    }
    struct Worked: Decodable {
        var logits: [Double]
        var entropy: Double
        var expectedDiscriminant: Double
        var breakEvenProbability: Double?
        var collision: Double?
        var squaredDiscriminant: Double?
        var discriminants: [Double]
        /// Rows of token, step, exact change, first order, second order.
        var rows: [[Double]]
        var curvatures: [[Double]]?
        var sampler: [Double]?
        var unweightedDeviation: Double?
        var advantages: [Double]?
        var covariance: Double?
    }
    struct Case: Decodable {
        var logits: [Double]
        var token: Int
        var temperature: Double
        var logprob, entropy, discriminant, expectedDiscriminant, varianceDiscriminant: Double
        var collision, squaredDiscriminant, varentropy: Double
        var criticalProbability, breakEvenProbability: Double
        var epsilon, bumpExact: Double
        var alpha, stepExact, stepFirstOrder, bonusExact: Double
        var gradients: [String: [Double]]
    }
    var header: Header
    var bumps: Worked
    var steps: Worked
    var cases: [Case]

    static func load() throws -> Fixture {
        let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("Fixtures/entropy_dynamics.json")
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        return try decoder.decode(Fixture.self, from: Data(contentsOf: file))
    }
}

@Suite struct ReferenceTests {
    @Test func `the fixture says what made it`() throws {
        let header = try Fixture.load().header
        #expect(header.script == "tools/reference/entropy_dynamics.py")
        #expect(header.seed == 20_260_203)
        #expect(!header.numpy.isEmpty)
    }

    @Test func `the worked single-logit example holds to 1e-13`() throws {
        let worked = try Fixture.load().bumps
        let p = try Categorical(logits: worked.logits)
        #expect(isClose(p.entropy, worked.entropy))
        #expect(isClose(p.expectedDiscriminant, worked.expectedDiscriminant))
        #expect(zip(p.discriminants, worked.discriminants).allSatisfy { isClose($0, $1) })
        for row in worked.rows {
            let bump = p.bump(of: Int(row[0]))
            #expect(isClose(bump.exact(row[1]), row[2]))
            #expect(isClose(bump.firstOrder(row[1]), row[3]))
            #expect(isClose(bump.secondOrder(row[1]), row[4]))
        }
    }

    @Test func `the worked policy-gradient example holds to 1e-13`() throws {
        let worked = try Fixture.load().steps
        let p = try Categorical(logits: worked.logits)
        #expect(isClose(p.entropy, worked.entropy))
        #expect(isClose(p.expectedDiscriminant, worked.expectedDiscriminant))
        #expect(isClose(p.breakEvenProbability, try #require(worked.breakEvenProbability)))
        #expect(isClose(p.collision, try #require(worked.collision)))
        #expect(isClose(p.squaredDiscriminant, try #require(worked.squaredDiscriminant)))
        #expect(zip(p.discriminants, worked.discriminants).allSatisfy { isClose($0, $1) })
        for row in worked.rows {
            let step = p.policyGradientStep(on: Int(row[0]))
            #expect(isClose(step.exact(row[1]), row[2]))
            #expect(isClose(step.firstOrder(row[1]), row[3]))
            #expect(isClose(step.secondOrder(row[1]), row[4]))
        }
        for row in try #require(worked.curvatures) {
            #expect(isClose(p.policyGradientStep(on: Int(row[0])).curvature, row[1]))
        }
        let q = try #require(worked.sampler)
        let unweighted = q.indices.reduce(0) { $0 + q[$1] * p.centredDiscriminant(of: $1) }
        #expect(isClose(unweighted, try #require(worked.unweightedDeviation)))
        let change = p.expectedPolicyGradientChange(advantages: try #require(worked.advantages), learningRate: 1)
        #expect(isClose(change, -(try #require(worked.covariance))))
    }

    @Test func `random rows equal the float64 reference`() throws {
        let cases = try Fixture.load().cases
        #expect(cases.count >= 40)
        for (number, made) in cases.enumerated() {
            let p = try Categorical(logits: made.logits, temperature: made.temperature)
            let k = made.token
            var stream = StreamingStatistics(temperature: made.temperature)
            stream.add(contentsOf: made.logits)
            let streamed = try #require(stream.statistics(tokenLogit: made.logits[k]))
            let pairs: [(String, Double, Double)] = [
                ("log p", p.logProbabilities[k], made.logprob), ("log p", streamed.logprob, made.logprob),
                ("H", p.entropy, made.entropy), ("H", streamed.entropy, made.entropy),
                ("S", p.discriminant(of: k), made.discriminant), ("S", streamed.discriminant, made.discriminant),
                ("E[S]", p.expectedDiscriminant, made.expectedDiscriminant),
                ("E[S]", streamed.expectedDiscriminant, made.expectedDiscriminant),
                ("Var[S]", p.varianceDiscriminant, made.varianceDiscriminant),
                ("Var[S]", streamed.varianceDiscriminant, made.varianceDiscriminant),
                ("Σp²", p.collision, made.collision), ("Σp²", streamed.collision, made.collision),
                ("ΣS²", p.squaredDiscriminant, made.squaredDiscriminant),
                ("ΣS²", streamed.squaredDiscriminant, made.squaredDiscriminant),
                ("Var[log p]", p.varentropy, made.varentropy), ("Var[log p]", streamed.varentropy, made.varentropy),
                ("critical", p.criticalProbability, made.criticalProbability),
                ("break-even", p.breakEvenProbability, made.breakEvenProbability),
                ("bump", p.bump(of: k).exact(made.epsilon), made.bumpExact),
                ("step", p.policyGradientStep(on: k).exact(made.alpha), made.stepExact),
                ("step, first order", p.policyGradientStep(on: k).firstOrder(made.alpha), made.stepFirstOrder),
                ("bonus", p.entropyBonusStep().exact(made.alpha), made.bonusExact),
            ]
            for (name, a, b) in pairs {
                #expect(isClose(a, b, absolute: 2e-13, relative: 1e-12), "case \(number): \(name) \(a) against \(b)")
            }
            let rows = [
                "logprob": p.gradientOfLogprob(of: k), "entropy": p.gradientOfEntropy(),
                "discriminant": p.gradientOfDiscriminant(of: k),
                "expected_discriminant": p.gradientOfExpectedDiscriminant(),
                "variance_discriminant": p.gradientOfVarianceDiscriminant(),
            ]
            #expect(Set(rows.keys) == Set(made.gradients.keys))
            for (name, row) in rows {
                let reference = try #require(made.gradients[name])
                for (a, b) in zip(row, reference) {
                    #expect(isClose(a, b, absolute: 1e-13, relative: 1e-11), "case \(number): ∂\(name) \(a), \(b)")
                }
            }
        }
    }
}
