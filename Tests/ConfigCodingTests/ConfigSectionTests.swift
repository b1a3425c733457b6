// What a well-formed configuration reads as: values, defaults, overrides, sections.

import ConfigCoding
import Foundation
import Testing

@Suite struct ConfigSectionTests {
    private enum Colour: String, CaseIterable { case red, green }

    @Test("values are read as the kind that is asked for")
    func values() throws {
        let yaml = """
            whole: -1_000
            fraction: .5
            small: 1e-4
            from_whole: 3
            open: .inf
            shut: -Infinity
            flag: true
            text: 'it''s'
            plain: 2024
            words: [a, "b"]
            numbers: [1, 2.5, inf]
            colour: green
            none: ~
            """
        let root = try ConfigSection.parse(yaml, name: "t.yaml")
        #expect(try root.value("whole", default: 0) == -1000)
        #expect(try root.value("fraction", default: 0.0) == 0.5)
        #expect(try root.value("small", default: 0.0) == 1e-4)
        #expect(try root.value("from_whole", default: 0.0) == 3)
        #expect(try root.value("open", default: 0.0) == .infinity)
        #expect(try root.value("shut", default: 0.0) == -.infinity)
        #expect(try root.value("flag", default: false))
        #expect(try root.value("text", default: "") == "it's")
        #expect(try root.value("plain", default: "") == "2024")
        #expect(try root.list("words", default: ["x"]) == ["a", "b"])
        #expect(try root.list("numbers", default: [0.0]) == [1, 2.5, .infinity])
        #expect(try root.choice("colour", default: Colour.red) == .green)
        #expect(try root.optional("none", as: Int.self) == nil)
        try root.finish()
        #expect(root.sourceText == yaml)
        #expect(root.keys.first == "whole" && root.keys.count == 13)
    }

    @Test("absent keys give the default, absent sections read as empty")
    func defaults() throws {
        for yaml in ["", "# only a comment", "---\n", "algorithm:\n", "algorithm: {}", "~"] {
            let root = try ConfigSection.parse(yaml, name: "t.yaml")
            let section = try root.section("algorithm")
            #expect(try section.value("mu", default: 3.0, in: 0...100) == 3)
            #expect(try section.value("steps", default: 7) == 7)
            #expect(try section.list("sizes", default: [1]) == [1])
            #expect(try section.choice("colour", default: Colour.red) == .red)
            #expect(try section.optional("cap", as: Double.self) == nil)
            #expect(!section.has("mu"))
            try root.finish()
        }
    }

    @Test("two readers of one section see each other's keys")
    func sharedSections() throws {
        let root = try ConfigSection.parse("a: {x: 1, y: 2}", name: "t.yaml")
        _ = try root.section("a").value("x", default: 0)
        _ = try root.section("a").value("y", default: 0)
        try root.finish()
        #expect(try root.section("a") === root.section("a"))
        #expect(try root.section("a").section("b").path == "a.b")
    }

    @Test("a section that nobody opened is an unknown key, and so is a key that was only looked for")
    func unread() throws {
        let root = try ConfigSection.parse("a:\n  x: 1", name: "t.yaml")
        #expect(root.has("a"))
        #expect(throws: ConfigError.self) { try root.finish() }
    }

    @Test("overrides replace values, create sections, are YAML, and win in order")
    func overrides() throws {
        let root = try ConfigSection.parse(
            "a:\n  x: 1\n  z: 5\nempty:\n", name: "t.yaml",
            overrides: [
                "a.x=2", "a.y=[1, 2]", "b.c.d=0.5", "a.x=3", "s= 'k=v: w' ", "empty.k=true", "a.z=", "m={p: 1}",
            ])
        let a = try root.section("a")
        #expect(try a.value("x", default: 0) == 3)
        #expect(try a.list("y", default: [0]) == [1, 2])
        #expect(try a.optional("z", as: Int.self) == nil)
        #expect(try root.section("b").section("c").value("d", default: 0.0) == 0.5)
        #expect(try root.value("s", default: "") == "k=v: w")
        #expect(try root.section("empty").value("k", default: false))
        #expect(try root.section("m").value("p", default: 0) == 1)
        #expect(a.place(of: "x") == "override a.x=3")
        #expect(a.place(of: "absent") == "t.yaml:1")
        try root.finish()
    }

    @Test("a file reads like its text, byte for byte, and names itself in messages")
    func file() throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("config-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let good = folder.appendingPathComponent("good.yaml")
        let text = "# käse\r\na: 1\r\nb: \"\\u00e4\"\r\n"
        try Data(text.utf8).write(to: good)
        let root = try ConfigSection.load(file: good.path, overrides: ["a=2"])
        #expect(Array(root.sourceText.utf8) == Array((text + "# override: a=2\n").utf8))
        #expect(try root.value("a", default: 0) == 2)
        #expect(try root.value("b", default: "") == "ä")

        let bad = folder.appendingPathComponent("bad.yaml")
        try Data([0x61, 0x3A, 0x20, 0xFF, 0x0A]).write(to: bad)
        let error = try #require(throws: ConfigError.self) { try ConfigSection.load(file: bad.path) }
        #expect(error.code == .unreadable && error.place == bad.path)
        #expect(error.message == "the configuration is not UTF-8 text; is this the file you meant?")
    }

    @Test(
        "numbers in other notations are refused",
        arguments: [
            "0x10", "1e999", "1__0", "_1", "1_", "nan", ".", "+", "'-'", "1.2.3", "1e", "e5", "--1", "-+1", "1 2", "٣",
        ])
    func notNumbers(_ text: String) throws {
        let root = try ConfigSection.parse("x: \(text)", name: "t.yaml")
        #expect(throws: ConfigError.self) { try root.value("x", default: 0.0) }
        #expect(throws: ConfigError.self) { try root.value("x", default: 0) }
    }

    @Test("an exponent or a leading zero makes no whole number")
    func notWhole() throws {
        for text in ["1e3", "010", "1.0", "inf", "+-1"] {
            let root = try ConfigSection.parse("x: \(text)", name: "t.yaml")
            #expect(throws: ConfigError.self, "\(text)") { try root.value("x", default: 0) }
        }
    }
}
