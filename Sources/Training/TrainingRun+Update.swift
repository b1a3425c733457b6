// One optimiser update of a training run: the algorithm's verdict, the step, and the line of metrics it leaves.

import Algorithms
import Analysis
import Models
import Runs
import Torch

extension TrainingRun {
    /// Whether groups without advantage may keep the sampler's statistics where nothing is measured: those of the weights in use, and
    /// enough of them.
    private var mayTakeRecorded: Bool {
        resolved.updatesPerStep == 1 && algorithm.reads.isDisjoint(with: [.varianceDiscriminant, .squaredDiscriminant])
    }

    /// One optimiser update with its metrics line; returns the mean entropy before it.
    func update(
        _ batch: RolloutBatch, proximal: [Float]?, step: Int, shared: MetricsLine,
        timings: (sampling: Double, judging: Double, crediting: Double, logging: Double)
    ) throws -> Double {
        let clock = ContinuousClock()
        let start = clock.now
        let rate = schedule.rate(at: session.state.scheduled)
        let memory = session.optimiser.momentumMemory
        let measures = config.training.measures(after: session.state.scheduled)
        let takesRecorded = !measures && mayTakeRecorded
        var coefficients: TokenCoefficients?
        var dynamics: [Int: LatentDynamics] = [:]
        let lengths = batch.sequences.map(\.tokens.count)
        let report: UpdateReport
        do {
            report = try updater.update(
                batch.sequences, carriesGradient: batch.hasAdvantage,
                recorded: takesRecorded ? batch.sampledStatistics : nil, kept: kept, optimiser: &session.optimiser,
                learningRate: rate, measures: measures,
                watch: latent.map { latent in
                    { dynamics.merge(latent.dynamics($0, of: $1, lengths: lengths)) { first, _ in first } }
                }
            ) { statistics in
                if let defect = NumericalDefect.first(in: statistics, of: batch.sequences) {
                    throw RefusedUpdate(defect: defect, statistics: statistics)
                }
                let table = try batch.table(
                    statistics, proximal: proximal, update: session.state.scheduled, hasVariances: !takesRecorded)
                try algorithm.check(table)
                let plan = try algorithm.plan(
                    for: PendingUpdate(
                        index: session.state.scheduled, total: resolved.updates, tokens: table,
                        entropy: mean(table.entropy), learningRate: rate,
                        momentumMemory: memory))
                let result = plan.algorithm.coefficients(for: table)
                coefficients = result
                return TokenDerivatives(
                    g1: result.g1, g2: result.g2, steering: plan.steering,
                    flow: plan.steering?.scalesFlows == true ? result.flows(in: table).g1 : nil)
            }
        } catch let refused as RefusedUpdate {
            return try skip(refused, batch, step: step, shared)
        }
        guard let coefficients else { return 0 }
        try algorithm.observe(report.outcome(coefficients, learningRate: rate))
        session.state.scheduled += 1
        session.state.updates = session.optimiser.stepCount
        var line = shared
        line.add("rollout_step", step)
        line.add(report: report, coefficients: coefficients, learningRate: rate)
        for metric in algorithm.controllerMetrics { line.add(metric.name, metric.value) }
        line.add(sampled: batch.sampledLogprob, report: report)
        if latent != nil { line.add(latent: dynamics, advantages: batch.advantages) }
        line.add("optimiser/learning_rate", rate)
        line.add("optimiser/gradient_norm", report.gradientNorm)
        line.add("optimiser/refused", report.gradientNorm.isFinite ? 0 : 1)
        line.add("seconds/rollout", timings.sampling)
        line.add("seconds/reward", timings.judging)
        line.add("seconds/credit", timings.crediting)
        line.add("seconds/update", report.secondsUpdating)
        line.add("seconds/measure", report.secondsMeasuring)
        line.add("seconds/log", timings.logging)
        let before = timings.sampling + timings.judging + timings.crediting + timings.logging
        let seconds = (clock.now - start).seconds + before
        line.add("rate/tokens_per_second", Double(report.before.count) / max(seconds, 1e-9))
        try append(line, batch, coefficients)
        try judge(report, batch)
        return mean(report.before.entropy)
    }
}
