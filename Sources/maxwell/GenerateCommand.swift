// `maxwell generate`: completions of a file of prompts.

import ArgumentParser
import ConfigCoding
import Environments
import Models
import Rollouts
import Training
import Trajectories

struct GenerateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "generate", abstract: "Samples completions for prompts.",
        discussion:
            #"Reads lines like {"prompt": "..."} or {"messages": [...]} and writes prompt, completion, tokens, logprobs, entropy, stop_reason."#
    )

    @OptionGroup var modelOptions: ModelOptions
    @Option(help: "A recipe or training configuration, whose data section says how the lines are read.") var recipe:
        String?
    @Option(help: "Which side of a file that holds problems out: train, heldout or all.") var part: ProblemPart?
    @Option(name: .customLong("in"), help: "JSONL of prompts.") var input: String
    @Option(name: .customLong("out"), help: "JSONL of completions; standard output if not given.") var output: String?
    @Option(help: "Completions of each prompt.") var samples = 1
    @Option var temperature = 1.0
    @Flag(help: "Take the most likely token instead of sampling.") var greedy = false
    @Option var maxNewTokens = 256
    @Option var seed: UInt64 = 1

    func validate() throws {
        try OptionBounds.check(samples: samples, maxNewTokens: maxNewTokens, temperature: temperature)
    }

    func run() throws {
        let section =
            try recipe.map { try ConfigSection.load(file: $0) } ?? ConfigSection.parse("", name: "--recipe")
        let reading = try DataRecipe(section, seed: seed)
        let model: any LanguageModel
        var vocabulary: Vocabulary
        (model, vocabulary) = try modelOptions.load()
        let problems = try reading.problems(input, part, model.config, &vocabulary)
        let engine = RolloutEngine(model: model, seed: seed)
        let prepared = try problems.map(vocabulary.prompt(of:))
        let prompts = prepared.enumerated().map { index, prompt in
            RolloutEngine.Prompt(tokens: prompt.tokens, index: index)
        }
        var bar = ProgressBar("generate", total: problems.count * samples, unit: "completions")
        let completions = try engine.complete(
            prompts, samples: samples,
            options: SamplingOptions(
                temperature: temperature, isGreedy: greedy, maxNewTokens: maxNewTokens,
                stopTokens: vocabulary.stopTokens),
            step: 0
        ) { bar.update($0) }
        let lines = zip(prepared.map { $0.problem }, completions).flatMap { problem, group in
            group.map { completion in
                CompletionLine(
                    id: problem.id, prompt: problem.prompt, completion: vocabulary.text(of: completion.tokens),
                    tokens: completion.tokens, logprobs: completion.sampledLogprob, entropy: completion.entropy,
                    reward: nil, reason: nil, stopReason: completion.stopReason)
            }
        }
        try JSONLines.write(lines, to: output)
    }
}
