// The rollout engine: batched sampling with a key-value cache, prompts kept once per group, slots refilled as completions end.

public import Models
import Torch
public import Trajectories

/// Samples completions from the model being trained; every token carries the policy head's statistics.
///
/// Stays on the thread that made it. A draw depends on (seed, step, prompt, sample, position) and the logits alone.
public final class RolloutEngine {
    private let model: any LanguageModel
    private let seed: UInt64
    private let slots: Int
    /// Whether this call has decoded a step on all threads: packed copies of the weights, which an update makes stale, are
    /// made then, once for all threads.
    private var isWarm = false
    /// How many may decode rows of their own.
    var threads = Runtime.kernelThreads
    /// Bytes that a decoding step reads of one layer.
    private var layerBytes: Int { model.config.layerParameterCount * (Runtime.precision == .bfloat16 ? 2 : 4) }

    public init(model: any LanguageModel, seed: UInt64, slots: Int = 256) {
        self.model = model
        self.seed = seed
        self.slots = slots
    }

    /// Names a prompt's stream of random numbers.
    public struct Prompt: Sendable {
        public var tokens: [Int32]
        /// Distinguishes prompts within a step; the same index draws the same numbers.
        public var index: Int

        public init(tokens: [Int32], index: Int) {
            self.tokens = tokens
            self.index = index
        }
    }

    /// One completion being decoded.
    private struct Running {
        var prompt: Int
        var sample: Int
        var completion = Completion(
            tokens: [], sampledLogprob: [], entropy: [], discriminant: [], expectedDiscriminant: [], stopReason: .length
        )
        var nextToken: Int32
        var position: Int
    }

    /// `samples` completions for each prompt, in order.
    ///
    /// - Parameters:
    ///   - step: part of every draw's coordinates; the training step, or 0.
    ///   - onProgress: called with the number of finished completions.
    /// - Throws: `RolloutError` for an empty prompt or one that leaves no room in the context; `TorchError`.
    public func complete(
        _ prompts: [Prompt], samples: Int, options: SamplingOptions, step: Int,
        onProgress: (Int) -> Void = { _ in }
    ) throws -> [[Completion]] {
        try complete(
            prompts, samples: prompts.map { _ in 0..<samples }, options: options, step: step, onProgress: onProgress)
    }

    /// The given samples of each prompt, in order; the same sample of a prompt draws the same numbers in any call.
    ///
    /// - Parameters and errors: as of `complete(_:samples:options:step:onProgress:)` with a number of samples.
    public func complete(
        _ prompts: [Prompt], samples: [Range<Int>], options: SamplingOptions, step: Int,
        onProgress: (Int) -> Void = { _ in }
    ) throws -> [[Completion]] {
        for prompt in prompts { try check(prompt, options) }
        return try withTorchErrors {
            try withoutGradient { try run(prompts, samples: samples, options: options, step: step, onProgress) }
        }
    }

    private func check(_ prompt: Prompt, _ options: SamplingOptions) throws {
        let context = model.config.contextLength
        if prompt.tokens.isEmpty {
            throw RolloutError(
                .emptyPrompt, "prompt \(prompt.index) has no tokens; a completion needs at least one to continue",
                place: "prompt \(prompt.index)")
        }
        if prompt.tokens.count >= context {
            throw RolloutError(
                .promptTooLong,
                "prompt \(prompt.index) has \(prompt.tokens.count) tokens, the model's context holds \(context); shorten it or drop it",
                place: "prompt \(prompt.index)")
        }
        if let token = prompt.tokens.first(where: { $0 < 0 || $0 >= model.config.vocabularySize }) {
            throw RolloutError(
                .unknownToken,
                "prompt \(prompt.index) has token \(token), the model's vocabulary ends at \(model.config.vocabularySize - 1); "
                    + "tokenizer and model do not belong together", place: "prompt \(prompt.index)")
        }
    }

    private func run(
        _ prompts: [Prompt], samples: [Range<Int>], options: SamplingOptions, step: Int, _ onProgress: (Int) -> Void
    ) throws -> [[Completion]] {
        isWarm = false
        // a slot holds what its prompt's prefix does not: the prompt's last token and all drawn tokens but the last
        let shortest = prompts.map(\.tokens.count).min() ?? 1
        let length = max(1, min(options.maxNewTokens, model.config.contextLength - shortest + 1))
        let width = min(slots, max(1, samples.reduce(0) { $0 + $1.count }))
        let cache = KeyValueCache(config: model.config, slots: width, length: length)
        var schedule = RolloutSchedule(samples: samples, slots: width)
        var prefixes: [Int: KeyValuePrefix] = [:]
        var running = [Running?](repeating: nil, count: width)
        var results = samples.map { [Completion?](repeating: nil, count: $0.count) }
        var finished = 0
        while !schedule.isFinished {
            let admissions = schedule.admit()
            prefill(admissions.filter(\.isFirstOfPrompt).map(\.prompt), of: prompts, into: &prefixes)
            for admission in admissions {
                let tokens = prompts[admission.prompt].tokens
                cache.begin(slot: admission.slot, after: prefixes[admission.prompt])
                running[admission.slot] = Running(
                    prompt: admission.prompt, sample: admission.sample, nextToken: tokens[tokens.count - 1],
                    position: tokens.count - 1)
                if admission.isLastOfPrompt { prefixes[admission.prompt] = nil }
            }
            let active = running.indices.filter { running[$0] != nil }
            for slot in try advance(active, &running, prompts, options, step: step, cache) {
                guard let ended = running[slot] else { continue }
                results[ended.prompt][ended.sample - samples[ended.prompt].lowerBound] = ended.completion
                running[slot] = nil
                schedule.finish(slot: slot)
                finished += 1
            }
            onProgress(finished)
        }
        return results.map { $0.compactMap(\.self) }
    }

    /// Computes the prefixes of the given prompts, all but their last token, in one packed batch.
    private func prefill(_ indices: [Int], of prompts: [Prompt], into prefixes: inout [Int: KeyValuePrefix]) {
        let tokens = indices.map { prompts[$0].tokens.dropLast() }
        let ids = tokens.flatMap { $0.map(Int64.init) }
        guard !ids.isEmpty else { return }
        let keyValues = model.prefill(Tensor(ids), layout: PackedLayout(tokens.map { .init(prompt: $0.count) }))
        var row = 0
        for (index, prefix) in zip(indices, tokens) where !prefix.isEmpty {
            prefixes[index] = KeyValuePrefix(keyValues, rows: row..<(row + prefix.count))
            row += prefix.count
        }
    }

    /// One token for every active slot; returns the slots whose completion ended.
    private func advance(
        _ active: [Int], _ running: inout [Running?], _ prompts: [Prompt], _ options: SamplingOptions, step: Int,
        _ cache: KeyValueCache
    ) throws -> [Int] {
        let states = active.compactMap { running[$0] }
        model.prepare(positions: (states.map(\.position).max() ?? 0) + 1)
        func draw(_ rows: Range<Int>) -> Drawn {
            self.draw(states[rows], slots: active[rows], prompts, options, step: step, cache)
        }
        let shares = RowShares.ranges(
            rows: active.count, threads: isWarm && !Runtime.usesLibraryOperators ? threads : 1,
            layerBytes: layerBytes)
        isWarm = true
        let drawn = try shares.count == 1 ? [draw(shares[0])] : inParts(shares.count) { draw(shares[$0]) }
        var ended: [Int] = []
        for (rows, (tokens, statistics)) in zip(shares, drawn) {
            // a failed operator: the scope reports it
            guard statistics.count == rows.count else { return active }
            for (row, slot) in active[rows].enumerated() {
                let token = Int32(tokens[row])
                running[slot]?.completion.append(token, statistics, row)
                running[slot]?.nextToken = token
                running[slot]?.position += 1
                let isStop = options.stopTokens.contains(token)
                if isStop { running[slot]?.completion.stopReason = .stop }
                let before = states[rows.lowerBound + row]
                let made = before.completion.tokens.count + 1
                let isFull = made >= options.maxNewTokens || before.position + 1 >= model.config.contextLength
                if isStop || isFull { ended.append(slot) }
            }
        }
        return ended
    }

    private typealias Drawn = (tokens: [Int64], statistics: TokenStatistics)

    /// One token for each of some slots, through all layers and the head.
    private func draw(
        _ states: ArraySlice<Running>, slots: ArraySlice<Int>, _ prompts: [Prompt], _ options: SamplingOptions,
        step: Int, _ cache: KeyValueCache
    ) -> Drawn {
        let hidden = model.decode(
            tokens: states.map { Int64($0.nextToken) }, positions: states.map { Int64($0.position) },
            slots: slots.map(Int64.init), cache: cache)
        let counters = states.flatMap { state in
            [
                UInt32(state.completion.tokens.count), UInt32(truncatingIfNeeded: step),
                UInt32(truncatingIfNeeded: prompts[state.prompt].index),
                UInt32(truncatingIfNeeded: state.sample) | RandomPurpose.sampling.rawValue << 24,
            ]
        }
        let (tokens, matrix) = PolicyHeadKernels.sample(
            hidden: hidden, weight: model.headWeight, temperature: options.temperature, greedy: options.isGreedy,
            seed: seed, counters: counters)
        return (tokens, TokenStatistics(matrix))
    }
}

extension Completion {
    fileprivate mutating func append(_ token: Int32, _ statistics: TokenStatistics, _ row: Int) {
        tokens.append(token)
        sampledLogprob.append(statistics.logprob[row])
        entropy.append(statistics.entropy[row])
        discriminant.append(statistics.discriminant[row])
        expectedDiscriminant.append(statistics.expectedDiscriminant[row])
    }
}
