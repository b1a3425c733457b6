// Sampled completions, token by token, coloured by S* − E[S].

import Plots
import Trajectories

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif
#if canImport(Glibc)
    import Glibc
#endif

extension DemoReport {
    /// Completions shown of a group.
    private static let completionsPerGroup = 6

    func addCompletions(to page: inout HTMLPage) {
        let seed = seeds.first
        // One arm per algorithm, all of one seed, is enough to read.
        let shown: [Int] = contenders.compactMap { contender in
            contender.arms.first { summary.arms[$0].seed == seed } ?? contender.arms.first
        }
        var texts: [TokenView.Text] = []
        for (place, group) in initialSamples.enumerated() {
            texts.append(text(group, policy: "start"))
            for index in shown where samples.indices.contains(index) && samples[index].indices.contains(place) {
                texts.append(text(samples[index][place], policy: label(ofArm: index)))
            }
        }
        guard !texts.isEmpty else {
            page.paragraph("No completions were kept.")
            return
        }
        page.tokens(
            TokenView(valueName: "S* − E[S], nats", texts: texts),
            caption: "Held-out problems. A policy-gradient step that favours a vermilion "
                + "token lowers entropy, one that favours a blue token raises it, to first order; clear tokens were all "
                + "but certain, or neutral. Rest the pointer on a token for p, H, S* and E[S].")
    }

    private func text(_ group: RolloutGroup, policy: String) -> TokenView.Text {
        let correct = group.verdicts.count { $0.isCorrect }
        let prompt = group.problem.prompt.split(whereSeparator: \.isNewline).joined(separator: " ")
        var tokens: [TokenView.Token] = []
        for (completion, verdict) in zip(group.completions, group.verdicts).prefix(DemoReport.completionsPerGroup) {
            if !tokens.isEmpty { tokens.append(.init("     ")) }
            tokens += self.tokens(of: completion)
            tokens.append(.init(verdict.isCorrect ? " ✓" : " ✗ \(verdict.reason.replacing("_", with: " "))"))
        }
        let isCut = group.completions.count > DemoReport.completionsPerGroup
        return .init(
            heading: "\(prompt) · \(policy) · \(correct) of \(group.verdicts.count) solve it"
                + (isCut ? "; the first \(DemoReport.completionsPerGroup)" : ""), tokens: tokens)
    }

    private func tokens(of completion: Completion) -> [TokenView.Token] {
        let texts = decode(completion.tokens)
        return completion.tokens.indices.map { index in
            let discriminant = Double(completion.discriminant[index])
            let expected = Double(completion.expectedDiscriminant[index])
            return .init(
                texts.indices.contains(index) ? texts[index] : "", value: discriminant - expected,
                details: [
                    .init("p", exp(Double(completion.sampledLogprob[index]))),
                    .init("H", Double(completion.entropy[index])), .init("S*", discriminant), .init("E[S]", expected),
                ])
        }
    }
}
