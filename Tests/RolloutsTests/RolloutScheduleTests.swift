// The scheduler of decoding slots, driven at random.

import Rollouts
import Testing
import Trajectories

@Suite struct RolloutScheduleTests {
    @Test func `over 1,000 random runs every sample has one slot, no slot idles, and prefixes live as long as needed`()
    {
        for number in 0..<1_000 {
            var random = RandomSource(seed: 1, purpose: .testing, step: number)
            let prompts = random.integer(below: 9)
            let samples = random.integer(below: 7)
            let slots = 1 + random.integer(below: 12)
            var schedule = RolloutSchedule(prompts: prompts, samplesPerPrompt: samples, slots: slots)
            var admitted: [RolloutSchedule.Admission] = []
            var running: [Int: RolloutSchedule.Admission] = [:]
            var rounds = 0
            while !schedule.isFinished {
                for admission in schedule.admit() {
                    #expect((0..<slots).contains(admission.slot))
                    #expect(running.updateValue(admission, forKey: admission.slot) == nil, "two samples in a slot")
                    admitted.append(admission)
                }
                let waiting = prompts * samples - admitted.count
                #expect(running.count == slots || waiting == 0, "a slot idles while \(waiting) samples wait")
                #expect(schedule.admit().isEmpty)
                #expect(!running.isEmpty)
                // any non-empty subset may end, in any order
                let ended = running.keys.sorted().shuffled(using: &random).prefix(
                    1 + random.integer(below: running.count))
                for slot in ended {
                    running[slot] = nil
                    schedule.finish(slot: slot)
                }
                rounds += 1
                if rounds > prompts * samples { break }
            }
            #expect(schedule.isFinished && running.isEmpty)
            let expected = (0..<prompts).flatMap { prompt in (0..<samples).map { [prompt, $0] } }
            #expect(admitted.map { [$0.prompt, $0.sample] } == expected, "each sample once, in order")
            for prompt in 0..<prompts where samples > 0 {
                let own = admitted.filter { $0.prompt == prompt }
                #expect(own.map(\.isFirstOfPrompt) == own.indices.map { $0 == 0 })
                #expect(own.map(\.isLastOfPrompt) == own.indices.map { $0 == samples - 1 })
            }
        }
    }

    @Test func `each prompt has its own range of samples, an empty one none`() {
        for number in 0..<300 {
            var random = RandomSource(seed: 2, purpose: .testing, step: number)
            let ranges = (0..<random.integer(below: 7)).map { _ in
                let first = random.integer(below: 5)
                return first..<(first + random.integer(below: 4))
            }
            var schedule = RolloutSchedule(samples: ranges, slots: 1 + random.integer(below: 5))
            var admitted: [RolloutSchedule.Admission] = []
            while !schedule.isFinished {
                let now = schedule.admit()
                #expect(!now.isEmpty)
                guard !now.isEmpty else { break }
                admitted += now
                for admission in now { schedule.finish(slot: admission.slot) }
            }
            let expected = ranges.enumerated().flatMap { prompt, range in range.map { [prompt, $0] } }
            #expect(admitted.map { [$0.prompt, $0.sample] } == expected)
            for admission in admitted {
                #expect(admission.isFirstOfPrompt == (admission.sample == ranges[admission.prompt].lowerBound))
                #expect(admission.isLastOfPrompt == (admission.sample == ranges[admission.prompt].upperBound - 1))
            }
        }
    }

    @Test func `nothing to do is finished at once`() {
        var none = RolloutSchedule(prompts: 0, samplesPerPrompt: 4, slots: 2)
        #expect(none.isFinished)
        #expect(none.admit().isEmpty)
        #expect(RolloutSchedule(prompts: 3, samplesPerPrompt: 0, slots: 2).isFinished)
    }

    @Test func `the lowest free slot is taken first`() {
        var schedule = RolloutSchedule(prompts: 1, samplesPerPrompt: 6, slots: 4)
        #expect(schedule.admit().map(\.slot) == [0, 1, 2, 3])
        schedule.finish(slot: 2)
        schedule.finish(slot: 0)
        #expect(schedule.admit().map(\.slot) == [0, 2])
    }
}

extension RolloutSchedule {
    /// The same number of samples of every prompt.
    fileprivate init(prompts: Int, samplesPerPrompt: Int, slots: Int) {
        self.init(samples: [Range<Int>](repeating: 0..<samplesPerPrompt, count: prompts), slots: slots)
    }
}
