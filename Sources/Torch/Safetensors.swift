// Reading safetensors files: memory-mapped, every offset checked before a byte is read.

import Foundation

/// One tensor's entry in a safetensors header.
struct SafetensorsEntry: Sendable {
    var dtype: DType
    var shape: [Int]
    /// Byte range within the data section.
    var range: Range<Int>
}

/// A mapped safetensors file. The header is validated whole at opening: no tensor of a valid file can read outside it.
public struct SafetensorsFile {
    public let path: String
    /// String metadata of the header (`__metadata__`).
    public let metadata: [String: String]
    let entries: [String: SafetensorsEntry]
    private let data: Data
    private let start: Int

    public var names: [String] { entries.keys.sorted() }

    /// - Throws: `TorchError` (`.file`) when the file is missing, truncated, or its header claims what the file does not hold.
    public init(_ path: String) throws {
        do {
            data = try Data(contentsOf: URL(fileURLWithPath: path), options: .alwaysMapped)
        } catch {
            throw TorchError(.file, "cannot open \(path): no readable file there", place: path, cause: error)
        }
        func refuse(_ reason: String) -> TorchError {
            TorchError(
                .file, "\(path) is not a valid safetensors file: \(reason); fetch or write it again", place: path)
        }
        guard data.count >= 8 else { throw refuse("it has \(data.count) bytes, fewer than a header length") }
        let length = data.prefix(8).enumerated().reduce(UInt64(0)) {
            $0 | UInt64($1.element) << (8 * UInt64($1.offset))
        }
        guard length <= 100_000_000, Int(length) <= data.count - 8 else {
            throw refuse("its header claims \(length) bytes, the file holds \(data.count - 8)")
        }
        let header = data.subdata(in: 8..<(8 + Int(length)))
        guard let object = try? JSONSerialization.jsonObject(with: header) as? [String: Any] else {
            throw refuse("its header is not a JSON object")
        }
        let held = data.count - 8 - Int(length)
        var entries: [String: SafetensorsEntry] = [:]
        for (name, value) in object where name != "__metadata__" {
            entries[name] = try SafetensorsEntry(value, name: name, held: held, refuse: refuse)
        }
        let ordered = entries.map { (name: $0.key, range: $0.value.range) }.filter { !$0.range.isEmpty }
            .sorted { $0.range.lowerBound < $1.range.lowerBound }
        for (first, second) in zip(ordered, ordered.dropFirst()) where first.range.overlaps(second.range) {
            let names = [first.name, second.name].sorted()
            throw refuse("'\(names[0])' and '\(names[1])' overlap")
        }
        self.path = path
        self.entries = entries
        metadata = object["__metadata__"] as? [String: String] ?? [:]
        start = 8 + Int(length)
    }

    public func shape(of name: String) -> [Int]? { entries[name]?.shape }
    public func dtype(of name: String) -> DType? { entries[name]?.dtype }

    /// Copies one tensor out of the file.
    /// - Throws: `TorchError` when the file has no tensor of that name.
    public func tensor(_ name: String, device: Device = Runtime.device) throws -> Tensor {
        guard let entry = entries[name] else {
            throw TorchError(
                .file, "\(path) has no tensor '\(name)'; it has \(names.prefix(8).joined(separator: ", "))", place: path
            )
        }
        return try data.withUnsafeBytes { bytes in
            let slice = UnsafeRawBufferPointer(
                rebasing: bytes[(start + entry.range.lowerBound)..<(start + entry.range.upperBound)])
            return try withTorchErrors { Tensor(bytes: slice, shape: entry.shape, dtype: entry.dtype, device: device) }
        }
    }
}

extension SafetensorsEntry {
    static let dtypes: [String: DType] = [
        "F32": .float32, "BF16": .bfloat16, "F16": .float16, "F64": .float64, "I32": .int32, "I64": .int64,
        "BOOL": .bool,
    ]

    fileprivate init(_ value: Any, name: String, held: Int, refuse: (String) -> TorchError) throws {
        guard let fields = value as? [String: Any], let code = fields["dtype"] as? String,
            let shape = fields["shape"] as? [Int], let offsets = fields["data_offsets"] as? [Int], offsets.count == 2
        else { throw refuse("the entry of '\(name)' lacks dtype, shape or data_offsets") }
        guard let dtype = Self.dtypes[code] else { throw refuse("'\(name)' has dtype \(code), which is not supported") }
        var bytes = dtype.byteCount
        for extent in shape {
            let (product, overflow) = bytes.multipliedReportingOverflow(by: extent)
            guard extent >= 0, !overflow else { throw refuse("the shape \(shape) of '\(name)' is impossible") }
            bytes = product
        }
        guard offsets[0] >= 0, offsets[0] <= offsets[1], offsets[1] <= held else {
            throw refuse("'\(name)' claims bytes \(offsets[0])..<\(offsets[1]), the file holds \(held)")
        }
        guard offsets[1] - offsets[0] == bytes else {
            throw refuse("'\(name)' of shape \(shape) needs \(bytes) bytes, its entry gives \(offsets[1] - offsets[0])")
        }
        self.init(dtype: dtype, shape: shape, range: offsets[0]..<offsets[1])
    }
}
