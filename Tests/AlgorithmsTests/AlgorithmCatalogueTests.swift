// The catalogue: what adding an algorithm costs, and the sentences bad settings are refused with.

import Algorithms
import ConfigCoding
import Foundation
import Testing

@Suite struct AlgorithmCatalogueTests {
    static let all = AlgorithmCatalogue.names.joined(separator: ", ")

    @Test func `names are unique snake case and every entry decodes with no options`() throws {
        let names = AlgorithmCatalogue.names
        #expect(Set(names).count == names.count && names.contains("grpo"))
        for name in names {
            #expect(name.allSatisfy { $0 == "_" || $0.isLowercase || $0.isNumber })
            let decoded = try algorithm("name: \(name)")
            #expect(decoded.name == name)
            #expect(decoded.reads.contains([.logprob, .discriminant, .expectedDiscriminant]))
            let table = try BatchMaker().make(seed: 1).table
            try decoded.check(table)
            let found = decoded.coefficients(for: table)
            #expect(Set(found.metrics.map(\.name)).count == found.metrics.count)
        }
    }

    @Test(arguments: AlgorithmCatalogue.names) func `every algorithm has a row among the papers`(name: String) throws {
        let root = (0..<3).reduce(URL(fileURLWithPath: #filePath)) { url, _ in url.deletingLastPathComponent() }
        let papers = root.appendingPathComponent("docs/papers.md")
        let text = try String(contentsOf: papers, encoding: .utf8)
        #expect(text.split(separator: "\n").contains { $0.hasPrefix("|") && $0.contains("`\(name)`") })
    }

    @Test(arguments: [
        (
            "name: clip_w", "algorithm.name must be one of \(all), got clip_w; did you mean clip_b?"
        ),
        ("mu_neg: 1", "algorithm.name is required and must be one of \(all)"),
        ("name: clip_b, mu_ngg: 1", "algorithm.mu_ngg is not a key here; did you mean mu_neg?"),
        ("name: grpo, clip_lo: 0.1", "algorithm.clip_lo is not a key here; did you mean clip_low?"),
        ("name: clip_b, mu_neg: -1", "algorithm.mu_neg must be at least 0, got -1"),
        ("name: clip_v, max_frac: 1.5", "algorithm.max_frac must lie in 0...1, got 1.5"),
        (
            "name: clip_v, advantages: negative",
            "algorithm.advantages must be one of neg, pos, all, sign_aware, got negative"
        ),
        (
            "name: clip_v, preset: trinty",
            "algorithm.preset must be one of default, paper-interval, trinity, got trinty; did you mean trinity?"
        ),
        (
            "name: clip_v, preset: trinity, aggregation: sequence_mean",
            "algorithm.aggregation must be token_mean where denominator is kept; set denominator: all"
        ),
        (
            "name: grpo, aggregation: fixed_length",
            "algorithm.fixed_length is required where aggregation is fixed_length and must be a whole number"
        ),
        (
            "name: grpo, fixed_length: 100",
            "algorithm.fixed_length has no effect where aggregation is token_mean; remove it"
        ),
        ("name: grpo, clip_low: 2", "algorithm.clip_low must lie in 0...1, got 2"),
    ])
    func `bad settings are refused in one sentence`(yaml: String, sentence: String) {
        #expect(refusal(yaml) == "\(sentence) (test.yaml:1)")
    }
}
