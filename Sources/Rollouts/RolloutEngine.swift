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
    private let usesGraphs: Bool
    /// How many may decode completions of their own.
    var threads = Runtime.kernelThreads
    /// How decoding steps are captured; for tests, since no CPU can.
    var graphs: GraphCapture? = nil
    /// Why decoding that was to run as graphs ran operator by operator, since the last call.
    public private(set) var graphRefusal: String?

    /// - Parameter usesGraphs: on a device, decodes in steps of fixed shape that run as graphs of the device's work. The fused passes of the
    ///   CPU do not change.
    public init(model: any LanguageModel, seed: UInt64, slots: Int = 256, usesGraphs: Bool = false) {
        self.model = model
        self.seed = seed
        self.slots = slots
        self.usesGraphs = usesGraphs
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
    ///   - keeping: where the passes are kept, at float32 on the CPU's fused passes.
    ///   - onProgress: called with the number of finished completions.
    /// - Throws: `RolloutError` for an empty prompt or one that leaves no room in the context; `TorchError`.
    public func complete(
        _ prompts: [Prompt], samples: Int, options: SamplingOptions, step: Int, keeping: KeptPasses? = nil,
        onProgress: (Int) -> Void = { _ in }
    ) throws -> [[Completion]] {
        try complete(
            prompts, samples: prompts.map { _ in 0..<samples }, options: options, step: step, keeping: keeping,
            onProgress: onProgress)
    }

    /// The given samples of each prompt, in order; the same sample of a prompt draws the same numbers in any call.
    ///
    /// - Parameters and errors: as of `complete(_:samples:options:step:onProgress:)` with a number of samples.
    public func complete(
        _ prompts: [Prompt], samples: [Range<Int>], options: SamplingOptions, step: Int, keeping: KeptPasses? = nil,
        onProgress: (Int) -> Void = { _ in }
    ) throws -> [[Completion]] {
        for prompt in prompts { try check(prompt, options) }
        let total = samples.reduce(0) { $0 + $1.count }
        return try withTorchErrors {
            try withoutGradient {
                let parts = ThreadShares.decoding(model.config, rows: min(total, slots), threads: threads)
                let call = Call(
                    prompts: prompts, options: options, step: step, slots: max(1, min(slots, total) / parts),
                    keeping: keeping)
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
        var keeping: KeptPasses?
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
        let width = min(call.slots, max(1, samples.reduce(0) { $0 + $1.count }))
        let kept = call.keeping.flatMap {
            KeptRows($0, prompts: prompts.map(\.tokens), samples: samples, length: call.options.maxNewTokens)
        }
        let decoder = decoder(call, slots: width, kept: kept)
        var schedule = RolloutSchedule(samples: samples, slots: width)
        var running = [Running?](repeating: nil, count: width)
        var results = samples.map { [Completion?](repeating: nil, count: $0.count) }
        var finished = 0
        while !schedule.isFinished {
            let admissions = schedule.admit()
            decoder.prefill(admissions.filter(\.isFirstOfPrompt).map { ($0.prompt, prompts[$0.prompt].tokens) })
            for admission in admissions {
                let tokens = prompts[admission.prompt].tokens
                decoder.begin(slot: admission.slot, prompt: admission.prompt, isLast: admission.isLastOfPrompt)
                running[admission.slot] = Running(
                    cursor: Cursor(
                        prompt: admission.prompt, sample: admission.sample, nextToken: tokens[tokens.count - 1],
                        position: tokens.count - 1))
            }
            let active = decoder.arranged(running.indices.filter { running[$0] != nil })
            let rows = active.compactMap { slot in
                running[slot].map { row(of: $0.cursor, in: slot, call, samples, kept) }
            }
            for slot in advance(active, &running, call, decoder.draw(rows)) {
                guard let ended = running[slot] else { continue }
                let prompt = ended.cursor.prompt
                let sample = ended.cursor.sample - samples[prompt].lowerBound
                results[prompt][sample] = ended.completion
                kept?.finished(prompt: prompt, sample: sample, tokens: ended.completion.tokens)
                running[slot] = nil
                schedule.finish(slot: slot)
                decoder.end(slot: slot)
                finished += 1
            }
            onProgress(finished)
        }
        if let steps = decoder as? StepDecoder { graphRefusal = steps.captured.refusal }
        return results.map { $0.compactMap(\.self) }
    }

    private func decoder(_ call: Call, slots: Int, kept: KeptRows?) -> any SlotDecoder {
        let lengths = call.prompts.map(\.tokens.count)
        // a slot holds what its prompt's prefix does not: the prompt's last token and all drawn tokens but the last
        let length = max(1, min(call.options.maxNewTokens, model.config.contextLength - (lengths.min() ?? 1) + 1))
        let given = DecodingCall(
            model: model, options: call.options, seed: seed, slots: slots, length: length, prompts: call.prompts.count,
            prefixLength: max(0, (lengths.max() ?? 1) - 1), kept: kept)
        guard usesGraphs, Runtime.usesLibraryOperators else { return CachedDecoder(given) }
        return StepDecoder(given, graphs: graphs ?? .ofDevice)
    }

    /// Gives every active slot its token; returns the slots whose completion ended.
    private func advance(
        _ active: [Int], _ running: inout [Running?], _ call: Call,
        _ drawn: (tokens: [Int64], statistics: TokenStatistics)
    ) -> [Int] {
        let cursors = active.compactMap { running[$0]?.cursor }
        let (tokens, statistics) = drawn
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

    private func row(
        of cursor: Cursor, in slot: Int, _ call: Call, _ samples: [Range<Int>], _ kept: KeptRows?
    ) -> SlotRow {
        SlotRow(
            slot: slot, token: cursor.nextToken, position: cursor.position,
            kept: kept?.row(
                prompt: cursor.prompt, sample: cursor.sample - samples[cursor.prompt].lowerBound,
                position: cursor.position),
            counters: [
                UInt32(cursor.drawn), UInt32(truncatingIfNeeded: call.step),
                UInt32(truncatingIfNeeded: call.prompts[cursor.prompt].index),
                UInt32(truncatingIfNeeded: cursor.sample) | RandomPurpose.sampling.rawValue << 24,
            ])
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
