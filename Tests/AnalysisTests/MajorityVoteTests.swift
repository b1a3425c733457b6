// maj@k against all subsets, and its limits.

import Analysis
import Testing
import Trajectories

@Suite struct MajorityVoteTests {
    private func votes(_ text: String) -> [Vote] {
        // capital letters are right, a dot answers nothing
        text.map { Vote(answer: $0 == "." ? nil : String($0), isCorrect: $0.isUppercase) }
    }

    @Test(arguments: [
        ("Aab", "A"), ("abb", "b"), ("aBbCb", "B"), ("..a", "a"), ("ba", "b"), ("AB", "A"), ("...", nil), ("", nil),
    ])
    func `the most frequent answer wins, of equal ones the first; right ones are one`(text: String, winner: String?) {
        #expect(MajorityVote.winner(votes(text))?.answer == winner)
    }

    @Test(arguments: ["AabbCa.b", "ABcdefgh", "aaaaaaaB", "........"])
    func `an estimate is the share of all subsets whose winner is right`(text: String) throws {
        let all = votes(text)
        for k in 1...all.count {
            var (right, count) = (0, 0)
            for mask in 0..<(1 << all.count) where mask.nonzeroBitCount == k {
                count += 1
                if MajorityVote.winner(all.indices.filter { mask >> $0 & 1 == 1 }.map { all[$0] })?.isCorrect == true {
                    right += 1
                }
            }
            let exact = Double(right) / Double(count)
            let found = try MajorityVote.estimate(all, k: k, seed: 3, problem: 0, draws: 4_000)
            // five standard errors of a share over 4,000 draws
            #expect(abs(found - exact) <= 5 * (0.25 / 4_000).squareRoot(), "k \(k): \(found), \(exact)")
            if k == all.count { #expect(found == exact) }
        }
    }

    @Test func `bad k are refused, problems weigh alike`() throws {
        #expect(throws: AnalysisError.self) { try MajorityVote.estimate(votes("AB"), k: 3, seed: 1, problem: 0) }
        #expect(throws: AnalysisError.self) { try MajorityVote.estimate(votes(""), k: 1, seed: 1, problem: 0) }
        let estimate = try MajorityVote.estimate(
            [votes("AAb"), votes("abb"), votes("BBB"), votes("aa.")], k: 2, seed: 1)
        #expect(estimate.problems == 4 && estimate.value == 0.5)
    }
}
