// Which completion occupies which decoding slot: a state machine without tensors, which the engine obeys.

/// Admits samples of prompts to free slots in order, and says when a prompt's prefix is first and last needed.
public struct RolloutSchedule: Sendable {
    /// A sample of a prompt that starts in a slot.
    public struct Admission: Sendable, Equatable {
        public var slot: Int
        public var prompt: Int
        public var sample: Int
        /// No earlier sample of this prompt was admitted: its prefix must be computed first.
        public var isFirstOfPrompt: Bool
        /// No later sample of this prompt will be admitted: its prefix may be dropped after this.
        public var isLastOfPrompt: Bool
    }

    /// Samples of each prompt.
    public let samples: [Range<Int>]
    /// Free slots, lowest last, so that the next admission takes the lowest.
    private var free: [Int]
    /// The next waiting prompt, and how many of its samples were admitted.
    private var prompt = 0
    private var admitted = 0
    private var running = 0

    public init(samples: [Range<Int>], slots: Int) {
        self.samples = samples
        free = (0..<max(slots, 1)).reversed()
        skipEmpty()
    }

    public var isFinished: Bool { prompt == samples.count && running == 0 }

    /// Fills the free slots with the next waiting samples.
    public mutating func admit() -> [Admission] {
        var admissions: [Admission] = []
        while prompt < samples.count, let slot = free.popLast() {
            let range = samples[prompt]
            admissions.append(
                Admission(
                    slot: slot, prompt: prompt, sample: range.lowerBound + admitted, isFirstOfPrompt: admitted == 0,
                    isLastOfPrompt: admitted == range.count - 1))
            admitted += 1
            running += 1
            skipEmpty()
        }
        return admissions
    }

    /// Goes on to the next prompt that has a sample waiting.
    private mutating func skipEmpty() {
        while prompt < samples.count, admitted >= samples[prompt].count {
            prompt += 1
            admitted = 0
        }
    }

    /// Frees the slot of a completion that ended.
    public mutating func finish(slot: Int) {
        precondition(running > 0 && !free.contains(slot), "slot \(slot) is not running")
        free.append(slot)
        free.sort(by: >)
        running -= 1
    }
}
