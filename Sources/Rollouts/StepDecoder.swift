// Decoding in steps of fixed shape, each captured as a graph of the device's work when it comes a second time.

internal import Models
internal import Torch

/// A step has a power of two of rows. The first of a size runs operator by operator, so that everything made on first use is there;
/// the next is captured, and from then on replayed. Weights, cache and buffers stay where they are while this decoder lives, which is one
/// call of the engine: nothing that a graph reads is written elsewhere, and no graph outlives what it reads.
final class StepDecoder: SlotDecoder {
    private let call: DecodingCall
    private let cache: FixedCache
    private let graphs: GraphCapture?
    private var steps: [Int: DecodingStep] = [:]
    private(set) var captured: CapturedSteps<any StepGraph>

    /// - Parameter graphs: how a step becomes a graph; without, all run operator by operator.
    init(_ call: DecodingCall, graphs: GraphCapture?) {
        self.call = call
        self.graphs = graphs
        captured = CapturedSteps(refusal: graphs == nil ? Runtime.graphSupport(on: Runtime.device) : nil)
        // tables of angles that grow would leave a graph with the old ones
        let positions = call.prefixLength + call.options.maxNewTokens + 1
        call.model.prepare(positions: min(call.model.config.contextLength, positions))
        cache = FixedCache(
            config: call.model.config, slots: call.slots, length: call.length, prefixes: min(call.slots, call.prompts),
            prefixLength: call.prefixLength)
    }

    func prefill(_ prompts: [(index: Int, tokens: [Int32])]) {
        call.prefill(prompts) { cache.keep($0, rows: $1, of: $2) }
    }

    func begin(slot: Int, prompt: Int, isLast: Bool) { cache.begin(slot: slot, prompt: prompt, isLast: isLast) }

    func end(slot: Int) { cache.end(slot: slot) }

    /// Slots of one prefix after each other: they read it together.
    func arranged(_ slots: [Int]) -> [Int] {
        slots.sorted { (cache.prefix(slot: $0).lowerBound, $0) < (cache.prefix(slot: $1).lowerBound, $1) }
    }

    func draw(_ rows: [SlotRow]) -> (tokens: [Int64], statistics: TokenStatistics) {
        let size = CapturedSteps<any StepGraph>.size(for: rows.count)
        let step = steps[size] ?? step(of: size)
        step.send(
            rows.map { cache.row(slot: $0.slot, token: Int($0.token), position: $0.position) }, seed: call.seed,
            counters: rows.flatMap(\.counters))
        compute(step)
        let (tokens, matrix) = step.results(rows.count)
        return (tokens, TokenStatistics(matrix))
    }

    private func step(of size: Int) -> DecodingStep {
        let config = call.model.config
        let step = DecodingStep(
            .init(
                rows: size, heads: config.heads, keyValueHeads: config.keyValueHeads, vocabulary: config.vocabularySize,
                positions: call.model.preparedPositions, places: cache.places, prefixPlaces: cache.prefixPlaces,
                isGreedy: call.options.isGreedy))
        steps[size] = step
        return step
    }

    /// What a graph holds of a step.
    private func operators(_ step: DecodingStep) {
        let hidden = call.model.decode(step, cache: cache)
        step.draw(hidden: hidden, weight: call.model.headWeight, temperature: call.options.temperature)
    }

    private func compute(_ step: DecodingStep) {
        guard let graphs else { return operators(step) }
        switch captured.action(for: step.shape.rows) {
        case .run: operators(step)
        case .warm: graphs.warm { operators(step) }
        case .replay(let graph): graph.replay()
        case .capture:
            do {
                let graph = try graphs.capture(captured.any) { [unowned self] in operators(step) }
                captured.keep(graph, for: step.shape.rows)
                graph.replay()
            } catch {
                captured.refuse("\(error)")
                operators(step)
            }
        }
    }
}
