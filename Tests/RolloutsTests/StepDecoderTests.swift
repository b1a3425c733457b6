// Rollouts in decoding steps of fixed shape, on CPU tensors: with every step operator by operator, and with stand-ins for graphs.

import Models
import Testing
import Torch
import Trajectories

@testable import Rollouts

/// Runs its work when it is replayed, and not before.
private final class LaterWork: StepGraph {
    private let work: () -> Void
    init(_ work: @escaping () -> Void) { self.work = work }
    func replay() { work() }
}

/// What stands in for a graph, neither of which does all that one does: nothing is computed by a capture, or a replay calls the captured
/// operators with the numbers that the host had then.
enum StandIn: CaseIterable, Sendable {
    case later, tape
}

private final class Counts {
    var warmed = 0, captured = 0, replayed = 0, beside = 0
}

@Suite struct StepDecoderTests {
    private func capture(_ counts: Counts, as kind: StandIn = .tape, failing: Bool = false) -> GraphCapture {
        GraphCapture {
            counts.warmed += 1
            $0()
        } capture: { beside, body in
            if failing { throw TorchError(.unsupported, "no graph today", place: "test") }
            counts.captured += 1
            counts.beside += beside == nil ? 0 : 1
            let work: any StepGraph = kind == .tape ? try OperatorTape(body) : LaterWork(body)
            return LaterWork {
                counts.replayed += 1
                work.replay()
            }
        }
    }

    private func engine(_ model: any LanguageModel, slots: Int, _ graphs: GraphCapture?) -> RolloutEngine {
        let engine = RolloutEngine(model: model, seed: 3, slots: slots, usesGraphs: true)
        engine.graphs = graphs
        return engine
    }

    private func expectSame(_ found: [Completion], _ expected: [Completion], within bound: Float) {
        #expect(found.count == expected.count)
        for (a, b) in zip(found, expected) {
            #expect(a.tokens == b.tokens && a.stopReason == b.stopReason)
            for (x, y) in [
                (a.sampledLogprob, b.sampledLogprob), (a.entropy, b.entropy), (a.discriminant, b.discriminant),
                (a.expectedDiscriminant, b.expectedDiscriminant),
            ] { #expect(zip(x, y).allSatisfy { abs($0 - $1) < bound }) }
        }
    }

    /// Slots that are reused, prompts of one token, prefixes of all lengths, sizes 8, 4, 2 and 1.
    @Test(arguments: [nil] + StandIn.allCases, [false, true])
    func `the completions of the fused passes`(standIn: StandIn?, isGreedy: Bool) throws {
        let model = try TinyModel.make(layers: 2)
        let prompts = TinyModel.prompts(9)
        let options = SamplingOptions.tiny(temperature: 0.8, isGreedy: isGreedy)
        let counts = Counts()
        let expected = try RolloutEngine(model: model, seed: 3, slots: 7)
            .complete(prompts, samples: 5, options: options, step: 2).flatMap(\.self)
        let steps = engine(model, slots: 7, standIn.map { capture(counts, as: $0) })
        let found = try withLibraryOperators { try steps.complete(prompts, samples: 5, options: options, step: 2) }
        expectSame(found.flatMap(\.self), expected, within: 1e-4)
        #expect(isGreedy || Set(expected.map(\.tokens.count)).count > 3)
        #expect(steps.graphRefusal == (standIn == nil ? Runtime.graphSupport(on: .cpu) : nil))
        guard standIn != nil else { return }
        #expect(counts.warmed >= counts.captured && counts.captured >= 2 && counts.replayed > 3 * counts.captured)
        #expect(counts.beside == counts.captured - 1)
    }

    @Test func `in bfloat16, the completions of the device's other route but for draws at a border`() throws {
        let model = try TinyModel.make(layers: 2)
        let prompts = TinyModel.prompts(9)
        func completions(_ engine: RolloutEngine) throws -> [Completion] {
            try withPrecision(.bfloat16) {
                try withLibraryOperators { try engine.complete(prompts, samples: 5, options: .tiny(), step: 1) }
            }.flatMap(\.self)
        }
        let cached = try completions(RolloutEngine(model: model, seed: 3, slots: 7))
        let steps = try completions(engine(model, slots: 7, capture(Counts())))
        let same = zip(cached, steps).filter { $0.tokens == $1.tokens }
        // a value that rounds to the other neighbour moves a logit by 2^-9 of its terms: of 45 completions of up to 20 draws one may turn
        #expect(same.count >= cached.count - 1)
        expectSame(same.map(\.1), same.map(\.0), within: 0.05)
    }

    @Test func `a step that cannot be captured runs as it is, and the reason is told`() throws {
        let model = try TinyModel.make()
        let prompts = TinyModel.prompts(4)
        let counts = Counts()
        let refused = engine(model, slots: 4, capture(counts, failing: true))
        let found = try withLibraryOperators { try refused.complete(prompts, samples: 3, options: .tiny(), step: 0) }
        let expected = try RolloutEngine(model: model, seed: 3, slots: 4)
            .complete(prompts, samples: 3, options: .tiny(), step: 0)
        expectSame(found.flatMap(\.self), expected.flatMap(\.self), within: 1e-4)
        #expect(refused.graphRefusal == "no graph today")
        #expect(counts.warmed == 1 && counts.captured == 0)
    }

    @Test func `a written weight shows in the next call`() throws {
        let model = try TinyModel.make(layers: 2)
        let prompts = TinyModel.prompts(3)
        for precision in [ComputePrecision.float32, .bfloat16] {
            try withPrecision(precision) {
                let steps = engine(model, slots: 4, capture(Counts()))
                for _ in 0..<2 {
                    let found = try withLibraryOperators {
                        try steps.complete(prompts, samples: 4, options: .tiny(isGreedy: true), step: 0)
                    }
                    let expected = try withLibraryOperators {
                        try RolloutEngine(model: model, seed: 3, slots: 4)
                            .complete(prompts, samples: 4, options: .tiny(isGreedy: true), step: 0)
                    }
                    expectSame(found.flatMap(\.self), expected.flatMap(\.self), within: 1e-2)
                    try withTorchErrors {
                        withoutGradient { for weight in model.weights { weight.tensor.assign(weight.tensor * 1.3) } }
                    }
                }
            }
        }
    }

    @Test func `the fused passes of the CPU are taken where no device is`() throws {
        let model = try TinyModel.make()
        let counts = Counts()
        let steps = engine(model, slots: 4, capture(counts))
        let found = try steps.complete(TinyModel.prompts(3), samples: 2, options: .tiny(), step: 0)
        let expected = try RolloutEngine(model: model, seed: 3, slots: 4)
            .complete(TinyModel.prompts(3), samples: 2, options: .tiny(), step: 0)
        #expect(found.flatMap(\.self).map(\.tokens) == expected.flatMap(\.self).map(\.tokens))
        #expect(counts.warmed == 0)
    }
}
