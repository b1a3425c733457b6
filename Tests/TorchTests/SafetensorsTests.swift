// Safetensors files: what is written is read back, and a damaged file is refused in a sentence.

import Foundation
import Testing
import Torch
import Trajectories

/// A folder of its own for each test, removed with the value.
struct ScratchFolder: ~Copyable {
    let path: String

    init() throws {
        path = FileManager.default.temporaryDirectory.appending(path: "torch-\(UUID().uuidString)").path()
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func callAsFunction(_ name: String) -> String { "\(path)/\(name)" }
}

/// A file with the given header text and data.
func safetensors(_ header: String, data: Int = 0, claiming: UInt64? = nil) -> Data {
    let length = claiming ?? UInt64(header.utf8.count)
    return withUnsafeBytes(of: length.littleEndian) { Data($0) } + Data(header.utf8) + Data(repeating: 0, count: data)
}

@Suite struct SafetensorsTests {
    @Test func `every dtype, shape and byte comes back`() throws {
        let scratch = try ScratchFolder()
        var random = RandomSource(60)
        let values = random.normals(24)
        try withTorchErrors {
            let base = Tensor(values, shape: [2, 3, 4])
            let tensors: [(name: String, tensor: Tensor)] = [
                ("float", base), ("brain", base.cast(to: .bfloat16)), ("half", base.cast(to: .float16)),
                ("double", base.cast(to: .float64)), ("ids", Tensor([1, -2, .max, .min] as [Int64])),
                ("short", Tensor([7, -8] as [Int32], shape: [1, 2])), ("mask", base.cast(to: .bool)),
                ("scalar", Tensor([1.5] as [Float], shape: [])), ("empty", .zeros([0, 3])),
                ("gaps", base.transposed(0, 2)), ("ünïcode \"name\"/with.dots", base * 2),
            ]
            try Safetensors.write(tensors, metadata: ["format": "pt", "k": "ä\"\n"], to: scratch("a.safetensors"))
            let file = try SafetensorsFile(scratch("a.safetensors"))
            #expect(file.metadata == ["format": "pt", "k": "ä\"\n"])
            #expect(file.names == tensors.map(\.name).sorted())
            for (name, tensor) in tensors {
                let back = try file.tensor(name)
                #expect(back.dtype == tensor.dtype && file.dtype(of: name) == tensor.dtype)
                #expect(back.shape == tensor.shape && file.shape(of: name) == tensor.shape)
                var (before, after) = ([UInt8](), [UInt8]())
                for (source, isBefore) in [(tensor, true), (back, false)] {
                    var bytes = [UInt8](repeating: 0xAB, count: source.count * source.dtype.byteCount)
                    try bytes.withUnsafeMutableBytes { try source.copyBytes(to: $0) }
                    if isBefore { before = bytes } else { after = bytes }
                }
                #expect(before == after, "\(name)")
            }
            #expect(try file.tensor("ids").values(as: Int64.self) == [1, -2, .max, .min])
            #expect(try file.tensor("gaps").floats == base.transposed(0, 2).floats)
        }
        #expect(try FileManager.default.contentsOfDirectory(atPath: scratch.path) == ["a.safetensors"])
    }

    @Test(arguments: ["a", "ab", "abc", "abcd", "abcde", "abcdefgh"])
    func `data begins at a multiple of eight`(name: String) throws {
        let scratch = try ScratchFolder()
        try withTorchErrors { try Safetensors.write([(name, .zeros([3]))], to: scratch("a")) }
        let bytes = try Data(contentsOf: URL(filePath: scratch("a")))
        let length = bytes.prefix(8).enumerated().reduce(0) { $0 | Int($1.element) << (8 * $1.offset) }
        #expect(length % 8 == 0)
        #expect(bytes.count == 8 + length + 12)
        let header = try JSONSerialization.jsonObject(with: bytes.dropFirst(8).prefix(length)) as? [String: Any]
        #expect(header?.keys.sorted() == [name])
    }

    @Test func `writing again replaces the file whole`() throws {
        let scratch = try ScratchFolder()
        try withTorchErrors {
            try Safetensors.write([("a", Tensor([1, 2] as [Float]))], to: scratch("x"))
            try Safetensors.write([("b", Tensor([3] as [Float]))], to: scratch("x"))
            let file = try SafetensorsFile(scratch("x"))
            #expect(file.names == ["b"])
            #expect(file.metadata == [:])
            #expect(try file.tensor("b").floats == [3])
            let error = #expect(throws: TorchError.self) { try file.tensor("a") }
            #expect(error?.message == "\(scratch("x")) has no tensor 'a'; it has b")
        }
    }

    @Test func `a missing file is named`() throws {
        let scratch = try ScratchFolder()
        let error = #expect(throws: TorchError.self) { try SafetensorsFile(scratch("none")) }
        #expect(error?.code == .file)
        #expect(error?.message == "cannot open \(scratch("none")): no readable file there")
        #expect(throws: TorchError.self) { try SafetensorsFile(scratch.path) }
    }

    static let one = #""a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}"#

    /// Damaged files and the reasons they are refused for.
    static let refusals: [(Data, String)] = [
        (safetensors("{}", claiming: 3), "its header claims 3 bytes, the file holds 2"),
        (safetensors("{}", claiming: .max), "its header claims 18446744073709551615 bytes, the file holds 2"),
        (safetensors("{}", claiming: 1 << 63), "its header claims 9223372036854775808 bytes, the file holds 2"),
        (safetensors(""), "its header is not a JSON object"), (safetensors("[1]"), "its header is not a JSON object"),
        (safetensors("{\"a\":"), "its header is not a JSON object"),
        (safetensors("{\"a\":\u{0}}"), "its header is not a JSON object"),
        (safetensors("{\"a\":1}"), "the entry of 'a' lacks dtype, shape or data_offsets"),
        (
            safetensors(#"{"a":{"dtype":"F32","shape":[1.5],"data_offsets":[0,4]}}"#, data: 4),
            "the entry of 'a' lacks dtype, shape or data_offsets"
        ),
        (
            safetensors(#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4,8]}}"#, data: 8),
            "the entry of 'a' lacks dtype, shape or data_offsets"
        ),
        (
            safetensors(#"{"a":{"dtype":"F8_E5M2","shape":[8],"data_offsets":[0,8]}}"#, data: 8),
            "'a' has dtype F8_E5M2, which is not supported"
        ),
        (
            safetensors(#"{"a":{"dtype":"F32","shape":[-2],"data_offsets":[0,8]}}"#, data: 8),
            "the shape [-2] of 'a' is impossible"
        ),
        (
            safetensors(#"{"a":{"dtype":"F32","shape":[-2,-1],"data_offsets":[0,8]}}"#, data: 8),
            "the shape [-2, -1] of 'a' is impossible"
        ),
        (
            safetensors(
                #"{"a":{"dtype":"F32","shape":[4611686018427387904,4],"data_offsets":[0,8]}}"#, data: 8),
            "the shape [4611686018427387904, 4] of 'a' is impossible"
        ),
        (safetensors("{\(one)}", data: 7), "'a' claims bytes 0..<8, the file holds 7"),
        (
            safetensors(#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[8,0]}}"#, data: 8),
            "'a' claims bytes 8..<0, the file holds 8"
        ),
        (
            safetensors(#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[-8,0]}}"#, data: 8),
            "'a' claims bytes -8..<0, the file holds 8"
        ),
        (
            safetensors(#"{"a":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}}"#, data: 8),
            "'a' of shape [3] needs 12 bytes, its entry gives 8"
        ),
        (
            safetensors(#"{\#(one),"b":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}}"#, data: 12),
            "'a' and 'b' overlap"
        ),
        (
            safetensors(#"{\#(one),"b":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#, data: 8),
            "'a' and 'b' overlap"
        ),
    ]

    @Test(arguments: 0..<8)
    func `a file without room for a header length is refused`(count: Int) throws {
        let scratch = try ScratchFolder()
        try Data(repeating: 1, count: count).write(to: URL(filePath: scratch("x")))
        let error = #expect(throws: TorchError.self) { try SafetensorsFile(scratch("x")) }
        #expect(
            error?.message
                == "\(scratch("x")) is not a valid safetensors file: it has \(count) bytes, "
                + "fewer than a header length; fetch or write it again")
    }

    @Test(arguments: refusals)
    func `a damaged file is refused for its reason`(bytes: Data, reason: String) throws {
        let scratch = try ScratchFolder()
        try bytes.write(to: URL(filePath: scratch("x")))
        let error = #expect(throws: TorchError.self) { try SafetensorsFile(scratch("x")) }
        #expect(error?.code == .file)
        #expect(error?.place == scratch("x"))
        #expect(error?.message == "\(scratch("x")) is not a valid safetensors file: \(reason); fetch or write it again")
    }

    @Test func `two thousand spoiled files are read or refused, none crashes`() throws {
        let scratch = try ScratchFolder()
        var random = RandomSource(61)
        try withTorchErrors {
            try Safetensors.write(
                [("a.weight", Tensor(random.normals(6), shape: [2, 3])), ("ids", Tensor([1, 2] as [Int64]))],
                metadata: ["format": "pt"], to: scratch("good"))
        }
        let good = try Data(contentsOf: URL(filePath: scratch("good")))
        let words = [
            "0", "9", "-", "}", "{", "[", "]", ",", "\"", ":", "e9", "F64", "I64", "null", "99999999999999999999",
        ]
        var refused = 0
        for _ in 0..<2000 {
            var bytes = good
            for _ in 0...random.integer(below: 3) {
                let place = random.integer(below: min(bytes.count, good.count - 20))
                switch random.integer(below: 5) {
                case 0: bytes[place] = UInt8(random.integer(below: 256))
                case 1: bytes[place] ^= 1 << UInt8(random.integer(below: 8))
                case 2: bytes = bytes.prefix(max(1, place))
                case 3: bytes.insert(contentsOf: Data(words[random.integer(below: words.count)].utf8), at: place)
                default:
                    let end = min(bytes.count, place + 1 + random.integer(below: 6))
                    bytes.replaceSubrange(place..<end, with: Data(words[random.integer(below: words.count)].utf8))
                }
            }
            try bytes.write(to: URL(filePath: scratch("x")))
            do {
                let file = try SafetensorsFile(scratch("x"))
                for name in file.names { _ = try file.tensor(name) }
            } catch {
                #expect(error is TorchError)
                refused += 1
            }
        }
        #expect(refused > 500 && refused < 2000)
    }
}
