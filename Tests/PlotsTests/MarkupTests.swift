// Escaping and fixed-point numbers.

import Testing

@testable import Plots

@Suite struct MarkupTests {
    @Test("text keeps what XML allows and shows what it forbids")
    func text() {
        #expect(Markup.text("a < b & c > \"d\" 'e'") == "a &lt; b &amp; c &gt; &quot;d&quot; &#39;e&#39;")
        #expect(Markup.text("\u{0}\u{1B}\u{7F}") == "\u{2400}\u{241B}\u{2421}")
        #expect(Markup.text("\u{85}\u{FFFE}\u{FFFF}") == "\u{FFFD}\u{FFFD}\u{FFFD}")
        #expect(Markup.text("a\tb\nc\r") == "a\tb\nc&#13;")
        #expect(Markup.text("e\u{301} 漢 👩‍🔬") == "e\u{301} 漢 👩‍🔬")
    }

    @Test("attributes keep line ends and tabs as references")
    func attribute() {
        #expect(Markup.attribute("a\n\"b\"\t") == "a&#10;&quot;b&quot;&#9;")
    }

    @Test("any string comes back from an XML parser as it went in, but for forbidden scalars")
    func roundTrip() {
        var random = SeededGenerator(seed: 1)
        for _ in 0..<1_000 {
            var text = ""
            for _ in 0..<Int.random(in: 0...20, using: &random) {
                let limit: UInt32 = Bool.random(using: &random) ? 0x100 : 0x11_0000
                guard let scalar = Unicode.Scalar(UInt32.random(in: 0..<limit, using: &random)) else { continue }
                text.unicodeScalars.append(scalar)
            }
            let result = parsed("<r a=\"\(Markup.attribute(text))\">\(Markup.text(text))</r>")
            var expected = String.UnicodeScalarView()
            for scalar in text.unicodeScalars {
                let isForbidden =
                    scalar.value < 0x20 && ![0x09, 0x0A, 0x0D].contains(scalar.value)
                    || (0x7F...0x9F).contains(scalar.value) || [0xFFFE, 0xFFFF].contains(scalar.value)
                expected.append(isForbidden ? Markup.picture(of: scalar) : scalar)
            }
            #expect(Array(result.text.utf8) == Array(String(expected).utf8))
            #expect(result.attribute("a", of: "r").first.map { Array($0.utf8) } == Array(String(expected).utf8))
        }
    }

    @Test(
        "fixed decimals, never minus zero",
        arguments: [
            (0.125, 2, "0.13"), (-0.125, 2, "-0.13"), (-0.001, 2, "0.00"), (1234.5, 0, "1235"), (0.05, 1, "0.1"),
            (-2, 3, "-2.000"), (.nan, 2, "–"), (.infinity, 0, "–"), (1e20, 2, "1e+20"),
        ] as [(Double, Int, String)])
    func fixedDecimals(value: Double, decimals: Int, expected: String) {
        #expect(fixed(value, decimals) == expected)
    }

    @Test("coordinates drop a trailing zero")
    func coordinates() {
        #expect(coordinate(12) == "12")
        #expect(coordinate(12.34) == "12.3")
        #expect(coordinate(-0.01) == "0")
    }

    @Test(
        "numbers in sentences have four digits",
        arguments: [
            (0.031_24, "0.03124"), (-1.2041, "−1.204"), (1.5e-7, "1.50e−7"), (0, "0"), (.nan, "not a number"),
            (-Double.infinity, "−∞"), (.leastNonzeroMagnitude, "0"), (2.5e6, "2.50e6"),
        ] as [(Double, String)])
    func significantDigits(value: Double, expected: String) {
        #expect(significant(value) == expected)
    }
}

/// SplitMix64: the same strings on every machine.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) {
        state = seed
    }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
