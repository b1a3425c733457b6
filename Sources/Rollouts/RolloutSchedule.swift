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

    public let prompts: Int
    public let samplesPerPrompt: Int
    /// Free slots, lowest last, so that the next admission takes the lowest.
    private var free: [Int]
    private var next = 0
    private var running = 0

    public init(prompts: Int, samplesPerPrompt: Int, slots: Int) {
        self.prompts = prompts
        self.samplesPerPrompt = samplesPerPrompt
        free = (0..<max(slots, 1)).reversed()
    }

    private var total: Int { prompts * samplesPerPrompt }
    public var isFinished: Bool { next == total && running == 0 }

    /// Fills the free slots with the next waiting samples.
    public mutating func admit() -> [Admission] {
        var admissions: [Admission] = []
        while next < total, let slot = free.popLast() {
            let (prompt, sample) = next.quotientAndRemainder(dividingBy: samplesPerPrompt)
            admissions.append(
                Admission(
                    slot: slot, prompt: prompt, sample: sample, isFirstOfPrompt: sample == 0,
                    isLastOfPrompt: sample == samplesPerPrompt - 1))
            next += 1
            running += 1
        }
        return admissions
    }

    /// Frees the slot of a completion that ended.
    public mutating func finish(slot: Int) {
        precondition(running > 0 && !free.contains(slot), "slot \(slot) is not running")
        free.append(slot)
        free.sort(by: >)
        running -= 1
    }
}
