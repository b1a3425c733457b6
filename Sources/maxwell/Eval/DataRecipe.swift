// What `--recipe` names: a file that says which problems, how judged, how sampled; or the configuration of a training run.

import ArgumentParser
import ConfigCoding
import Environments
import Models
import Training
import Trajectories

/// Which side of a file that holds problems out.
enum ProblemPart: String, ExpressibleByArgument, CaseIterable {
    case train, heldout, all
}

/// How a file of problems is read and judged, and what is sampled for it.
///
/// A recipe has the sections `environment`, `data` and `evaluation`, and may name the file itself with `prompts`. A training
/// configuration serves as one: its `environment`, `data` and `prompts` count, so that an evaluation sees what the run held out.
struct DataRecipe {
    var environment: any Environment
    var data: ProblemData
    /// The file of problems, where no option names one.
    var prompts: String?
    var sampling: Sampling
    /// The file and its overrides, verbatim.
    var sourceText: String

    /// `evaluation:` the defaults of `maxwell eval`, which its options override.
    struct Sampling: Equatable {
        var samples: Int
        var temperature: Double
        var maxNewTokens: Int
        /// The k of pass@k and maj@k; empty stands for 1, 4 and 16 as far as there are samples.
        var ks: [Int]

        /// - Throws: `ConfigError`.
        init(from section: ConfigSection) throws {
            samples = try section.value("samples", default: 16, in: 1...1_000_000)
            temperature = try section.value("temperature", default: 1, in: 0.01...100)
            maxNewTokens = try section.value("max_new_tokens", default: 256, in: 1...1_000_000)
            ks = try section.list("k", default: [])
        }
    }

    /// - Throws: `ConfigError`, `EnvironmentError`.
    init(_ root: ConfigSection, seed: UInt64) throws {
        sourceText = root.sourceText
        if root.has("algorithm") {
            let run = try TrainConfig(root)
            (environment, data, prompts) = (run.environment, run.data, run.prompts)
            sampling = try Sampling(from: try ConfigSection.parse("", name: "evaluation"))
            return
        }
        environment = try EnvironmentCatalogue.environment(from: try root.section("environment"), seed: seed)
        data = try ProblemData(from: try root.section("data"))
        prompts = try root.optional("prompts", as: String.self)
        sampling = try Sampling(from: try root.section("evaluation"))
        try root.finish()
    }

    /// The problems of a file on one side of the split whose prompts fit the model; says on standard error what did not.
    /// - Parameters:
    ///   - part: nil takes what is held out where something is, else all.
    ///   - vocabulary: cuts prompts from now on, where the recipe says so.
    /// - Throws: `EnvironmentError`, `TrainingError`; `CommandError` for a side of a file that holds nothing out.
    func problems(
        _ path: String, _ part: ProblemPart?, _ model: ModelConfig, _ vocabulary: inout Vocabulary
    ) throws -> [Problem] {
        let fit = try PromptFit(
            try side(of: path, part), vocabulary, contextLength: model.contextLength, limit: data.promptLimit,
            place: path)
        if let sentence = fit.sentence { warn(sentence) }
        vocabulary.cutLength = fit.cutLength
        return fit.kept
    }

    private func side(of path: String, _ part: ProblemPart?) throws -> [Problem] {
        let sides = try ProblemFile.load(path, mapping: data.mapping, split: data.split)
        switch part ?? (sides.heldout.isEmpty ? .all : .heldout) {
        case .train: return sides.train
        case .heldout:
            guard !sides.heldout.isEmpty else {
                throw CommandError(
                    "no problem of \(path) is held out; set data.held_out in the recipe, or take --part all")
            }
            return sides.heldout
        case .all: return try ProblemFile.load(path, mapping: data.mapping)
        }
    }
}

/// `--recipe`, `--environment` and `--set`, shared by the commands that read problems.
struct RecipeOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "A recipe such as configs/eval/gsm8k.yaml, or the configuration of a training run: how the file of problems is read "
                + "and judged."))
    var recipe: String?
    @Option(help: "The environment that judges, without a recipe (countdown).") var environment: String?
    @Option(help: "key=value: an option of the environment, or key.path=value in the recipe; may be repeated.") var set:
        [String] = []

    func validate() throws {
        if recipe != nil, environment != nil {
            throw ValidationError("--environment has no effect beside --recipe, which names one; leave one of them out")
        }
    }

    func load(seed: UInt64) throws -> DataRecipe {
        if let recipe { return try DataRecipe(try ConfigSection.load(file: recipe, overrides: set), seed: seed) }
        let name = environment ?? EnvironmentCatalogue.names[0]
        let overrides = ["environment.name=\(name)"] + set.map { "environment.\($0)" }
        return try DataRecipe(try ConfigSection.parse("", name: "--environment", overrides: overrides), seed: seed)
    }
}
