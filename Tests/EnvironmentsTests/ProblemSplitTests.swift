// The held-out share of a file: disjoint, of the right size, and a matter of each problem's text alone.

import Environments
import Testing
import Trajectories

@Suite struct ProblemSplitTests {
    private func split(_ prompts: [String], _ split: ProblemSplit, template: String? = nil) throws -> SplitProblems {
        let lines = prompts.map { #"{"question": "\#($0)"}"# }.joined(separator: "\n")
        let mapping = ProblemMapping(fields: [.init("prompt", from: ["question"])], template: template)
        return try ProblemFile.parse(Array(lines.utf8), name: "d.jsonl", mapping: mapping, split: split)
    }

    @Test(arguments: [0.05, 0.1, 0.5, 0.9])
    func `both sides hold the file between them, in shares as asked for`(share: Double) throws {
        for seed in UInt64(1)...5 {
            let prompts = (0..<2_000).map { "problem \($0 * 7)" }
            let sides = try split(prompts, ProblemSplit(share: share, seed: seed))
            #expect(Set(sides.train.map(\.prompt)).isDisjoint(with: sides.heldout.map(\.prompt)))
            #expect(sides.train.count + sides.heldout.count == prompts.count)
            // five standard deviations of a binomial count
            let deviation = (2_000 * share * (1 - share)).squareRoot()
            #expect(abs(Double(sides.heldout.count) - 2_000 * share) < 5 * deviation)
            let numbers = sides.train.compactMap { Int($0.id.dropFirst("d.jsonl:".count)) }
            #expect(numbers == numbers.sorted(), "in the file's order")
        }
    }

    @Test func `a problem's side does not depend on the file around it, its template or its white space`() throws {
        let prompts = (0..<300).map { "What is \($0) plus \($0 * $0)?" }
        let rule = ProblemSplit(share: 0.3, seed: 9)
        let heldOut = Set(try split(prompts, rule).heldout.map(\.prompt))
        var random = RandomSource(seed: 3, purpose: .testing)
        let part = Array(prompts.shuffled(using: &random).prefix(120))
        #expect(Set(try split(part, rule).heldout.map(\.prompt)) == heldOut.intersection(part))
        let framed = try split(prompts, rule, template: "Q: {prompt}\nA:").heldout.map(\.prompt)
        #expect(Set(framed) == Set(heldOut.map { "Q: \($0)\nA:" }))
        let spaced = try split(prompts.map { " " + $0.replacing(" ", with: "  ") + "\\n" }, rule)
        #expect(spaced.heldout.count == heldOut.count)
        // and a conversation with that question lies on the same side
        for prompt in prompts {
            let line = #"{"prompt": [{"role": "system", "content": "x"}, {"role": "user", "content": "\#(prompt)"}]}"#
            let other =
                #"{"prompt": "\#(try #require(heldOut.contains(prompt) ? prompts.first { !heldOut.contains($0) } : heldOut.first))"}"#
            let sides = try ProblemFile.parse(
                Array("\(line)\n\(other)".utf8), name: "d", mapping: ProblemMapping(), split: rule)
            #expect((sides.heldout[0].fields["messages"] != nil) == heldOut.contains(prompt))
        }
    }

    @Test func `a larger share contains a smaller one, another seed holds out others, no share holds out nothing`()
        throws
    {
        let prompts = (0..<500).map { "p\($0)" }
        func heldOut(_ share: Double, _ seed: UInt64) throws -> Set<String> {
            Set(try split(prompts, ProblemSplit(share: share, seed: seed)).heldout.map(\.prompt))
        }
        #expect(try heldOut(0.1, 1).isSubset(of: heldOut(0.4, 1)))
        #expect(try heldOut(0.2, 1) != heldOut(0.2, 2))
        #expect(try heldOut(0, 1).isEmpty)
    }

    @Test func `a share that leaves a side empty is refused`() throws {
        let error = try #require(throws: EnvironmentError.self) { try split(["a"], ProblemSplit(share: 0.5)) }
        #expect(error.code == .emptyDataset && error.description.contains("of 1 problems for training"))
    }
}
