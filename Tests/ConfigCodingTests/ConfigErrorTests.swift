// A table of configurations and the exact sentence each one gets.

import ConfigCoding
import Testing

/// A configuration, how it is read, and what the user must see.
struct SentenceCase: Sendable, CustomTestStringConvertible {
    var yaml: String
    var overrides: [String] = []
    var code: ConfigError.Code
    var sentence: String
    var read: @Sendable (ConfigSection) throws -> Void = { _ in }

    var testDescription: String { sentence }
}

private enum Preset: String, CaseIterable { case paper, vetted }

@Suite struct ConfigErrorTests {
    static let reading: @Sendable (ConfigSection) throws -> Void = { root in
        let algorithm = try root.section("algorithm")
        _ = try algorithm.choice("name", default: "grpo", among: ["grpo", "clip_b", "clip_v"])
        _ = try algorithm.choice("preset", default: Preset.paper)
        _ = try algorithm.value("mu_neg", default: 3.0, in: 0...100)
        _ = try algorithm.value("mu_pos", default: 3.0, in: 0...(.infinity))
        _ = try algorithm.value("epochs", default: 1, in: 1...Int.max)
        _ = try algorithm.value("normalise", default: true)
        _ = try algorithm.value("floor", default: 0.0, in: -.infinity...0)
        _ = try algorithm.list("sizes", default: [1, 2])
        _ = try algorithm.optional("cap", as: Double.self, in: 0.5...1)
        _ = try root.section("environment")
        _ = root.has("thermostat")
    }

    static let cases: [SentenceCase] = [
        // Keys
        .init(
            yaml: "algorithm:\n  name: clip_b\n  mu_ngg: 2", code: .unknownKey,
            sentence: "algorithm.mu_ngg is not a key here; did you mean mu_neg? (clip-b.yaml:3)"),
        .init(
            yaml: "algorithm:\n  name: clip_b\n  mu_eng: 2", code: .unknownKey,
            sentence: "algorithm.mu_eng is not a key here; did you mean mu_neg? (clip-b.yaml:3)"),
        .init(
            yaml: "algoritm:\n  name: clip_b", code: .unknownKey,
            sentence: "algoritm is not a key here; did you mean algorithm? (clip-b.yaml:1)"),
        .init(
            yaml: "seed: 1", code: .unknownKey,
            sentence: "seed is not a key here; the keys are algorithm, environment, thermostat (clip-b.yaml:1)"),
        .init(
            yaml: "thermostat: on", code: .unknownKey,
            sentence: "thermostat is known, but nothing reads it in this configuration (clip-b.yaml:1)"),
        .init(
            yaml: "environment:\n  # a comment\n  name: countdown", code: .unknownKey,
            sentence: "environment.name is not a key here; this section takes no keys (clip-b.yaml:3)"),
        .init(
            yaml: "\"a\\nb\": 1", code: .unknownKey,
            sentence: "a\\nb is not a key here; the keys are algorithm, environment, thermostat (clip-b.yaml:1)"),
        .init(
            yaml: "algorithm: {name: grpo}", overrides: ["algorithm.mu_nge=1"], code: .unknownKey,
            sentence: "algorithm.mu_nge is not a key here; did you mean mu_neg? (override algorithm.mu_nge=1)"),
        // Types
        .init(
            yaml: "algorithm: 3", code: .wrongType,
            sentence: "algorithm must be a section of keys, got 3 (clip-b.yaml:1)"),
        .init(
            yaml: "algorithm:\n- a\n- b", code: .wrongType,
            sentence: "algorithm must be a section of keys, got a list (clip-b.yaml:1)"),
        .init(
            yaml: "algorithm:\n  mu_neg: three", code: .wrongType,
            sentence: "algorithm.mu_neg must be a number, got three (clip-b.yaml:2)"),
        .init(
            yaml: "algorithm:\n  mu_neg: \"3\"", code: .wrongType,
            sentence: "algorithm.mu_neg must be a number, got the text \"3\" (clip-b.yaml:2)"),
        .init(
            yaml: "algorithm:\n  mu_neg: .nan", code: .wrongType,
            sentence: "algorithm.mu_neg must be a number, got .nan (clip-b.yaml:2)"),
        .init(
            yaml: "algorithm:\n  epochs: 1.5", code: .wrongType,
            sentence: "algorithm.epochs must be a whole number, got 1.5 (clip-b.yaml:2)"),
        .init(
            yaml: "algorithm:\n  epochs:\n", code: .wrongType,
            sentence: "algorithm.epochs must be a whole number, got nothing; remove the key to take its default "
                + "(clip-b.yaml:2)"),
        .init(
            yaml: "algorithm:\n  epochs: {a: 1}", code: .wrongType,
            sentence: "algorithm.epochs must be a whole number, got a section (clip-b.yaml:2)"),
        .init(
            yaml: "algorithm:\n  epochs: 99999999999999999999", code: .wrongType,
            sentence: "algorithm.epochs must be a whole number, got 99999999999999999999 (clip-b.yaml:2)"),
        .init(
            yaml: "algorithm:\n  normalise: yes", code: .wrongType,
            sentence: "algorithm.normalise must be true or false, got yes (clip-b.yaml:2)"),
        .init(
            yaml: "algorithm:\n  sizes: 3", code: .wrongType,
            sentence: "algorithm.sizes must be a list, each item a whole number, got 3 (clip-b.yaml:2)"),
        .init(
            yaml: "algorithm:\n  sizes:\n  - 3\n  - x", code: .wrongType,
            sentence: "algorithm.sizes[1] must be a whole number, got x (clip-b.yaml:4)"),
        .init(
            yaml: "algorithm:\n  name: [grpo]", code: .wrongType,
            sentence: "algorithm.name must be one of grpo, clip_b, clip_v, got a list (clip-b.yaml:2)"),
        .init(
            yaml: "algorithm: {name: grpo}", overrides: ["algorithm.name.first=1"], code: .wrongType,
            sentence: "algorithm.name must be a section, got grpo (override algorithm.name.first=1)"),
        // Bounds
        .init(
            yaml: "algorithm:\n\n\n\n\n\n  mu_neg: -1", code: .outOfRange,
            sentence: "algorithm.mu_neg must lie in 0...100, got -1 (clip-b.yaml:7)"),
        .init(
            yaml: "algorithm:\n  mu_neg: inf", code: .outOfRange,
            sentence: "algorithm.mu_neg must lie in 0...100, got inf (clip-b.yaml:2)"),
        .init(
            yaml: "algorithm:\n  mu_pos: -0.25", code: .outOfRange,
            sentence: "algorithm.mu_pos must be at least 0, got -0.25 (clip-b.yaml:2)"),
        .init(
            yaml: "algorithm:\n  epochs: 0", code: .outOfRange,
            sentence: "algorithm.epochs must be at least 1, got 0 (clip-b.yaml:2)"),
        .init(
            yaml: "algorithm:\n  floor: 1e-4", code: .outOfRange,
            sentence: "algorithm.floor must be at most 0, got 0.0001 (clip-b.yaml:2)"),
        .init(
            yaml: "algorithm:\n  cap: 2", code: .outOfRange,
            sentence: "algorithm.cap must lie in 0.5...1, got 2 (clip-b.yaml:2)"),
        .init(
            yaml: "", overrides: ["algorithm.mu_neg=101"], code: .outOfRange,
            sentence: "algorithm.mu_neg must lie in 0...100, got 101 (override algorithm.mu_neg=101)"),
        // Choices
        .init(
            yaml: "algorithm:\n  name: clib_b", code: .unknownChoice,
            sentence: "algorithm.name must be one of grpo, clip_b, clip_v, got clib_b; did you mean clip_b? "
                + "(clip-b.yaml:2)"),
        .init(
            yaml: "algorithm:\n  preset: fast", code: .unknownChoice,
            sentence: "algorithm.preset must be one of paper, vetted, got fast (clip-b.yaml:2)"),
        // Missing
        .init(
            yaml: "model:\n  path: m", code: .missingKey,
            sentence: "model.steps is required and must be a whole number (clip-b.yaml:1)",
            read: { _ = try $0.section("model").required("steps", as: Int.self) }),
        .init(
            yaml: "a: 1", code: .missingKey, sentence: "model is required and must be a text (clip-b.yaml)",
            read: { _ = try $0.required("model", as: String.self) }),
        .init(
            yaml: "a: 1", code: .missingKey, sentence: "name is required and must be one of x, y (clip-b.yaml)",
            read: { _ = try $0.choice("name", among: ["x", "y"]) }),
        // What readers add
        .init(
            yaml: "e:\n  low: 5", code: .outOfRange, sentence: "e.low must not exceed high, 4 (clip-b.yaml:2)",
            read: { throw try $0.section("e").fault(.outOfRange, "low", "must not exceed high, 4") }),
        // YAML
        .init(
            yaml: "a: 1\nb: 2\na: 3", code: .syntax,
            sentence: "a is written twice in one section; keep one of them (clip-b.yaml:1)"),
        .init(
            yaml: "- 1\n- 2", code: .syntax,
            sentence: "the configuration must be a mapping of keys to values, got a list (clip-b.yaml:1)"),
        .init(
            yaml: "hello", code: .syntax,
            sentence: "the configuration must be a mapping of keys to values, got hello (clip-b.yaml:1)"),
        .init(
            yaml: "a: &x [1]\nb: *x", code: .syntax,
            sentence: "the alias *x is not supported; write the value out where it is needed (clip-b.yaml:2)"),
        .init(
            yaml: "a: !!int 3", code: .syntax,
            sentence: "the tag tag:yaml.org,2002:int is not supported; remove it (clip-b.yaml:1)"),
        .init(
            yaml: "a: !lua 3", code: .syntax, sentence: "the tag !lua is not supported; remove it (clip-b.yaml:1)"),
        .init(
            yaml: "? [a, b]\n: 3", code: .syntax,
            sentence: "a key must be a plain word, not a list or a section (clip-b.yaml:1)"),
        .init(
            yaml: "a: 1\n  b: 2", code: .syntax,
            sentence: "the configuration is not valid YAML: mapping values are not allowed in this context "
                + "(clip-b.yaml:2)"),
        .init(
            yaml: "a: 1\n---\nb: 2", code: .syntax,
            sentence: "the configuration is not valid YAML: expected a single document in the stream but found "
                + "another document (clip-b.yaml:2)"),
        .init(
            yaml: "a: *x", code: .syntax,
            sentence: "the configuration is not valid YAML: found undefined alias (clip-b.yaml:1)"),
        .init(
            yaml: "a: " + String(repeating: "[", count: 70) + String(repeating: "]", count: 70), code: .syntax,
            sentence: "the configuration is nested more than 64 levels deep (clip-b.yaml:1)"),
        .init(
            yaml: String(repeating: "#\n", count: 500_001), code: .unreadable,
            sentence: "the configuration is larger than 1 MB; is this the file you meant? (clip-b.yaml)"),
        // Overrides
        .init(
            yaml: "", overrides: ["mu"], code: .syntax,
            sentence: "an override must look like section.key=value, got \"mu\" (override mu)"),
        .init(
            yaml: "", overrides: ["a..b=1"], code: .syntax,
            sentence: "an override must look like section.key=value, got \"a..b=1\" (override a..b=1)"),
        .init(
            yaml: "", overrides: ["=1"], code: .syntax,
            sentence: "an override must look like section.key=value, got \"=1\" (override =1)"),
    ]

    @Test("every mistake gets its exact sentence", arguments: cases)
    func sentence(_ item: SentenceCase) throws {
        let error = try #require(throws: ConfigError.self) {
            let root = try ConfigSection.parse(item.yaml, name: "clip-b.yaml", overrides: item.overrides)
            try item.read(root)
            try Self.reading(root)
            try root.finish()
        }
        #expect(error.description == item.sentence)
        #expect(error.code == item.code)
        #expect(!error.description.contains("\n"))
    }

    @Test("every code occurs in the table or for a file")
    func codes() {
        #expect(Set(Self.cases.map(\.code)) == Set(ConfigError.Code.allCases))
    }

    @Test("a missing file, a folder and bytes that are no text are refused with the system's reason")
    func files() throws {
        let missing = try #require(throws: ConfigError.self) { try ConfigSection.load(file: "no/such/file.yaml") }
        #expect(
            missing.description
                == "the configuration file could not be read: No such file or directory (no/such/file.yaml)")
        let folder = try #require(throws: ConfigError.self) { try ConfigSection.load(file: "/") }
        #expect(folder.description == "the configuration file could not be read: Is a directory (/)")
        let endless = try #require(throws: ConfigError.self) { try ConfigSection.load(file: "/dev/zero") }
        #expect(endless.message == "the configuration is larger than 1 MB; is this the file you meant?")
    }
}
