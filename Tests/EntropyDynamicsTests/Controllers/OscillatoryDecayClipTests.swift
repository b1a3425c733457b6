// The state machine of oscillatory decay: it switches at its thresholds and nowhere else.

import EntropyDynamics
import Testing
import Trajectories

@Suite struct OscillatoryDecayClipTests {
    func machine(_ initial: Double, _ total: Int, floor: Double = 0.2) throws -> OscillatoryDecayClip {
        try OscillatoryDecayClip(FlexibleClip(), initialEntropy: initial, totalSteps: total, floor: floor)
    }

    @Test func `a trace that crosses both thresholds both ways`() throws {
        var machine = try machine(1, 100)
        // τ_low = 0.2, τ_high(k) = 0.2 + 0.8 (1 − k/100).
        let trace: [(step: Int, entropy: Double, isRaising: Bool)] = [
            (0, 1, true), (10, 0.92, true), (10, 0.93, false), (20, 0.5, false), (30, 0.201, false), (31, 0.2, true),
            (50, 0.6, true), (51, 0.592, true), (51, 0.593, false), (60, 0.19, true), (99, 0.208, true),
            (99, 0.209, false), (100, 0.2, true), (100, 0.201, false),
        ]
        for (number, row) in trace.enumerated() {
            let bounds = try machine.update(entropy: row.entropy, step: row.step)
            #expect(machine.state.isRaising == row.isRaising, "row \(number)")
            let widths = (bounds.upper.width(at: 0.1), bounds.lower.width(at: 0.1))
            let expected = row.isRaising ? (0.475, 0.2) : (0.2, 0.287)
            #expect(isClose(widths.0, expected.0, absolute: 1e-15), "row \(number)")
            #expect(isClose(widths.1, expected.1, absolute: 1e-15), "row \(number)")
        }
    }

    @Test func `it switches only at the thresholds and holds between them`() throws {
        var switches = 0
        try forRandomCases(seed: 191) { random, number in
            let initial = random.uniform(in: 0.1...3)
            let total = 10 + random.integer(below: 200)
            var machine = try machine(initial, total, floor: random.uniform(in: 0...0.5))
            var entropy = initial
            for step in 0...total {
                // A walk that wanders through the whole band.
                entropy = abs(entropy + 0.15 * initial * random.normalPair().0)
                if entropy > 1.2 * initial { entropy = 0.6 * initial }
                let before = machine.state.isRaising
                _ = try machine.update(entropy: entropy, step: step)
                let after = machine.state.isRaising
                let high = machine.floor + (initial - machine.floor) * (1 - Double(step) / Double(total))
                guard abs(entropy - high) > 1e-12 else { continue }
                if before != after {
                    switches += 1
                    #expect(after ? entropy <= machine.floor : entropy > high, "case \(number) at \(step)")
                } else if after {
                    #expect(entropy <= high || entropy <= machine.floor, "case \(number) at \(step)")
                } else {
                    #expect(entropy > machine.floor, "case \(number) at \(step)")
                }
            }
        }
        #expect(switches >= 1_000, "\(switches)")
    }

    @Test func `a restart anywhere changes nothing`() throws {
        try forRandomCases(seed: 192) { random, number in
            var whole = try machine(1, 40)
            var cut = whole
            let restart = random.integer(below: 40)
            for step in 0..<40 {
                if step == restart {
                    cut = try OscillatoryDecayClip(
                        FlexibleClip(), initialEntropy: 1, totalSteps: 40, resuming: throughJSON(cut.state))
                }
                let entropy = random.uniform(in: 0...1.2)
                let (a, b) = (
                    try whole.update(entropy: entropy, step: step), try cut.update(entropy: entropy, step: step)
                )
                #expect(a == b && whole == cut, "case \(number)")
            }
        }
    }

    @Test func `bad settings and measurements are refused and move nothing`() throws {
        #expect(
            refusal { _ = try machine(0, 10) }
                == "an oscillatory decay needs a finite number above zero here, got 0.0 (oscillatory_decay.initial)")
        #expect(refusalCode { _ = try machine(1, 0) } == .badSetting)
        #expect(refusalCode { _ = try machine(1, 10, floor: -0.1) } == .badSetting)
        var moved = try machine(1, 10)
        let before = moved
        #expect(refusalCode { _ = try moved.update(entropy: .nan, step: 3) } == .notANumber)
        #expect(moved == before)
    }
}
