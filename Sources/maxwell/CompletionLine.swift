// A completion as one JSON line, the format of `generate` and `eval --out`.

import Trajectories

struct CompletionLine: Codable {
    var id: String
    var prompt, completion: String
    var tokens: [Int32]
    var logprobs: [Float]
    var entropy: [Float]
    /// Null where nothing judged.
    var reward: Double?
    var isCorrect: Bool?
    var reason: String?
    /// What it answers, in `eval`.
    var answer: String?
    var stopReason: StopReason

    /// One per completion; `answer` reads what a text answers.
    static func lines(_ group: RolloutGroup, answer: (String) -> String? = { _ in nil }) -> [CompletionLine] {
        group.completions.indices.map { index in
            let completion = group.completions[index]
            return CompletionLine(
                id: group.problem.id, prompt: group.problem.prompt, completion: group.texts[index],
                tokens: completion.tokens, logprobs: completion.sampledLogprob, entropy: completion.entropy,
                reward: group.verdicts[index].reward, isCorrect: group.verdicts[index].isCorrect,
                reason: group.verdicts[index].reason, answer: answer(group.texts[index]),
                stopReason: completion.stopReason)
        }
    }
}
