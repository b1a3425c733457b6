// Every sentence a user can get from a configuration, in one place, so that the tests can list them literally.

extension ConfigError {
    // MARK: The file

    static func cannotOpen(_ file: String, reason: String) -> ConfigError {
        ConfigError(.unreadable, "the configuration file could not be read: \(reason)", place: shown(file))
    }

    static func tooLarge(_ name: String) -> ConfigError {
        ConfigError(
            .unreadable, "the configuration is larger than 1 MB; is this the file you meant?", place: shown(name))
    }

    static func notText(_ name: String) -> ConfigError {
        ConfigError(.unreadable, "the configuration is not UTF-8 text; is this the file you meant?", place: shown(name))
    }

    // MARK: The YAML

    static func notYAML(_ problem: String, place: String, cause: any Error) -> ConfigError {
        ConfigError(.syntax, "the configuration is not valid YAML: \(problem)", place: place, cause: cause)
    }

    static func duplicateKey(_ key: String, place: String) -> ConfigError {
        ConfigError(.syntax, "\(shown(key)) is written twice in one section; keep one of them", place: place)
    }

    static func notMapping(_ got: String, place: String) -> ConfigError {
        ConfigError(.syntax, "the configuration must be a mapping of keys to values, got \(got)", place: place)
    }

    static func alias(_ name: String, place: String) -> ConfigError {
        ConfigError(
            .syntax, "the alias *\(shown(name)) is not supported; write the value out where it is needed", place: place)
    }

    static func tag(_ name: String, place: String) -> ConfigError {
        ConfigError(.syntax, "the tag \(shown(name)) is not supported; remove it", place: place)
    }

    static func keyNotText(place: String) -> ConfigError {
        ConfigError(.syntax, "a key must be a plain word, not a list or a section", place: place)
    }

    static func tooDeep(place: String) -> ConfigError {
        ConfigError(.syntax, "the configuration is nested more than \(YAMLText.maximumDepth) levels deep", place: place)
    }

    static func override(_ text: String) -> ConfigError {
        ConfigError(
            .syntax, "an override must look like section.key=value, got \(quoted(text))", place: overridePlace(text))
    }

    // MARK: The values

    static func unknownKey(_ path: String, known: [String], place: String) -> ConfigError {
        let name = path.split(separator: ".").last.map(String.init) ?? path
        if known.contains(name) {
            return ConfigError(
                .unknownKey, "\(shown(path)) is known, but nothing reads it in this configuration", place: place)
        }
        let help: String
        if let near = nearestWord(to: name, among: known) {
            help = "did you mean \(near)?"
        } else if known.isEmpty {
            help = "this section takes no keys"
        } else {
            help = "the keys are \(known.sorted().joined(separator: ", "))"
        }
        return ConfigError(.unknownKey, "\(shown(path)) is not a key here; \(help)", place: place)
    }

    static func missing(_ path: String, kind: String, place: String) -> ConfigError {
        ConfigError(.missingKey, "\(path) is required and must be \(kind)", place: place)
    }

    static func wrongType(_ path: String, kind: String, got: String, place: String) -> ConfigError {
        ConfigError(.wrongType, "\(shown(path)) must be \(kind), got \(got)", place: place)
    }

    static func empty(_ path: String, kind: String, place: String) -> ConfigError {
        ConfigError(
            .wrongType, "\(path) must be \(kind), got nothing; remove the key to take its default", place: place)
    }

    static func outOfRange(_ path: String, bounds: String, got: String, place: String) -> ConfigError {
        ConfigError(.outOfRange, "\(path) must \(bounds), got \(got)", place: place)
    }

    static func unknownChoice(_ path: String, got: String, among: [String], place: String) -> ConfigError {
        let near = nearestWord(to: got, among: among).map { "; did you mean \($0)?" } ?? ""
        let list = among.joined(separator: ", ")
        return ConfigError(
            .unknownChoice, "\(path) must be one of \(list), got \(shown(got))\(near)", place: place)
    }

    // MARK: Showing what the user wrote

    /// The text with control characters escaped and cut to 80 characters, so that a message stays one line.
    static func shown(_ text: String) -> String {
        var result = ""
        for (index, scalar) in text.unicodeScalars.enumerated() {
            if index == 80 { return result + "..." }
            result += scalar.value < 0x20 || scalar.value == 0x7F ? scalar.escaped(asASCII: true) : String(scalar)
        }
        return result
    }

    static func quoted(_ text: String) -> String { "\"\(shown(text))\"" }

    static func overridePlace(_ text: String) -> String { "override \(shown(text))" }
}
