// Which claims about the return from a collapse held on tables.

extension EntropyBonusResult {
    /// Where a collapsed policy turns from sinking on to rising, beside the derived coefficient.
    var turning: Finding {
        func ends(_ run: Experiment.Runs) -> (sinks: Double, rises: Double) {
            let signed = zip(Experiment.coefficients, run.collapsed)
            return (
                signed.filter { $1.changes.allSatisfy { $0 < 0 } }.map(\.0).max() ?? .nan,
                signed.filter { $1.changes.allSatisfy { $0 > 0 } }.map(\.0).min() ?? .nan
            )
        }
        func derived(_ run: Experiment.Runs, _ deeper: Double = 1) -> Double {
            let start = mean(run.collapsed.flatMap { $0.seeds.compactMap(\.first) })
            return run.setting.balance.coefficient(atEntropy: start / deeper)
        }
        return Finding(
            "A collapsed policy sinks on below the coefficient at which drive and restoring force balance at its "
                + "depth, and rises above it (derived)",
            holds: runs.allSatisfy { ends($0).sinks <= derived($0) && derived($0) <= ends($0).rises },
            measured: perSetting {
                "derived \(digits(derived($0), 2)), sinks up to \(digits(ends($0).sinks, 2)), rises from "
                    + "\(digits(ends($0).rises, 2)), derived for a hundredth of the entropy "
                    + digits(derived($0, 100), 2)
            })
    }

    private func returns(_ setting: BonusSetting?, _ optimiser: OptimiserKind) -> [BonusReturn] {
        returns.filter { ($0.setting == Experiment.main) == (setting == Experiment.main) && $0.optimiser == optimiser }
    }

    /// Steps from the second depth over steps from the first, per seed.
    private func growth(_ returns: [BonusReturn]) -> [Double] {
        zip(returns.first?.steps ?? [], returns.last?.steps ?? []).map { $1 / $0 }
    }

    private func inWords(_ returns: [BonusReturn]) -> String {
        returns.map { one in
            let returned = one.steps.count(where: \.isFinite)
            let outcome =
                returned == one.steps.count
                ? "\(spread(one.steps, 0)) steps to 1 nat"
                : "\(returned) of \(one.steps.count) seeds return in \(BonusReturn.patience) steps"
            return "\(one.name): \(outcome)"
        }.joined(separator: "; ")
    }

    var slow: Finding {
        let own = returns(nil, .sgd)
        return Finding(
            "Without division by the standard deviation the return is slow rather than impossible: the deeper the "
                + "collapse, the longer (derived)",
            holds: growth(own).allSatisfy { $0 > 1 }, measured: inWords(own))
    }

    var adam: Finding {
        let (centred, main) = (returns(nil, .adam()), returns(Experiment.main, .adam()))
        return Finding(
            "Adam, whose steps do not shrink with the gradient, takes away the slowness and not the threshold (ours)",
            holds: growth(centred).allSatisfy { $0 < 2 }
                && main.first?.steps.allSatisfy(\.isNaN) == true && main.last?.steps.allSatisfy(\.isFinite) == true,
            measured: inWords(centred + main))
    }

    var loop: Finding {
        let speeds = Experiment.rampSteps
        func gaps(_ setting: BonusSetting) -> [[Double]] { speeds.map { ramp(of: setting, steps: $0)?.gaps ?? [] } }
        let (main, centred) = (gaps(Experiment.main), gaps(Experiment.centred))
        func left(_ gaps: [[Double]]) -> Double { mean(gaps[1]) / mean(gaps[0]) }
        func words(_ gaps: [[Double]]) -> String {
            zip(speeds, gaps).map { "\(spread($1, 2)) nats at \($0) steps per value" }.joined(separator: ", ")
        }
        return Finding(
            "Ramped up and down, GRPO runs through a loop that a six times slower ramp does not close, while without "
                + "division by the standard deviation it is mostly lag",
            holds: left(main) > 0.5 && left(centred) < 0.5,
            measured: "mean of falling minus rising branch: \(Experiment.main.name) \(words(main)); "
                + "\(Experiment.centred.name) \(words(centred))")
    }
}
