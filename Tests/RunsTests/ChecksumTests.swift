// The checksum against its published check value and against the definition, bit by bit.

import Testing
import Trajectories

@testable import Runs

@Suite struct ChecksumTests {
    @Test func `the check value of CRC-32 is cbf43926`() {
        var checksum = Checksum()
        Array("123456789".utf8).withUnsafeBytes { checksum.update($0) }
        #expect(checksum.text == "cbf43926")
        #expect(Checksum().text == "00000000")
    }

    @Test func `it is the remainder by definition, however the bytes are split`() {
        for number in 0..<1000 {
            var random = RandomSource("checksum", case: number)
            let bytes = (0..<random.integer(below: 80)).map { _ in UInt8(truncatingIfNeeded: random.next()) }
            var expected: UInt32 = 0xFFFF_FFFF
            for byte in bytes {
                for bit in 0..<8 {
                    let out = (expected ^ UInt32(byte) >> UInt32(bit)) & 1
                    expected = expected >> 1 ^ (out == 1 ? 0xEDB8_8320 : 0)
                }
            }
            let split = random.integer(below: bytes.count + 1)
            var checksum = Checksum()
            bytes.withUnsafeBytes {
                checksum.update(UnsafeRawBufferPointer(rebasing: $0[..<split]))
                checksum.update(UnsafeRawBufferPointer(rebasing: $0[split...]))
            }
            #expect(checksum.value == ~expected)
        }
    }
}
