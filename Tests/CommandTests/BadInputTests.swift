// Every kind of bad input: one sentence, an exit code that is not zero, nothing half-written.

import Foundation
import Testing
import Torch

@Suite struct BadInputTests {
    @Test func `configurations`() throws {
        let scratch = try Scratch()
        try Maxwell.writeModel(to: scratch("model"))
        let good = Maxwell.trainYAML(model: scratch("model"), output: scratch("run"), steps: 2)
        let config = try scratch.write(good, to: "good.yaml")
        let misspelt = try scratch.write(good.replacing("learning_rate:", with: "lerning_rate:"), to: "misspelt.yaml")
        let torn = try scratch.write(good + "\n  - [", to: "torn.yaml")
        let empty = try scratch.write("", to: "empty.yaml")
        let before = scratch.everything()
        let table: [([String], [String])] = [
            ([scratch("nowhere.yaml")], ["nowhere.yaml"]),
            ([misspelt], ["optimiser.lerning_rate", "learning_rate?", "misspelt.yaml:"]),
            ([torn], ["torn.yaml"]), ([empty], ["empty.yaml"]),
            ([config, "optimiser.learning_rate=-1"], ["optimiser.learning_rate", "-1"]),
            ([config, "rollout.temperature=0"], ["rollout.temperature", "0"]),
            ([config, "rollout.graphs=true"], ["rollout.graphs", "device cpu", "device: cuda"]),
            ([config, "training.steps=many"], ["training.steps", "many"]),
            ([config, "training.mini_batches=5"], ["training.mini_batches (5)", "rollout.prompts_per_step (4)"]),
            ([config, "algorithm.name=clip_x"], ["algorithm.name", "clip_v"]),
            ([config, "environment.name=chess"], ["chess"]),
            ([config, "threads=0"], ["threads"]),
            ([config, "nonsense"], ["nonsense"]),
            ([config, "model=\(scratch("nowhere"))"], [scratch("nowhere")]),
            ([config, "prompts=\(scratch("nowhere.jsonl"))"], ["nowhere.jsonl"]),
            ([config, "--resume"], [scratch("run")]),
            ([config, "output=\(scratch("good.yaml"))/run"], ["good.yaml"]),
        ]
        for (arguments, words) in table {
            let sentence = try Maxwell.refusal(["train"] + arguments)
            for word in words { #expect(sentence.contains(word), "\(sentence)") }
        }
        for arguments in [[scratch("nowhere.yaml")], [empty]] { try Maxwell.refusal(["sft"] + arguments) }
        #expect(scratch.everything() == before)
        // the largest values that each key allows are still no reason to trap
        let dry = try Maxwell.run(
            [
                "train", config, "--dry-run", "rollout.prompts_per_step=1000000",
                "rollout.completions_per_prompt=10000",
                "rollout.max_new_tokens=1000000", "training.steps=100000000",
            ])
        #expect(!dry.wasSignalled, "\(dry.errors)")
        #expect(scratch.everything() == before)
    }

    @Test func `model folders`() throws {
        let scratch = try Scratch()
        try Maxwell.writeModel(to: scratch("model"))
        let prompts = try scratch.write(#"{"prompt": "1 2=3\n"}"# + "\n", to: "prompts.jsonl")
        let weights = try Data(contentsOf: URL(filePath: scratch("model/model.safetensors")))
        let files = FileManager.default
        func variant(_ name: String, _ change: (String) throws -> Void) throws -> String {
            try files.copyItem(atPath: scratch("model"), toPath: scratch(name))
            try change(scratch(name))
            return scratch(name)
        }
        func weightsVariant(_ name: String, _ bytes: Data) throws -> String {
            try variant(name) { try bytes.write(to: URL(filePath: $0 + "/model.safetensors")) }
        }
        func configVariant(_ name: String, _ old: String, _ new: String) throws -> String {
            try variant(name) { folder in
                let path = folder + "/config.json"
                let text = try String(contentsOfFile: path, encoding: .utf8)
                #expect(text.contains(old))
                try Data(text.replacing(old, with: new).utf8).write(to: URL(filePath: path))
            }
        }
        func headerVariant(_ name: String, _ length: UInt64, _ header: String, data: Int = 0) throws -> String {
            var bytes = withUnsafeBytes(of: length.littleEndian) { Data($0) }
            bytes += Data(header.utf8) + Data(count: data)
            return try weightsVariant(name, bytes)
        }
        let entry = #"{"model.norm.weight":{"dtype":"F32","shape":[16],"data_offsets":[0,64]}}"#
        let huge = #"{"model.norm.weight":{"dtype":"F32","shape":[4611686018427387904,8],"data_offsets":[0,64]}}"#
        let negative = #"{"model.norm.weight":{"dtype":"F32","shape":[-16],"data_offsets":[0,64]}}"#
        let table: [(String, [String])] = [
            (scratch("nowhere"), ["nowhere"]),
            (try weightsVariant("truncated", weights.prefix(weights.count - 100)), ["truncated/model.safetensors"]),
            (try weightsVariant("headless", weights.prefix(200)), ["headless/model.safetensors"]),
            (try weightsVariant("nothing", Data()), ["nothing/model.safetensors"]),
            (try headerVariant("longer", 1 << 40, entry, data: 64), ["longer/model.safetensors"]),
            (try headerVariant("negative", .max, entry, data: 64), ["negative/model.safetensors"]),
            (
                try headerVariant("claims", UInt64(entry.utf8.count), entry, data: 10),
                ["claims/model.safetensors", "64"]
            ),
            (try headerVariant("huge", UInt64(huge.utf8.count), huge, data: 64), ["huge/model.safetensors"]),
            (try headerVariant("minus", UInt64(negative.utf8.count), negative, data: 64), ["minus/model.safetensors"]),
            (try headerVariant("text", 8, "not json"), ["text/model.safetensors"]),
            (
                try variant("bare") { try files.removeItem(atPath: $0 + "/model.safetensors") },
                ["bare", "model.safetensors"]
            ),
            (try variant("mute") { try files.removeItem(atPath: $0 + "/tokenizer.json") }, ["mute/tokenizer.json"]),
            (
                try variant("garbled") { try Data("{".utf8).write(to: URL(filePath: $0 + "/tokenizer.json")) },
                ["garbled/tokenizer.json"]
            ),
            (
                try variant("blank") { try Data("{}".utf8).write(to: URL(filePath: $0 + "/config.json")) },
                ["blank/config.json"]
            ),
            (try configVariant("other", "\"qwen2\"", "\"mamba\""), ["other/config.json", "mamba"]),
            (try configVariant("wide", "\"hidden_size\" : 16", "\"hidden_size\" : 32"), ["wide", "shape"]),
            (
                try configVariant("deep", "\"num_hidden_layers\" : 1", "\"num_hidden_layers\" : 2"),
                ["deep", "layers.1"]
            ),
            (
                try configVariant("odd", "\"num_attention_heads\" : 4", "\"num_attention_heads\" : 3"),
                ["odd/config.json"]
            ),
            (try configVariant("zero", "\"hidden_size\" : 16", "\"hidden_size\" : 0"), ["hidden_size"]),
            (try configVariant("small", "\"vocab_size\" : 257", "\"vocab_size\" : 4294967296"), ["small"]),
        ]
        let before = scratch.everything()
        for (folder, words) in table {
            let sentence = try Maxwell.refusal(
                ["generate", "--model", folder, "--in", prompts, "--out", scratch("out.jsonl")])
            for word in words { #expect(sentence.contains(word), "\(sentence)") }
        }
        #expect(scratch.everything() == before)
    }

    @Test func `lines of JSONL`() throws {
        let scratch = try Scratch()
        try Maxwell.writeModel(to: scratch("model"))
        let long = String(repeating: "1 ", count: 30)
        let files: [(name: String, text: String, words: [String])] = [
            ("empty", "", ["empty.jsonl"]), ("blank", "\n  \n", ["blank.jsonl"]),
            ("torn", "{\"prompt\": \"1=1\"}\n\n{\"prompt\": \n", ["torn.jsonl:3"]),
            ("list", "{\"prompt\": \"1=1\"}\n[1]\n", ["list.jsonl:2"]),
            ("number", #"{"prompt": 7}"#, ["number.jsonl:1"]),
            ("noPrompt", #"{"text": "x"}"#, ["noPrompt.jsonl:1"]),
            ("emptyPrompt", #"{"prompt": ""}"#, ["emptyPrompt.jsonl:1"]),
            ("long", "{\"prompt\": \"1=1\"}\n{\"prompt\": \"\(long)\"}\n", ["60 tokens", "40"]),
        ]
        let paths = try files.map { try scratch.write($0.text, to: $0.name + ".jsonl") }
        let before = scratch.everything()
        for (path, file) in zip(paths, files) {
            let sentence = try Maxwell.refusal(
                ["generate", "--model", scratch("model"), "--in", path, "--out", scratch("out.jsonl")])
            for word in file.words { #expect(sentence.contains(word), "\(sentence)") }
        }
        try Maxwell.refusal(["generate", "--model", scratch("model"), "--in", scratch("nowhere.jsonl")])
        try Maxwell.refusal(["generate", "--model", scratch("model"), "--in", scratch.path])
        #expect(scratch.everything() == before)
        let lines: [(text: String, words: [String])] = [
            ("", ["in.jsonl"]), ("{\"text\": \"1 2\"}\n{\"tokens\": [1, \"x\"]}\n", ["in.jsonl:2"]),
            (#"{"tokens": [1, 257]}"#, ["257", "256"]), (#"{"tokens": [1, -1]}"#, ["-1"]),
            (#"{"tokens": [1, 99999999999999999999]}"#, ["in.jsonl:1"]),
            (#"{"tokens": [1]}"#, ["in.jsonl", "1"]), (#"{"prompt": "", "completion": ""}"#, ["in.jsonl"]),
            ("{\"text\": \"\(long)\"}", ["60 tokens", "40"]),
        ]
        for (text, words) in lines {
            let path = try scratch.write(text, to: "in.jsonl")
            let sentence = try Maxwell.refusal(
                ["logprobs", "--model", scratch("model"), "--in", path, "--out", scratch("out.jsonl")])
            for word in words { #expect(sentence.contains(word), "\(sentence)") }
        }
        for text in ["", "{\"text\": 3}", "{\"tokens\": [1]}"] {
            try Maxwell.refusal(
                ["tokenize", "--model", scratch("model"), "--in", try scratch.write(text, to: "in.jsonl")])
        }
        let problem = try scratch.write(#"{"prompt": "1=1"}"#, to: "in.jsonl")
        #expect(
            try Maxwell.refusal(["eval", "--model", scratch("model"), "--problems", problem]).contains("in.jsonl:1"))
        #expect(scratch.everything() == before.union(["in.jsonl"]))
    }

    @Test func `arguments`() throws {
        let scratch = try Scratch()
        try Maxwell.writeModel(to: scratch("model"))
        let prompts = try scratch.write(#"{"prompt": "1 2=3\n"}"# + "\n", to: "prompts.jsonl")
        let generate = ["generate", "--model", scratch("model"), "--in", prompts, "--out", scratch("out.jsonl")]
        let eval = ["eval", "--model", scratch("model"), "--count", "2", "--samples", "2", "--max-new-tokens", "4"]
        let before = scratch.everything()
        for arguments in [
            ["--samples", "0"], ["--temperature", "0"], ["--temperature", "nan"], ["--temperature", "-1"],
            ["--threads", "0"],
            ["--threads", "99999999999"], ["--max-new-tokens", "0"], ["--samples", "x"], ["--nonsense"],
            ["--temperature", "inf"], ["--samples", "9223372036854775807"],
        ] {
            let result = try Maxwell.run(generate + arguments)
            #expect(!result.wasSignalled && result.status != 0, "\(arguments): \(result)")
            #expect(result.errors.components(separatedBy: "Error: ").count == 2, "\(arguments): \(result.errors)")
        }
        #expect(scratch.everything() == before)
        for arguments in [
            ["--environment", "chess"], ["--set", "max_nmber=3"], ["--set", "max_number=0"], ["--set", "x"],
            ["--k", "0"],
            ["--count", "9223372036854775807"], ["--samples", "9223372036854775807"],
        ] {
            let result = try Maxwell.run(eval + arguments)
            #expect(!result.wasSignalled && result.status != 0, "\(arguments): \(result)")
            #expect(result.errors.components(separatedBy: "Error: ").count == 2, "\(arguments): \(result.errors)")
        }
        // a limit beyond the context is the context
        try Maxwell.success(generate + ["--max-new-tokens", "9223372036854775807"])
    }

    @Test func `an output that is no regular file is not replaced by one`() throws {
        let scratch = try Scratch()
        let input = try scratch.write(#"{"text": "1 2=3"}"# + "\n", to: "in.jsonl")
        #expect(mkfifo(scratch("pipe"), 0o600) == 0)
        _ = try Maxwell.run(
            ["tokenize", "--model", Maxwell.tokenizer, "--in", input, "--out", scratch("pipe")],
            shell: "exec 9<>'\(scratch("pipe"))'")
        let type = try FileManager.default.attributesOfItem(atPath: scratch("pipe"))[.type] as? FileAttributeType
        #expect(type != .typeRegular)
    }
}
