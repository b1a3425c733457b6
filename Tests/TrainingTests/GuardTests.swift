// Guards of a run: numbers that are none are named and cost their update, alarms name tokens, the watchdog its phase.

import Algorithms
import Foundation
import Models
import Runs
import Testing
import Torch
import Trajectories

@testable import Training

@Suite struct GuardTests {
    private let sequences = [
        TrainingSequence(prompt: [1], tokens: [5, 6]), TrainingSequence(prompt: [1, 2], tokens: [7, 8, 9]),
    ]

    @Test func `the first number that is none is named by completion, token and quantity`() {
        var statistics = TokenStatistics(count: 5)
        #expect(NumericalDefect.first(in: statistics, of: sequences) == nil)
        statistics.entropy[3] = .infinity
        let found = NumericalDefect.first(in: statistics, of: sequences)
        #expect(found?.place == .token(sequence: 1, position: 1, id: 8))
        #expect(found?.description == "H of token 1 (id 8) of completion 1 is inf")
        statistics.logprob[4] = .nan
        #expect(NumericalDefect.first(in: statistics, of: sequences)?.description.hasPrefix("log p of token 2") == true)
    }

    @Test func `a gradient that is no number changes nothing and is named by its parameter`() throws {
        try Runtime.prepare(threads: 1)
        let model = try ModelFolder.initialise(
            ModelConfig(
                vocabularySize: 12, hiddenSize: 8, layers: 1, heads: 2, keyValueHeads: 2, intermediateSize: 12,
                contextLength: 16, tiesEmbeddings: true, stopTokens: [0]), seed: 1, deviation: 0.3)
        let before = try withTorchErrors { model.parameters.map(\.tensor.floats) }
        let updater = PolicyUpdater(model: model, temperature: 1, microBatchTokens: 64)
        var optimiser = try withTorchErrors { AdamW(model.parameters.map(\.tensor), options: .init()) }
        func update(_ g1: Float) throws -> UpdateReport {
            try updater.update(sequences, optimiser: &optimiser, learningRate: 1e-3, measures: false) {
                TokenDerivatives(
                    g1: [g1] + [Float](repeating: 0.1, count: $0.count - 1), g2: [Float](repeating: 0, count: $0.count))
            }
        }
        let refused = try update(.nan)
        #expect(refused.defect?.place == .token(sequence: 0, position: 0, id: 5))
        // finite derivatives whose gradient overflows
        let overflowing = try update(3e38)
        guard case .tensor(let name) = overflowing.defect?.place else {
            Issue.record("\(String(describing: overflowing.defect))")
            return
        }
        #expect(model.parameters.contains { $0.name == name })
        #expect(optimiser.stepCount == 0)
        #expect(try withTorchErrors { model.parameters.map(\.tensor.floats) } == before)
        let made = try update(0.1)
        #expect(made.defect == nil && optimiser.stepCount == 1)
    }

    @Test func `a run keeps the batch of every refused update, goes on, and stops after so many in a row`() throws {
        let start = try WarmStart()
        var config = try TinyRun.config(start.yaml("run"), ["guards.most_refused=3"])
        config.algorithm.rules.append(BrokenRule(updates: [1, 2, 4, 5, 6]))
        let run = try TrainingRun(config, resume: false)
        let heard = Heard()
        run.warn = { heard.append($0) }
        let error = #expect(throws: TrainingError.self) { try run.run() }
        #expect(error?.code == .notFinite)
        #expect(error?.message.contains("the last of 3 in a row") == true, "\(error?.message ?? "")")
        #expect(heard.sentences.filter { $0.contains("the derivative by log p of token 0") }.count == 4)
        let metrics = try MetricsLog.read(file: start.scratch("run/metrics.jsonl"))
        #expect(metrics.map { $0["optimiser/refused"]?.number } == [1, 1, 0, 1, 1, 1])
        for update in [1, 6] {
            let batch = try SafetensorsFile(start.scratch("run/refused/update-00000\(update).safetensors"))
            #expect(Set(batch.names).isSuperset(of: ["tokens", "sequence", "group", "logprob", "advantage"]))
        }
        let stopping = try TinyRun.config(start.yaml("stopping"), ["guards.non_finite=stop"])
        var broken = stopping
        broken.algorithm.rules.append(BrokenRule(updates: [2]))
        #expect(throws: TrainingError.self) { try TrainingRun(broken, resume: false).run() }
        #expect(try MetricsLog.read(file: start.scratch("stopping/metrics.jsonl")).count == 2)
    }

    @Test func `predicted changes are summed by token, largest first`() {
        let shares = TokenShares.largest(
            tokens: [4, 5, 4, 6, 7], changes: [1, -5, 1.5, 0, 0.5], count: 2)
        #expect(
            shares == [.init(token: 5, places: 1, change: -1), .init(token: 4, places: 2, change: 0.5)])
    }

    @Test func `the watchdog names phase and step once nothing has moved for its limit`() {
        let sign = Watchdog.Sign(phase: "judging completions", step: 12, since: 100)
        #expect(sign.complaint(now: 159, limit: 60) == nil)
        let text = sign.complaint(now: 160.5, limit: 60)
        #expect(text?.hasPrefix("nothing has moved for 60 s: step 12 is in judging completions") == true)
    }

    @Test func `the watchdog's thread speaks once per sign and ends when told`() async throws {
        let heard = Heard()
        let watchdog = Watchdog(limit: 0.04) { heard.append($0) }
        watchdog.enter("updating", step: 3)
        while heard.count == 0 { try await Task.sleep(for: .milliseconds(5)) }
        try await Task.sleep(for: .milliseconds(200))
        #expect(heard.count == 1)
        watchdog.end()
    }
}

/// Gives the first token a weight that is no number, at some updates, counted from 1.
private struct BrokenRule: TokenRule {
    var updates: Set<Int>
    var name: String { "broken" }
    var reads: Signals { [] }

    func weights(for tokens: TokenTable) -> [Float] {
        var weights = [Float](repeating: 1, count: tokens.count)
        if updates.contains(tokens.update + 1) { weights[0] = .nan }
        return weights
    }
}

private final class Heard: @unchecked Sendable {
    private let lock = NSLock()
    private var heard: [String] = []
    func append(_ sentence: String) { lock.withLock { heard.append(sentence) } }
    var sentences: [String] { lock.withLock { heard } }
    var count: Int { sentences.count }
}
