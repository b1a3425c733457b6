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
    /// How many may decode completions of their own.
    var threads = Runtime.kernelThreads

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

    /// Where a completion being decoded stands.
    private struct Cursor {
        var prompt: Int
        var sample: Int
        /// Tokens drawn so far.
        var drawn = 0
        var nextToken: Int32
        var position: Int
    }

    /// One completion being decoded.
    private struct Running {
        var cursor: Cursor
        var completion = Completion(
            tokens: [], sampledLogprob: [], entropy: [], discriminant: [], expectedDiscriminant: [], stopReason: .length
        )
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
        let total = samples.reduce(0) { $0 + $1.count }
        return try withTorchErrors {
            try withoutGradient {
                let parts = ThreadShares.decoding(model.config, rows: min(total, slots), threads: threads)
                let call = Call(
                    prompts: prompts, options: options, step: step, slots: max(1, min(slots, total) / parts))
                guard parts > 1 else { return run(call, samples, onProgress) }
                // parts only read what this makes
                let longest = prompts.map(\.tokens.count).max() ?? 0
                model.prepare(positions: min(model.config.contextLength, longest + options.maxNewTokens))
                let finished = PartProgress(parts: parts)
                var reported = 0
                let results = try inParts(parts) { part in
                    let share = ThreadShares.ranges(total, parts: parts)[part]
                    return run(call, samples.overlapping(share)) { count in
                        let sum = finished.report(count, from: part)
                        // the first part runs on the caller's thread
                        guard part == 0 else { return }
                        reported = sum
                        onProgress(sum)
                    }
                }
                if reported < total { onProgress(total) }
                return prompts.indices.map { prompt in results.flatMap { $0[prompt] } }
            }
        }
    }

    /// What one call asks for, and the slots of each thread that decodes for it.
    private struct Call {
        var prompts: [Prompt]
        var options: SamplingOptions
        var step: Int
        var slots: Int
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

    /// Completions of the given samples on the calling thread; operators may use all of them.
    private func run(_ call: Call, _ samples: [Range<Int>], _ onProgress: (Int) -> Void) -> [[Completion]] {
        let prompts = call.prompts
        // a slot holds what its prompt's prefix does not: the prompt's last token and all drawn tokens but the last
        let shortest = prompts.map(\.tokens.count).min() ?? 1
        let length = max(1, min(call.options.maxNewTokens, model.config.contextLength - shortest + 1))
        let width = min(call.slots, max(1, samples.reduce(0) { $0 + $1.count }))
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
                    cursor: Cursor(
                        prompt: admission.prompt, sample: admission.sample, nextToken: tokens[tokens.count - 1],
                        position: tokens.count - 1))
                if admission.isLastOfPrompt { prefixes[admission.prompt] = nil }
            }
            let active = running.indices.filter { running[$0] != nil }
            for slot in advance(active, &running, call, cache) {
                guard let ended = running[slot] else { continue }
                let (prompt, sample) = (ended.cursor.prompt, ended.cursor.sample)
                results[prompt][sample - samples[prompt].lowerBound] = ended.completion
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
        _ active: [Int], _ running: inout [Running?], _ call: Call, _ cache: KeyValueCache
    ) -> [Int] {
        let cursors = active.compactMap { running[$0]?.cursor }
        let (tokens, statistics) = draw(cursors, slots: active, call, cache)
        // a failed operator: the scope reports it
        guard statistics.count == active.count else { return active }
        var ended: [Int] = []
        for (row, slot) in active.enumerated() {
            let token = Int32(tokens[row])
            running[slot]?.completion.append(token, statistics, row)
            var cursor = cursors[row]
            cursor.nextToken = token
            cursor.position += 1
            cursor.drawn += 1
            running[slot]?.cursor = cursor
            let isStop = call.options.stopTokens.contains(token)
            if isStop { running[slot]?.completion.stopReason = .stop }
            let isFull = cursor.drawn >= call.options.maxNewTokens || cursor.position >= model.config.contextLength
            if isStop || isFull { ended.append(slot) }
        }
        return ended
    }

    /// One token for each of some slots, through all layers and the head.
    private func draw(
        _ cursors: [Cursor], slots: [Int], _ call: Call, _ cache: KeyValueCache
    ) -> (tokens: [Int64], statistics: TokenStatistics) {
        let hidden = model.decode(
            tokens: cursors.map { Int64($0.nextToken) }, positions: cursors.map { Int64($0.position) },
            slots: slots.map(Int64.init), cache: cache)
        let counters = cursors.flatMap { cursor in
            [
                UInt32(cursor.drawn), UInt32(truncatingIfNeeded: call.step),
                UInt32(truncatingIfNeeded: call.prompts[cursor.prompt].index),
                UInt32(truncatingIfNeeded: cursor.sample) | RandomPurpose.sampling.rawValue << 24,
            ]
        }
        let (tokens, matrix) = PolicyHeadKernels.sample(
            hidden: hidden, weight: model.headWeight, temperature: call.options.temperature,
            greedy: call.options.isGreedy,
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
