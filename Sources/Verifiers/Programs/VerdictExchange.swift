// What a judge outside of this process is asked and what it answers: the JSON of the verifiers `command` and `http`.

import Trajectories

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// One completion to judge, and the problem it belongs to.
struct VerdictQuestion: Encodable {
    var id, prompt, completion: String
    var fields: [String: JSONValue]

    init(_ completion: String, for problem: Problem) {
        id = problem.id
        prompt = problem.prompt
        self.completion = completion
        fields = problem.fields
    }

    /// One object with sorted keys; nil if a field holds a number that JSON cannot write.
    func json() -> [UInt8]? {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        return (try? encoder.encode(self)).map { [UInt8]($0) }
    }
}

/// `{"reward": 0.5}`, with optional `"correct"` (reward is 1 or more) and `"reason"`, of 100 bytes at most.
struct VerdictAnswer: Decodable {
    var reward: Double
    var correct: Bool?
    var reason: String?

    /// The most bytes that an answer may have.
    static let maximumBytes = 1 << 20

    /// The verdict that an answer stands for; nil if the bytes are no answer.
    static func verdict(in bytes: [UInt8]) -> Verdict? {
        guard let answer = try? JSONDecoder().decode(Self.self, from: Data(bytes)), answer.reward.isFinite,
            answer.reason?.utf8.count ?? 0 <= 100
        else { return nil }
        let isCorrect = answer.correct ?? (answer.reward >= 1)
        return Verdict(
            reward: answer.reward, isCorrect: isCorrect,
            reason: answer.reason ?? (isCorrect ? "correct" : "wrong_answer"))
    }
}
