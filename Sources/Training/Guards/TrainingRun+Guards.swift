// What a run does about numbers that are none and about alarms.

import Algorithms
import Analysis
import Foundation
import Models
import Runs
import Tokenizers

/// What the guards remember between updates. Nothing of it reaches weights or metrics.
struct GuardState {
    var refusedInARow = 0
    /// Alarms of the last update: each is told once, until it has gone.
    var standing: Set<Alarm> = []
}

extension TrainingRun {
    /// Writes an update's metrics line with its alarms, and tells of those that are new.
    func append(_ line: MetricsLine, _ batch: RolloutBatch, _ coefficients: TokenCoefficients?) throws {
        var line = line
        var limits = config.guards.limits
        limits.entropyCeiling = config.guards.entropyCeiling * log(Double(session.model.config.vocabularySize))
        let raised = Alarm.raised(
            by: MetricsRecord(step: session.state.scheduled, fields: line.fields), limits: limits)
        for alarm in Alarm.allCases { line.add("alarm/\(alarm.rawValue)", raised.contains(alarm) ? 1 : 0) }
        let record = MetricsRecord(step: session.state.scheduled, fields: line.fields)
        for alarm in raised where !guardState.standing.contains(alarm) {
            let tokens = alarm.concernsEntropy ? coefficients.map { responsible($0, batch) } ?? "" : ""
            warn(alarm.sentence(in: record) + tokens)
        }
        guardState.standing = Set(raised)
        try session.metrics.append(record)
    }

    /// Counts refusals in a row; keeps the batch of each.
    /// - Throws: `TrainingError.notFinite` where the policy is to stop, or there were too many.
    func judge(_ report: UpdateReport, _ batch: RolloutBatch) throws {
        guard let defect = report.defect else {
            guardState.refusedInARow = 0
            return
        }
        try refuse(defect, report.before, batch)
    }

    /// Goes past an update whose statistics are no numbers: a metrics line says so.
    /// - Returns: the mean entropy that the sampler recorded.
    func skip(_ refused: RefusedUpdate, _ batch: RolloutBatch, step: Int, _ shared: MetricsLine) throws -> Double {
        session.state.scheduled += 1
        var line = shared
        line.add("rollout_step", step)
        line.add("optimiser/refused", 1)
        try append(line, batch, nil)
        try refuse(refused.defect, refused.statistics, batch)
        return mean(batch.sampledStatistics.entropy)
    }

    private func refuse(_ defect: NumericalDefect, _ statistics: TokenStatistics, _ batch: RolloutBatch) throws {
        guardState.refusedInARow += 1
        let kept = RefusedBatch(
            sequences: batch.sequences, statistics: statistics, sampledLogprob: batch.sampledLogprob,
            advantage: batch.tokenAdvantages, group: batch.tokenGroups)
        let path = try kept.write(
            update: session.state.scheduled, defect: defect, in: session.folder.path + "/refused")
        let sentence = "update \(session.state.scheduled) was refused: \(defect.description); its batch is \(path)"
        let isTooMany = guardState.refusedInARow >= config.guards.mostRefused
        guard config.guards.nonFinite == .stop || isTooMany else { return warn(sentence) }
        throw TrainingError(
            .notFinite,
            sentence + (isTooMany ? ", the last of \(guardState.refusedInARow) in a row" : "")
                + "; the run stops, and its last checkpoint is whole (a lower learning rate may help)", place: path)
    }

    /// The tokens by whose updates entropy was predicted to move most, with their shares in nats.
    private func responsible(_ coefficients: TokenCoefficients, _ batch: RolloutBatch) -> String {
        let rate = schedule.rate(at: max(0, session.state.scheduled - 1))
        let tokens = batch.sequences.flatMap(\.tokens)
        let largest = TokenShares.largest(
            tokens: tokens, changes: coefficients.predictedEntropyChange.map { Double($0) * rate }, count: 3)
        guard !largest.isEmpty else { return "" }
        let words = largest.map { share in
            let text = session.vocabulary.tokenizer.decode([share.token]).debugDescription
            return "\(text) (id \(share.token), \(share.places) places, \(String(format: "%.2g", share.change)))"
        }
        return ". By the token-level prediction most of it came from " + words.joined(separator: ", ")
    }
}

/// Predicted entropy change by token id.
enum TokenShares {
    struct Share: Equatable {
        var token: Int32
        var places: Int
        /// Mean over all tokens of the mini-batch, nats.
        var change: Double
    }

    /// The `count` ids with the largest absolute sums, largest first, then by id; ids whose sum is 0 are left out.
    static func largest(tokens: [Int32], changes: [Double], count: Int) -> [Share] {
        var shares: [Int32: Share] = [:]
        for (token, change) in zip(tokens, changes) {
            shares[token, default: Share(token: token, places: 0, change: 0)].places += 1
            shares[token]?.change += change / Double(max(1, tokens.count))
        }
        let sorted = shares.values.filter { $0.change != 0 }.sorted {
            (abs($0.change), -$0.token) > (abs($1.change), -$1.token)
        }
        return Array(sorted.prefix(count))
    }
}
