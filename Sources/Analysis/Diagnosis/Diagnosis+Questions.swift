// The questions of a diagnosis, one property each.

import Runs

extension Diagnosis {
    private var updates: String { "the last \(min(window, records.count)) updates" }

    /// The loss of a policy gradient is not a measure of progress.
    var loss: Finding? {
        guard let ratio = recent("algorithm/ratio_max"), let norm = recent("optimiser/gradient_norm") else {
            return nil
        }
        let question = "Why is the loss 0?"
        if norm == 0 {
            return Finding(
                question,
                "The gradient was 0 in \(updates), so nothing is learnt: no group had completions of different reward. See "
                    + "the question on groups.", isTrouble: true)
        }
        guard abs(ratio - 1) < 1e-6 else { return nil }
        return Finding(
            question,
            "With one update per step every ratio is 1 and a group's advantages sum to 0, so the surrogate's value is 0 "
                + "while its gradient is not: its norm was \(Sentence.number(norm)) in \(updates). Watch reward and entropy "
                + "instead.", isTrouble: false)
    }

    var deadGroups: Finding? {
        guard let dead = recent("group/dead_share"), let all = recent("group/solved_all_share"),
            let none = recent("group/solved_none_share")
        else { return nil }
        let question = "Why do groups have zero variance?"
        let shares =
            "\(Sentence.percent(dead)) of the groups had equal rewards in \(updates) (\(Sentence.percent(none)) solved by no "
            + "completion, \(Sentence.percent(all)) by all)"
        guard dead > 0.5 else { return Finding(question, shares + ".", isTrouble: false) }
        let advice =
            none >= all
            ? "the task is too hard for this policy: easier problems, a warm start, more completions per prompt or a "
                + "graded reward would help"
            : "the task is too easy: harder problems or algorithm.dynamic_sampling would help"
        return Finding(question, "\(shares); \(advice).", isTrouble: true)
    }

    var refusals: Finding? {
        let refused = sum("optimiser/refused")
        guard refused > 0 else { return nil }
        return Finding(
            "Why were updates skipped?",
            "\(Int(refused)) of \(records.count) updates had a number that is none; weights and moments were left as they "
                + "were, and what the update was made of lies in the run's folder refused.", isTrouble: true)
    }

    var kl: Finding? {
        guard let now = recent("algorithm/reference_kl_k3"), let first = early("algorithm/reference_kl_k3") else {
            return nil
        }
        let grows = now > 2 * first && now > 0.05
        return Finding(
            "Why does KL rise?",
            grows
                ? "The policy is \(Sentence.number(now)) nats a token from the reference, \(Sentence.number(first)) at the "
                    + "start. Some of it is what learning is; a higher algorithm.kl_coefficient, a lower learning rate or fewer "
                    + "updates per step hold it."
                : "It does not: \(Sentence.number(now)) nats a token, \(Sentence.number(first)) at the start.",
            isTrouble: grows)
    }

    var entropy: Finding? {
        guard let now = recent("entropy/before"), let first = early("entropy/before") else { return nil }
        let question = "What did entropy do?"
        let change = "Mean entropy went from \(Sentence.number(first)) to \(Sentence.number(now)) nats a token"
        let jumps = records.compactMap { record in
            record["entropy/measured_change"]?.number.map { (step: record.step, change: $0) }
        }
        let largest = jumps.max { abs($0.change) < abs($1.change) }
        let typical = median(jumps.map { abs($0.change) })
        var answer = change + "."
        var isTrouble = now < first / 4 || now > 4 * first
        if let largest, typical > 0, abs(largest.change) > 10 * typical {
            answer +=
                " Update \(largest.step) alone moved it by \(Sentence.number(largest.change)), "
                + "\(Sentence.number(abs(largest.change) / typical)) times the median update: look at its gradient norm and at "
                + "its step in rollouts.sqlite."
            isTrouble = true
        }
        if now < first / 4 {
            answer += " A thermostat, Clip_B, Clip_V or a lower learning rate would hold it."
        } else if now > 4 * first {
            answer += " A lower entropy coefficient or learning rate, or a thermostat, would hold it."
        }
        return Finding(question, answer, isTrouble: isTrouble)
    }

    var truncation: Finding? {
        guard let cut = recent("completion/truncated_share"), cut > 0.1 else { return nil }
        return Finding(
            "Why are completions cut off?",
            "\(Sentence.percent(cut)) of the completions of \(updates) reached rollout.max_new_tokens, and what they would "
                + "have said was not judged; raise it, or set algorithm.overlong_filter or overlong_limit.",
            isTrouble: cut > 0.3)
    }

    var mismatch: Finding? {
        let gaps = records.filter(\.isFirstOfStep).suffix(window).compactMap { $0["mismatch/logprob_mean"]?.number }
        guard !gaps.isEmpty else { return nil }
        let gap = gaps.reduce(0, +) / Double(gaps.count)
        let isLarge = gap > 0.02
        return Finding(
            "Do sampler and trainer agree?",
            "Their log-probabilities of the same tokens and weights differ by \(Sentence.number(gap)) nats on average in "
                + "\(updates)" + (isLarge ? "; set algorithm.sampler_correction or precision: float32." : "."),
            isTrouble: isLarge)
    }

    var reward: Finding? {
        guard let now = recent("reward/mean"), let first = early("reward/mean"), records.count >= 2 * window else {
            return nil
        }
        return Finding(
            "Does it learn?", "Mean reward went from \(Sentence.number(first)) to \(Sentence.number(now)).",
            isTrouble: now <= first)
    }

    private func median(_ values: [Double]) -> Double {
        let sorted = values.sorted()
        guard !sorted.isEmpty else { return 0 }
        return (sorted[(sorted.count - 1) / 2] + sorted[sorted.count / 2]) / 2
    }
}
