// Which decoding steps are captured, and which cells hold prefixes: the two state machines under the step decoder.

import Testing
import Torch
import Trajectories

@testable import Models
@testable import Rollouts

@Suite struct CapturedStepsTests {
    private func words(_ action: CapturedSteps<String>.Action) -> String {
        switch action {
        case .run: "run"
        case .warm: "warm"
        case .capture: "capture"
        case .replay(let graph): graph
        }
    }

    @Test func `a size is warmed, captured, and then replayed, each by itself`() {
        var steps = CapturedSteps<String>()
        func next(_ size: Int) -> String {
            let found = words(steps.action(for: size))
            if found == "capture" { steps.keep("graph of \(size)", for: size) }
            return found
        }
        #expect(
            [8, 8, 8, 4, 8, 4, 4].map(next) == [
                "warm", "capture", "graph of 8", "warm", "graph of 8", "capture", "graph of 4",
            ])
        #expect(steps.any == "graph of 8")
        #expect(steps.refusal == nil)
    }

    @Test func `after a refusal nothing is captured any more, and graphs that exist are still replayed`() {
        var steps = CapturedSteps<String>()
        _ = steps.action(for: 8)
        steps.keep("graph", for: 8)
        #expect(words(steps.action(for: 4)) == "warm")
        #expect(words(steps.action(for: 4)) == "capture")
        steps.refuse("first")
        steps.refuse("second")
        #expect([4, 4, 2, 8].map { words(steps.action(for: $0)) } == ["run", "run", "run", "graph"])
        #expect(steps.refusal == "first")
        var none = CapturedSteps<String>(refusal: "no device")
        #expect([1, 1, 1].map { words(none.action(for: $0)) } == ["run", "run", "run"])
    }

    @Test func `a step has the next power of two of rows`() {
        for count in 1...1_025 {
            let size = CapturedSteps<String>.size(for: count)
            #expect(size >= count && size < 2 * count && size.nonzeroBitCount == 1)
        }
    }

    @Test func `as many cells as slots hold every prefix as long as it is read, over 2,000 random schedules`() {
        var most = 0
        for number in 0..<2_000 {
            var random = RandomSource(seed: 5, purpose: .testing, step: number)
            let samples = (0..<(1 + random.integer(below: 9))).map { _ in 0..<random.integer(below: 5) }
            let slots = 1 + random.integer(below: 6)
            // a prompt of one token has no prefix
            let lengths = samples.map { _ in random.integer(below: 9) }
            var schedule = RolloutSchedule(samples: samples, slots: slots)
            var cells = PrefixCells(cells: min(slots, samples.count), slots: slots)
            var contents = [Int?](repeating: nil, count: cells.count)
            var running: [Int: Int] = [:]
            while !schedule.isFinished {
                let admissions = schedule.admit()
                for new in admissions where new.isFirstOfPrompt && lengths[new.prompt] > 0 {
                    contents[cells.take(for: new.prompt, length: lengths[new.prompt])] = new.prompt
                }
                for new in admissions {
                    cells.begin(slot: new.slot, prompt: new.prompt, isLast: new.isLastOfPrompt)
                    running[new.slot] = new.prompt
                }
                for (slot, prompt) in running {
                    let held = cells.held(slot: slot)
                    #expect((held?.length ?? 0) == lengths[prompt])
                    if let held { #expect(contents[held.cell] == prompt) }
                }
                most = max(most, Set(running.keys.compactMap { cells.held(slot: $0)?.cell }).count)
                for slot in running.keys.sorted() where random.uniform() < 0.4 {
                    schedule.finish(slot: slot)
                    cells.end(slot: slot)
                    running[slot] = nil
                }
            }
            // all cells are free again
            let again = (0..<cells.count).map { cells.take(for: 1_000 + $0, length: 1) }
            #expect(Set(again).count == cells.count)
        }
        #expect(most == 6)
    }
}
