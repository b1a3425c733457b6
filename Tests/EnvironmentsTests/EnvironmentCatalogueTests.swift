// Environments from configurations, with the sentences for wrong ones.

import ConfigCoding
import Environments
import Testing
import Trajectories

@Suite struct EnvironmentCatalogueTests {
    @Test("the default is countdown with its defaults, and every option is read")
    func options() throws {
        let plain = try make("")
        #expect(plain.name == "countdown" && plain.count(of: .train) == nil)
        #expect((plain as? Countdown)?.options == Countdown.Options())
        let yaml = "name: countdown\nmin_numbers: 2\nmax_numbers: 6\nmax_number: 25\nmax_target: 99"
        let full = try #require(try make(yaml) as? Countdown)
        #expect(full.options == Countdown.Options(minNumbers: 2, maxNumbers: 6, maxNumber: 25, maxTarget: 99))
        #expect(full.seed == 12)
        #expect(EnvironmentCatalogue.names == ["countdown", "parity"])
    }

    @Test(
        "wrong options get their exact sentence",
        arguments: [
            (
                "name: cuontdown",
                "name must be one of countdown, parity, got cuontdown; did you mean countdown? (t.yaml:1)"
            ),
            ("min_numbers: 1", "min_numbers must lie in 2...6, got 1 (t.yaml:1)"),
            ("max_numbers: 7", "max_numbers must lie in 2...6, got 7 (t.yaml:1)"),
            ("max_number: 0", "max_number must lie in 1...1000, got 0 (t.yaml:1)"),
            ("max_target: 0", "max_target must lie in 1...1000000, got 0 (t.yaml:1)"),
            (
                "min_numbers: 5",
                "min_numbers leaves no problems: min_numbers is 5, max_numbers is 4 (t.yaml:1)"
            ),
            (
                "max_numbers: 2",
                "max_numbers leaves no problems: min_numbers is 3, max_numbers is 2 (t.yaml:1)"
            ),
            ("name: parity\nprompt_length: 0", "prompt_length must lie in 1...65536, got 0 (t.yaml:2)"),
            ("max_numbrs: 5", "max_numbrs is not a key here; did you mean max_numbers? (t.yaml:1)"),
        ])
    func sentences(_ yaml: String, _ sentence: String) throws {
        let error = try #require(throws: ConfigError.self) { try make(yaml) }
        #expect(error.description == sentence)
    }

    private func make(_ yaml: String) throws -> any Environment {
        let section = try ConfigSection.parse(yaml, name: "t.yaml")
        let environment = try EnvironmentCatalogue.environment(from: section, seed: 12)
        try section.finish()
        return environment
    }
}
