// Several verifiers as one: the weighted sum of their rewards, each reported by name.

public import ConfigCoding
public import Trajectories

/// The reward Σ weight × reward over named components.
///
/// A completion is correct if every component that decides says so; the reason is that of the first deciding component
/// that says no, else of the first deciding one. Every component judges every completion.
public struct Rewards: Verifier {
    /// One summand.
    public struct Component: Sendable {
        public var name: String
        public var verifier: any Verifier
        public var weight: Double
        /// Whether it takes part in what counts as solved.
        public var decides: Bool

        public init(name: String, verifier: any Verifier, weight: Double = 1, decides: Bool) {
            self.name = name
            self.verifier = verifier
            self.weight = weight
            self.decides = decides
        }
    }

    public let components: [Component]

    /// Components in the order given; at least one must decide.
    public init?(_ components: [Component]) {
        guard components.contains(where: \.decides) else { return nil }
        self.components = components
    }

    /// Reads one component from every key: `name: {verifier: mathematics, weight: 1, decides: true, ...}`. `weight` is 1
    /// and must lie in -1000...1000; `decides` is true for the first component and false for the others.
    /// - Parameter own: what `verifier: own` means.
    /// - Throws: `ConfigError`.
    public init(from section: ConfigSection, own: (any Verifier)? = nil) throws {
        components = try section.keys.enumerated().map { position, name in
            let part = try section.section(name)
            return Component(
                name: name, verifier: try VerifierCatalogue.verifier(from: part, own: own),
                weight: try part.value("weight", default: 1, in: -1_000...1_000),
                decides: try part.value("decides", default: position == 0))
        }
        guard components.contains(where: \.decides) else {
            throw ConfigError(
                .missingKey,
                "\(section.path) needs at least one component that decides what is correct; name one, like "
                    + "\"solved: {verifier: mathematics}\"", place: section.place(of: section.keys.first ?? ""))
        }
    }

    public func check(_ problem: Problem) throws {
        for component in components { try component.verifier.check(problem) }
    }

    /// That of the first deciding component.
    public func answer(in completion: String) -> String? {
        components.first(where: \.decides)?.verifier.answer(in: completion)
    }

    public func verdict(on completion: String, for problem: Problem) -> Verdict {
        let verdicts = components.map { $0.verifier.verdict(on: completion, for: problem) }
        let parts = zip(components, verdicts).map { component, verdict in
            RewardComponent(
                name: component.name, value: verdict.reward, weight: component.weight, reason: verdict.reason)
        }
        let deciding = zip(components, verdicts).filter(\.0.decides).map(\.1)
        let refusal = deciding.first { !$0.isCorrect }
        return Verdict(
            reward: parts.reduce(0) { $0 + $1.weight * $1.value }, isCorrect: refusal == nil,
            reason: (refusal ?? deciding[0]).reason, components: parts)
    }
}
