// metrics.jsonl while a run writes it: one line per update, durable when `append` returns, cut back on resume.

/// The metrics file of a run, open for appending.
///
/// Whatever kills the process, the file afterwards holds whole lines and at most one torn one at its end;
/// opening it again, or reading it, drops that one.
public final class MetricsLog {
    /// The step of the last line; nil while there is none.
    public private(set) var lastStep: Int?

    private let file: FileDescriptor
    private var size: Int
    /// Bytes of a failed line may still be in the file behind `size`.
    private var isTorn = false

    /// Opens or creates `path`.
    ///
    /// - Parameter step: lines of later steps are removed, all at once; nil keeps every whole line.
    /// - Throws: `RunError`; `.damaged` names a line that is not a record. The file is then as it was.
    public init(file path: String, truncatingAfter step: Int? = nil) throws {
        let isThere = try FileSystem.kind(of: path) != nil
        let bytes = isThere ? try FileSystem.contents(of: path) : []
        let lines = try MetricsLog.lines(of: bytes, path: path, upTo: step)
        if lines.size != bytes.count || lines.lacksEnd {
            try (Array(bytes[..<lines.size]) + (lines.lacksEnd ? [UInt8(ascii: "\n")] : []))
                .withUnsafeBytes { try AtomicFile.write($0, to: path) }
        }
        file = try FileDescriptor(.append, path, trying: "open")
        if !isThere { try FileSystem.synchronise(folder: FileSystem.parent(of: path)) }
        size = try file.size()
        lastStep = lines.records.last?.step
    }

    /// Writes one line. When this returns it survives a power cut; when it throws the file is as it was.
    ///
    /// - Throws: `RunError`: `.invalid` if a field appears twice or the step does not follow the last one.
    public func append(_ record: MetricsRecord) throws {
        if let lastStep, record.step <= lastStep {
            throw RunError(
                .invalid,
                "could not write step \(record.step) to \(file.path): it already holds step \(lastStep); "
                    + "open it truncated after the step that is resumed",
                place: file.path)
        }
        var names: Set<String> = ["step"]
        if let twice = record.fields.first(where: { !names.insert($0.0).inserted }) {
            throw RunError(
                .invalid,
                "could not write step \(record.step) to \(file.path): the field \(twice.0) appears twice; "
                    + "give each field one name",
                place: file.path)
        }
        if isTorn { try cutBack() }
        let line = Array((record.jsonLine() + "\n").utf8)
        do {
            isTorn = true
            try line.withUnsafeBytes { try file.write($0) }
            try file.synchronise()
        } catch {
            try? cutBack()
            throw error
        }
        isTorn = false
        size += line.count
        lastStep = record.step
    }

    private func cutBack() throws {
        try file.truncate(to: size)
        isTorn = false
    }
}

extension MetricsLog {
    /// Every record of a metrics file, in order. A torn last line is left out.
    ///
    /// - Throws: `RunError`; `.damaged` names a line before the last that is not a record.
    public static func read(file path: String) throws -> [MetricsRecord] {
        try lines(of: FileSystem.contents(of: path), path: path, upTo: nil).records
    }

    /// The records up to `step`, the bytes they take from the start, and whether the last one lacks its line end.
    private static func lines(
        of bytes: [UInt8], path: String, upTo step: Int?
    ) throws -> (records: [MetricsRecord], size: Int, lacksEnd: Bool) {
        var records: [MetricsRecord] = []
        var start = 0
        while start < bytes.count {
            let newline = bytes[start...].firstIndex(of: UInt8(ascii: "\n"))
            guard let record = MetricsLine.record(in: bytes[start..<(newline ?? bytes.count)]) else {
                if newline == nil { break }
                throw RunError(
                    .damaged,
                    "could not read \(path): line \(records.count + 1) is not a metrics record; "
                        + "repair or remove that line",
                    place: "\(path):\(records.count + 1)")
            }
            // Steps only grow, so nothing behind this line is wanted.
            if let step, record.step > step { break }
            records.append(record)
            guard let newline else { return (records, bytes.count, true) }
            start = newline + 1
        }
        return (records, start, false)
    }
}
