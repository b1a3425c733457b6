// Whole models in decoding steps of fixed shape: the logits of the full forward pass, and operators that do not depend on the rows.

import Models
import Testing
import Torch
import Trajectories

@Suite struct FixedStepTests {
    /// Four sequences over prefixes in places of their own, in steps of the next power of two of rows.
    private struct Decoding {
        let model: any LanguageModel
        let cache: FixedCache
        var steps: [Int: DecodingStep] = [:]

        init(_ model: any LanguageModel, prefixes: [Int]) {
            self.model = model
            model.prepare(positions: 64)
            cache = FixedCache(
                config: model.config, slots: 5, length: 24, prefixes: prefixes.count,
                prefixLength: prefixes.max() ?? 0)
        }

        mutating func step(_ rows: Int) -> DecodingStep {
            let config = model.config
            let step =
                steps[rows]
                ?? DecodingStep(
                    .init(
                        rows: rows, heads: config.heads, keyValueHeads: config.keyValueHeads,
                        vocabulary: config.vocabularySize, positions: model.preparedPositions, places: cache.places,
                        prefixPlaces: cache.prefixPlaces, isGreedy: false))
            steps[rows] = step
            return step
        }
    }

    /// As `ParityTests.decode`: the bound is that of the device's other route.
    @Test(arguments: Fixture.all, [ComputePrecision.float32, .bfloat16])
    func `decoding agrees with the full forward pass`(fixture: Fixture, precision: ComputePrecision) throws {
        let model = try ModelFolder.load(fixture.folder)
        var random = RandomSource(seed: 70, purpose: .testing)
        let vocabulary = model.config.vocabularySize
        let (lengths, prefixes, slots) = ([17, 6, 23, 12], [5, 0, 9, 1], [3, 0, 4, 1])
        let sequences = lengths.map { length in (0..<length).map { _ in Int64(random.integer(below: vocabulary)) } }
        try withLibraryOperators {
            try withPrecision(precision) {
                let full = try sequences.map { try model.logits($0) }
                let greatest = max(1, Double(full.joined().map(abs).max() ?? 0))
                var (worst, squares, total) = (0.0, 0.0, 0.0)
                try withTorchErrors {
                    withoutGradient {
                        var decoding = Decoding(model, prefixes: prefixes)
                        // slots and cells are used a second time, with what the first left in them
                        for _ in 0..<2 {
                            let packed = zip(sequences, prefixes).flatMap { $0[..<$1] }
                            let prefilled = model.prefill(
                                Tensor(packed), layout: PackedLayout(prefixes.map { .init(prompt: $0) }))
                            var row = 0
                            for (index, prefix) in prefixes.enumerated() {
                                if prefix > 0 {
                                    decoding.cache.keep(prefilled, rows: row..<(row + prefix), of: index)
                                }
                                decoding.cache.begin(slot: slots[index], prompt: index, isLast: true)
                                row += prefix
                            }
                            var positions = prefixes
                            while true {
                                let active = sequences.indices.filter { positions[$0] < lengths[$0] }
                                if active.isEmpty { break }
                                let step = decoding.step(active.count == 3 ? 4 : active.count)
                                step.send(
                                    active.map {
                                        decoding.cache.row(
                                            slot: slots[$0], token: Int(sequences[$0][positions[$0]]),
                                            position: positions[$0])
                                    }, seed: 1, counters: [UInt32](repeating: 0, count: 4 * active.count))
                                let hidden = model.decode(step, cache: decoding.cache)
                                let logits = hidden.linear(model.headWeight).floats
                                for (row, index) in active.enumerated() {
                                    let found = Array(logits[(row * vocabulary)..<((row + 1) * vocabulary)])
                                    let start = positions[index] * vocabulary
                                    let exact = Array(full[index][start..<(start + vocabulary)])
                                    worst = max(worst, largestDifference(found, exact))
                                    squares += zip(found, exact).reduce(0) {
                                        $0 + Double(($1.0 - $1.1) * ($1.0 - $1.1))
                                    }
                                    total += exact.reduce(0) { $0 + Double($1 * $1) }
                                    positions[index] += 1
                                }
                            }
                            for slot in slots { decoding.cache.end(slot: slot) }
                        }
                    }
                }
                // in bfloat16 an activation now and then rounds to its other neighbour, 2^-8 of it away
                if precision == .float32 {
                    #expect(worst < 20 * 0x1p-23 * greatest)
                } else {
                    #expect((squares / total).squareRoot() < 0x1p-8)
                }
                #expect(total > 0)
                print("\(fixture.name), \(precision): worst difference of fixed steps \(worst) of \(greatest)")
            }
        }
    }

    /// Whatever hands a number of the device to the host, or waits for it.
    private static let waiting: Set<String> = [
        "aten::item", "aten::_local_scalar_dense", "aten::is_nonzero", "aten::nonzero", "aten::equal", "aten::allclose",
        "aten::masked_select", "aten::_unique2", "aten::unique_dim", "aten::bincount", "aten::pin_memory",
        "aten::_pin_memory", "maxwell::up", "maxwell::down",
    ]

    /// Rows of any slots over any prefixes, spare ones or none.
    private static let layouts: [[DecodingRow]] = {
        func row(_ slot: Int, _ places: Int, _ prefix: Range<Int>) -> DecodingRow {
            DecodingRow(
                token: slot, position: prefix.count + places - 1, own: slot * 24..<slot * 24 + places, prefix: prefix)
        }
        return [
            [row(0, 1, 0..<0)], [row(2, 24, 0..<20), row(1, 3, 0..<20), row(4, 1, 0..<20), row(0, 9, 0..<20)],
            [row(0, 2, 0..<1), row(1, 3, 20..<39), row(2, 1, 40..<60)], [row(4, 24, 40..<41), row(0, 24, 0..<0)],
        ]
    }()

    /// A step of four rows of a fixture, and its operators.
    private func withStep(
        _ fixture: Fixture, _ precision: ComputePrecision,
        _ body: (_ step: DecodingStep, _ operators: @escaping () -> Void, _ layers: Int) throws -> Void
    ) throws {
        let model = try ModelFolder.load(fixture.folder)
        try withTorchErrors {
            try withLibraryOperators {
                try withPrecision(precision) {
                    try withoutGradient {
                        var decoding = Decoding(model, prefixes: [20, 20, 20])
                        let (step, cache) = (decoding.step(4), decoding.cache)
                        let ids = (0..<60).map { Int64($0 % 30) }
                        let prefilled = model.prefill(
                            Tensor(ids), layout: PackedLayout([20, 20, 20].map { .init(prompt: $0) }))
                        for cell in 0..<3 { cache.keep(prefilled, rows: 20 * cell..<20 * (cell + 1), of: cell) }
                        let operators = {
                            let hidden = model.decode(step, cache: cache)
                            step.draw(hidden: hidden, weight: model.headWeight, temperature: 0.9)
                        }
                        // the first rounds the weights
                        send(Self.layouts[0], to: step, seed: 0)
                        operators()
                        try body(step, operators, model.config.layers)
                    }
                }
            }
        }
    }

    private func send(_ rows: [DecodingRow], to step: DecodingStep, seed: UInt64) {
        step.send(rows, seed: seed, counters: (0..<4 * rows.count).map { UInt32($0) })
    }

    @Test(arguments: Fixture.all, [ComputePrecision.float32, .bfloat16])
    func `a step's operators do not depend on its rows, and none waits`(
        fixture: Fixture, precision: ComputePrecision
    ) throws {
        try withStep(fixture, precision) { step, operators, layers in
            let recorded = try Self.layouts.map { rows in
                send(rows, to: step, seed: 5)
                return try recordingOperators(operators).1
            }
            for other in recorded { #expect(other == recorded[0]) }
            let names = Set(recorded[0].map(\.name))
            #expect(names.isDisjoint(with: Self.waiting), "\(names.intersection(Self.waiting))")
            // a recording that sees what is between, and two calls of attention a layer
            #expect(names.contains("aten::embedding") && names.contains("aten::mm"))
            #expect(recorded[0].filter { $0.name == "aten::_efficient_attention_forward" }.count == 2 * layers)
        }
    }

    /// As a graph does: the operators of one step with the host's numbers of that step, over buffers that others have filled.
    @Test(arguments: Fixture.all, [ComputePrecision.float32, .bfloat16])
    func `the operators of one step compute every other`(fixture: Fixture, precision: ComputePrecision) throws {
        try withStep(fixture, precision) { step, operators, _ in
            // whichever step is kept: a number of the host that stayed is another's in some other step
            let tapes = try Self.layouts.map { rows in
                send(rows, to: step, seed: 1)
                return try OperatorTape(operators)
            }
            var seen: Set<[Float]> = []
            for tape in tapes {
                for (seed, rows) in Self.layouts.enumerated() {
                    send(rows, to: step, seed: UInt64(seed))
                    operators()
                    let direct = step.results(rows.count)
                    // what another step left must not be taken for this one's
                    send(Array(rows.prefix(1)), to: step, seed: 99)
                    operators()
                    send(rows, to: step, seed: UInt64(seed))
                    tape.replay()
                    let replayed = step.results(rows.count)
                    #expect(replayed.tokens == direct.tokens && direct.tokens.count == rows.count)
                    #expect(replayed.statistics.floats == direct.statistics.floats)
                    seen.insert(direct.statistics.floats)
                }
            }
            #expect(seen.count >= Self.layouts.count)
        }
    }

    @Test func `a recording shows what waits`() throws {
        let ((), operators) = try withTorchErrors {
            try recordingOperators { _ = Tensor([Float(1), 2]).sum().floats }
        }
        #expect(operators.map(\.name).filter { $0.hasPrefix("maxwell::") } == ["maxwell::up", "maxwell::down"])
    }
}
