// Text that is meant to break the reader: it must be refused or read, quickly, and never crash.

import ConfigCoding
import Testing

@Suite struct HostileYAMLTests {
    @Test("expanding aliases are refused before they are expanded")
    func aliasBomb() {
        var yaml = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n"
        for level in 1..<40 {
            let items = Array(repeating: "*a\(level - 1)", count: 9).joined(separator: ", ")
            yaml += "a\(level): &a\(level) [\(items)]\n"
        }
        // As keys they would already be compared inside the parser.
        yaml += "? *a39\n: 1\n? *a39\n: 2\n"
        let error = #expect(throws: ConfigError.self) { try ConfigSection.parse(yaml, name: "t.yaml") }
        #expect(error?.code == .syntax)
        #expect(error?.message.contains("the alias *a0 is not supported") == true)
    }

    @Test(
        "deep nesting is refused in every style",
        arguments: ["[", "{a: ", "- ", "? ", "{? "], [65, 200, 999, 2_000, 50_000])
    func nesting(_ opening: String, _ depth: Int) {
        let error = #expect(throws: ConfigError.self) {
            try ConfigSection.parse("a:\n  " + String(repeating: opening, count: depth), name: "t.yaml")
        }
        #expect(error?.code == .syntax)
    }

    @Test("stars and ampersands that are no aliases are read")
    func starsAndAmpersands() throws {
        let root = try ConfigSection.parse("a: 3*x & 4\nb: \"*x\"\nc: &y 1\nd: x&z *z", name: "t.yaml")
        #expect(try root.value("a", default: "") == "3*x & 4")
        #expect(try root.value("b", default: "") == "*x")
        #expect(try root.value("c", default: 0) == 1)
        #expect(try root.value("d", default: "") == "x&z *z")
    }

    @Test("20,000 random texts are read or refused with a ConfigError")
    func fuzz() {
        let pieces = [
            "a", "b", ":", ": ", " ", "\n", "  ", "- ", "[", "]", "{", "}", ",", "'", "\"", "#", "|", ">", "&a ", "*a ",
            "!", "!!str ",
            "%", "@", "`", "?", "? ", "\t", "\r", "\0", "\u{FEFF}", "é", "😀", "---\n", "...\n", "<<", "~", "1",
            ".5",
            "\\", "\\x", "=",
        ]
        var random = SplitMix(state: 20_260_712)
        for _ in 0..<20_000 {
            let text = (0..<Int.random(in: 1...25, using: &random)).map { _ in
                pieces[Int.random(in: pieces.indices, using: &random)]
            }.joined()
            do {
                let root = try ConfigSection.parse(text, name: "t.yaml", overrides: ["k.\(text)=\(text)"])
                for key in root.keys { _ = try? root.section(key) }
                try root.finish()
            } catch is ConfigError {
            } catch {
                Issue.record("\(text.debugDescription) threw \(error)")
            }
        }
    }
}

/// A small generator so that the cases are the same in every run.
struct SplitMix: RandomNumberGenerator {
    var state: UInt64
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
