// A completion as one JSON line, the format of `generate` and `eval --out`.

import Trajectories

struct CompletionLine: Encodable {
    var id: String
    var prompt, completion: String
    var tokens: [Int32]
    var logprobs: [Float]
    var entropy: [Float]
    /// Null where nothing judged.
    var reward: Double?
    var reason: String?
    var stopReason: StopReason

    static func lines(_ group: RolloutGroup) -> [CompletionLine] {
        group.completions.indices.map { index in
            let completion = group.completions[index]
            return CompletionLine(
                id: group.problem.id, prompt: group.problem.prompt, completion: group.texts[index],
                tokens: completion.tokens, logprobs: completion.sampledLogprob, entropy: completion.entropy,
                reward: group.verdicts[index].reward, reason: group.verdicts[index].reason,
                stopReason: completion.stopReason)
        }
    }
}
