// Adapters on the command line: trained, put on a model, merged into it.

import Foundation
import Testing

@Suite struct AdapterCommandTests {
    @Test func `a merged model generates what the model with its adapters generates`() throws {
        let scratch = try Scratch()
        try Maxwell.writeModel(to: scratch("base"))
        let yaml = Maxwell.trainYAML(model: scratch("base"), output: scratch("run"), steps: 2, every: 2)
        let config = try scratch.write(yaml + "\nlora: {rank: 2, alpha: 64}\n", to: "lora.yaml")
        let about = try Maxwell.success(["train", config, "--dry-run"])
        #expect(about.contains("in adapters are trained"))
        try Maxwell.success(["train", config])
        let adapter = scratch("run/checkpoints/step-000002/adapter")
        let answer = try Maxwell.success(
            ["merge", "--model", scratch("base"), "--adapter", adapter, "--out", scratch("merged")])
        #expect(answer.contains("rank 2 and alpha 64"))
        for file in ["model.safetensors", "tokenizer.json"] {
            #expect(
                try Data(contentsOf: URL(filePath: scratch("merged/" + file)))
                    == Data(contentsOf: URL(filePath: scratch("run/checkpoints/step-000002/" + file))), "\(file)")
        }
        #expect(
            try Data(contentsOf: URL(filePath: scratch("merged/model.safetensors")))
                != Data(contentsOf: URL(filePath: scratch("base/model.safetensors"))))
        let input = try scratch.write(#"{"prompt": "1 2=3\n"}"#, to: "prompts.jsonl")
        func generated(_ model: [String]) throws -> String {
            try Maxwell.success(["generate", "--in", input, "--samples", "4", "--max-new-tokens", "8"] + model)
        }
        let expected = try generated(["--model", scratch("merged")])
        #expect(try generated(["--model", scratch("base"), "--adapter", adapter]) == expected)
        #expect(
            try Maxwell.refusal(["merge", "--model", scratch("base"), "--adapter", adapter, "--out", scratch("merged")])
                == "Error: \(scratch("merged")) exists; name a folder that does not")
        #expect(
            try Maxwell.refusal(
                ["generate", "--in", input, "--model", scratch("base"), "--adapter", scratch("none")])
                == "Error: cannot read \(scratch("none"))/adapter_config.json; an adapter folder needs it")
    }
}
