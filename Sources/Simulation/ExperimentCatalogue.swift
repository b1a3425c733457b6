// Every experiment by name. Adding one means one line here.

/// The experiments of `maxwell simulate`, in the order in which docs/theory.md tells them.
public enum ExperimentCatalogue {
    public static let all: [any Experiment.Type] = [
        Interventions.self, CentredInterventions.self, StepSize.self, CentringCheck.self, CovarianceLaw.self,
        MuSweep.self, PassRateHistogram.self, RatioClip.self, ClipRange.self, EntropyBonusHysteresis.self,
        RewardLaw.self, Frontier.self, Telescoping.self,
    ]

    /// - Throws: `SimulationError` naming the experiments there are.
    public static func experiment(named name: String) throws -> any Experiment.Type {
        guard let found = all.first(where: { $0.name == name }) else {
            throw SimulationError(
                .unknownExperiment,
                "there is no experiment called \(name); there are \(all.map { $0.name }.joined(separator: ", "))",
                place: "experiment")
        }
        return found
    }
}
