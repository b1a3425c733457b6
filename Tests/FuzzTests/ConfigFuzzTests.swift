// Spoiled configurations: read as every kind of value, with spoiled overrides, and handed to the environments.

import ConfigCoding
import Environments
import Testing
import Verifiers

@Suite struct ConfigFuzzTests {
    static let words = [
        "  ", "\n", ": ", "- ", "? ", "&a ", "*a", "<<", "!!str ", "!x ", "|", ">-", "'", "#", "---\n", "...\n",
        "%YAML 1.1",
        "~", "training:\n", "  steps: ", "name: ", "[1, 2]", "{a: b}", "\u{85}", "yes", "0x1F", "1_000", ".inf", ".nan",
    ]

    @Test func `a spoiled configuration is read or refused with a ConfigError`() throws {
        let mutation = Mutation(try Fuzzing.files("configs", suffix: ".yaml"), words: Self.words)
        Fuzzing.run("config", mutation, cases: 3_000, own: [ConfigError.self]) { bytes in
            let text = String(decoding: bytes, as: UTF8.self)
            let overrides = text.count.isMultiple(of: 4) ? ["training.steps=\(text.suffix(40))"] : []
            let root = try ConfigSection.parse(text, name: "c.yaml", overrides: overrides)
            for key in root.keys { try Self.read(key, of: root, depth: 0) }
            try root.finish()
        }
    }

    /// Asks for a value as everything that it might be; at most one answer is right, and none may crash.
    private static func read(_ key: String, of section: ConfigSection, depth: Int) throws {
        _ = try? section.required(key, as: Int.self)
        _ = try? section.value(key, default: 1, in: 1...5)
        _ = try? section.required(key, as: Double.self)
        _ = try? section.required(key, as: Bool.self)
        _ = try? section.required(key, as: String.self)
        _ = try? section.list(key, default: [0.5])
        _ = try? section.list(key, default: [""])
        _ = try? section.choice(key, among: ["countdown", "grpo", "cosine"])
        guard let below = try? section.section(key) else { return }
        for key in below.keys { try read(key, of: below, depth: depth + 1) }
    }

    @Test func `a spoiled section of an environment makes one or is refused`() throws {
        let corpus =
            EnvironmentCatalogue.names.map { name in
                name == "dataset"
                    ? "name: dataset\nreward:\n  answer:\n    verifier: mathematics\n    weight: 1.0\n"
                    : "name: \(name)\n"
            } + [
                "name: countdown\nmin_numbers: 3\nmax_numbers: 4\nmax_number: 10\nmax_target: 50\n",
                "name: dataset\nreward:\n  form:\n    verifier: pattern\n    pattern: \"^a(b|c)*$\"\n    weight: 0.2\n"
                    + "  short:\n    verifier: length\n    free: 10\n    maximum: 20\n",
                "name: parity\nprompt_length: 8\nreward:\n  own:\n    verifier: own\n  exact:\n    verifier: exact\n",
            ]
        let words = Self.words + EnvironmentCatalogue.names + VerifierCatalogue.names
        Fuzzing.run(
            "environment", Mutation(corpus, words: words), cases: 1_000,
            own: [ConfigError.self, EnvironmentError.self, VerifierError.self]
        ) { bytes in
            let root = try ConfigSection.parse(String(decoding: bytes, as: UTF8.self), name: "e.yaml")
            let environment = try EnvironmentCatalogue.environment(from: root, seed: 1)
            try root.finish()
            _ = environment.count(of: .train)
        }
    }
}
