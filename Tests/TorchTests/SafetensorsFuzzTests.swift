// Spoiled safetensors files: refused with a TorchError, or every tensor can be read; never a crash, whatever a header claims.

import Foundation
import Testing
import Trajectories

@testable import Torch

@Suite struct SafetensorsFuzzTests {
    /// `FUZZ_CASES` sets the number of cases, `FUZZ_SEED` the seed.
    private static func setting(_ name: String, default fallback: Int) -> Int {
        ProcessInfo.processInfo.environment[name].flatMap { Int($0) } ?? fallback
    }

    private static let words =
        [
            "0", "-1", "1e999", "9223372036854775807", "9223372036854775808", "4611686018427387904", "4294967296",
            "null", "true",
            "\"", "\\", "{", "}", "[", "]", ":", ",", "\"F32\"", "\"BF16\"", "\"I64\"", "\"BOOL\"", "\"F8_E4M3\"",
            "\"shape\"",
            "\"data_offsets\"", "\"dtype\"", "\"__metadata__\"", "[0,0]", "[]", "\u{0}", "é", "0.5",
            String(repeating: "[", count: 2_000),
        ].map { Array($0.utf8) } + [[0xFF], [0x80], [0xC3]]

    /// Bytes of a whole file: half of the damage goes to the length and the header, which decide what is read.
    private static func spoil(_ bytes: inout [UInt8], _ random: inout RandomSource) {
        let header =
            8 + bytes.prefix(8).enumerated().reduce(0) { $0 | Int($1.element & 0x7F) << (8 * min($1.offset, 6)) }
        let reach = random.integer(below: 2) == 0 ? min(header, bytes.count) : bytes.count
        let place = random.integer(below: reach + 1)
        let span = place..<min(bytes.count, place + 1 + random.integer(below: 1 << random.integer(below: 7)))
        switch random.integer(below: 9) {
        case 0 where place < bytes.count: bytes[place] ^= 1 << UInt8(random.integer(below: 8))
        case 1 where place < bytes.count: bytes[place] = UInt8(random.integer(below: 256))
        case 2: bytes.removeSubrange(place...)
        case 3: bytes.removeSubrange(span)
        case 4: bytes.insert(contentsOf: bytes[span], at: place)
        case 5: bytes.replaceSubrange(span, with: words[random.integer(below: words.count)])
        case 6: bytes.insert(contentsOf: words[random.integer(below: words.count)], at: place)
        case 7:
            // a length of eight random bytes, of which the upper ones are mostly zero
            for index in 0..<min(8, bytes.count) where index < 3 || random.integer(below: 4) == 0 {
                bytes[index] = UInt8(random.integer(below: 256))
            }
        default:
            bytes.append(contentsOf: (0..<random.integer(below: 40)).map { _ in UInt8(random.integer(below: 256)) })
        }
        if random.integer(below: 3) == 0 { mendLength(&bytes) }
    }

    /// Makes the length that of the header as it now is, so that what was put into it is read.
    private static func mendLength(_ bytes: inout [UInt8]) {
        guard bytes.count > 8, let end = bytes.lastIndex(of: UInt8(ascii: "}")), end > 8 else { return }
        let length = UInt64(end + 1 - 8)
        for index in 0..<8 { bytes[index] = UInt8(truncatingIfNeeded: length >> (8 * UInt64(index))) }
    }

    @Test func `a spoiled file is refused, or all of its tensors can be read`() throws {
        let scratch = try ScratchFolder()
        try withTorchErrors {
            try Safetensors.write(
                [
                    ("a", .zeros([3, 4])), ("b.weight", Tensor([1, 2, 3] as [Float])),
                    ("ids", .zeros([5], dtype: .int64)),
                    ("empty", .zeros([0, 7])), ("scalar", .zeros([])),
                ], to: scratch("valid"))
        }
        let valid = [UInt8](try Data(contentsOf: URL(filePath: scratch("valid"))))
        let url = URL(filePath: scratch("spoiled"))
        let seed = UInt64(Self.setting("FUZZ_SEED", default: 1))
        var accepted = 0
        let cases = Self.setting("FUZZ_CASES", default: 3_000)
        for number in 0..<cases {
            var random = RandomSource(seed: seed, purpose: .testing, step: number)
            var bytes = valid
            for _ in 0...random.integer(below: 3) { Self.spoil(&bytes, &random) }
            try Data(bytes).write(to: url)
            do {
                let file = try SafetensorsFile(scratch("spoiled"))
                for name in file.names {
                    let tensor = try file.tensor(name)
                    // independent of the reader: what is read is as large as it says
                    #expect(tensor.shape == file.shape(of: name), "case \(number)")
                }
                accepted += 1
            } catch is TorchError {
                // refused, as it should be
            } catch {
                Issue.record("seed \(seed), case \(number): \(error)")
            }
        }
        #expect(accepted > 0 && accepted < cases, "\(accepted) of \(cases)")
    }
}
