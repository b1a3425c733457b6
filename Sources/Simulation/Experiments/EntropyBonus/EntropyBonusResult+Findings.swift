// Which claims about the entropy bonus held on tables.

extension EntropyBonusResult {
    /// A policy below a tenth of log V is lost, one above nine tenths exploded.
    private static var lost: Double { 0.1 * largest }
    private static var exploded: Double { 0.9 * largest }

    var findings: [Finding] {
        [knifeEdge, fold, hysteresis, noMiddle, turning, slow, adam, loop]
    }

    /// Coefficients at which the final entropy of every seed meets a condition.
    func coefficients(_ curves: [SeedCurves], where isMet: (Double) -> Bool) -> [Double] {
        zip(Experiment.coefficients, curves).filter { $1.ends.allSatisfy(isMet) }.map(\.0)
    }

    func listed(_ values: [Double]) -> String {
        values.isEmpty ? "none" : values.map { digits($0, 2) }.joined(separator: ", ")
    }

    func perSetting(_ words: (Experiment.Runs) -> String) -> String {
        runs.map { "\($0.setting.name): \(words($0))" }.joined(separator: "; ")
    }

    private var knifeEdge: Finding {
        func edge(_ run: Experiment.Runs) -> (low: Double, high: Double) {
            (
                coefficients(run.fresh) { $0 < Self.lost }.max() ?? .nan,
                coefficients(run.fresh) { $0 > Self.exploded }.min() ?? .nan
            )
        }
        return Finding(
            "A fixed coefficient is a knife edge: about three times one under which a fresh policy collapses makes it "
                + "explode to log V (0.1 and 0.3 in the study)",
            holds: runs.filter(\.setting.normalisesStd).allSatisfy { edge($0).high <= 10.0 / 3 * edge($0).low },
            measured: "largest coefficient with H < 10 % and smallest with H > 90 % of log V: "
                + perSetting { "\(digits(edge($0).low, 2)) and \(digits(edge($0).high, 2))" })
    }

    private var fold: Finding {
        func clear(_ run: Experiment.Runs) -> [(found: Double, derived: Double)] {
            zip(Experiment.coefficients, run.fresh).filter { coefficient, _ in
                run.setting.balance.folds.lost.map { coefficient > 1.05 * $0 } ?? (coefficient > 0.3)
            }.map { (mean($1.ends), run.setting.balance.freshEntropy(at: $0)) }
        }
        func error(_ run: Experiment.Runs) -> Double { clear(run).map { abs($0.found - $0.derived) }.max() ?? .nan }
        func isLostBelow(_ run: Experiment.Runs) -> Bool {
            guard let fold = run.setting.balance.folds.lost else { return true }
            return zip(Experiment.coefficients, run.fresh).allSatisfy {
                $0 > 0.8 * fold || $1.ends.allSatisfy { $0 < Self.lost }
            }
        }
        return Finding(
            "A fresh policy is lost below the fold of drive over restoring force and else settles where they balance "
                + "(derived)", holds: runs.allSatisfy { isLostBelow($0) && error($0) < 0.1 },
            measured: perSetting { run in
                let folds = run.setting.balance.folds
                return (folds.lost.map { "fold at \(digits($0, 3))" } ?? "no fold")
                    + (folds.regained.map { " and \(digits($0, 3))" } ?? "")
                    + ", largest error of H above it \(digits(error(run), 3)) nats"
            })
    }

    /// Coefficients that hold every fresh policy at half of log V or more and leave every collapsed one lost.
    private func bistable(_ run: Experiment.Runs) -> [Double] {
        let held = coefficients(run.fresh) { $0 >= 0.5 * Self.largest }
        let left = coefficients(run.collapsed) { $0 < Self.lost }
        return held.filter(left.contains)
    }

    private var hysteresis: Finding {
        Finding(
            "A coefficient that holds a fresh policy cannot recover a collapsed one (hysteresis), for GRPO",
            holds: runs.filter(\.setting.normalisesStd).allSatisfy { !bistable($0).isEmpty },
            measured: "coefficients with both outcomes after 200 steps: " + perSetting { listed(bistable($0)) })
    }

    private var noMiddle: Finding {
        func held(_ run: Experiment.Runs) -> [Double] {
            let recovers = coefficients(run.collapsed) { $0 >= 0.5 * Self.largest }
            return recovers.filter { !coefficients(run.fresh) { $0 > Self.exploded }.contains($0) }
        }
        return Finding(
            "Every coefficient that recovers a collapsed policy explodes a fresh one (0.2 does not recover, 0.3 "
                + "explodes in the study), for GRPO",
            holds: runs.filter(\.setting.normalisesStd).allSatisfy { held($0).isEmpty },
            measured: "coefficients that recover without exploding: " + perSetting { listed(held($0)) })
    }
}
