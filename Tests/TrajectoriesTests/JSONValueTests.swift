// JSON values survive a round trip and give integers only where they are exact.

import Foundation
import Testing
import Trajectories

@Suite struct JSONValueTests {
    @Test("1,000 random values survive encoding and decoding")
    func roundTrip() throws {
        for trial in 0..<1_000 {
            var random = RandomSource(seed: 11, purpose: .testing, step: trial)
            let value = JSONValue.array([value(depth: 0, &random)])
            let data = try JSONEncoder().encode(value)
            #expect(try JSONDecoder().decode(JSONValue.self, from: data) == value)
        }
    }

    @Test("kinds are told apart")
    func kinds() throws {
        let text = #"{"a": 1, "b": true, "c": "1", "d": null, "e": [0.5, -2], "f": {"g": []}}"#
        let value = try JSONDecoder().decode(JSONValue.self, from: Data(text.utf8))
        #expect(
            value
                == .object([
                    "a": .number(1), "b": .bool(true), "c": .string("1"), "d": .null,
                    "e": .array([.number(0.5), .number(-2)]), "f": .object(["g": .array([])]),
                ]))
    }

    @Test("integers are exact or nothing")
    func integers() {
        #expect(JSONValue.number(7).integer == 7)
        #expect(JSONValue.number(-0.0).integer == 0)
        #expect(JSONValue.number(0.5).integer == nil)
        #expect(JSONValue.number(1e300).integer == nil)
        #expect(JSONValue.number(.nan).integer == nil)
        #expect(JSONValue.string("7").integer == nil)
        #expect(JSONValue.bool(true).integer == nil)
    }

    private func value(depth: Int, _ random: inout RandomSource) -> JSONValue {
        switch random.integer(below: depth > 3 ? 4 : 6) {
        case 0: return .null
        case 1: return .bool(random.integer(below: 2) == 0)
        case 2: return .number(random.normalPair().0 * 1e6)
        case 3: return .string(["", "é", "\u{0}", "\"\\\n", "😀"][random.integer(below: 5)])
        case 4: return .array((0..<random.integer(below: 4)).map { _ in value(depth: depth + 1, &random) })
        default:
            let keys = (0..<random.integer(below: 4)).map { "k\($0)" }
            return .object(Dictionary(uniqueKeysWithValues: keys.map { ($0, value(depth: depth + 1, &random)) }))
        }
    }
}
