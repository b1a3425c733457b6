// Problems from JSON Lines files: one object a line, read in pieces and refused with the line's number.

public import Trajectories

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif
#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// The reader of problem files, `{"prompt": "...", "completion": "...", ...}` on each line.
///
/// `prompt` becomes the problem's prompt; where it is a list, or instead of it a line has `messages`, that is a conversation
/// for the model's chat template, which stays a field `messages` and leaves the prompt empty (`Problem.messages`). All other
/// keys, also the optional `completion` (a text), become its fields. A `ProblemMapping` gives other names their meaning.
/// Blank lines are skipped. The id of a problem is the file's name and the line's number, `data.jsonl:12`. Whether an
/// environment can judge a problem is for its `check` to say.
public enum ProblemFile {
    /// The longest line that is read.
    public static let maximumLineBytes = 1_048_576

    static let example = #"{"prompt": "..."}"#

    /// Reads a file.
    /// - Throws: `EnvironmentError` `.unreadable`, `.malformedLine`, `.unsupported` or `.emptyDataset`.
    public static func load(_ path: String, mapping: ProblemMapping = ProblemMapping()) throws -> [Problem] {
        try load(path, mapping: mapping, split: ProblemSplit()).train
    }

    /// Reads a file and holds some of its problems out; each side is in the file's order.
    /// - Throws: as `load(_:mapping:)`; `.emptyDataset` also where a share leaves nothing on one side.
    public static func load(
        _ path: String, mapping: ProblemMapping, split: ProblemSplit
    ) throws -> SplitProblems {
        let name = path.split(separator: "/").last.map(String.init) ?? path
        var reader = Reader(name: name, mapping: mapping, split: split)
        guard let stream = fopen(path, "rb") else { throw unreadable(path) }
        defer { fclose(stream) }
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = fread(&buffer, 1, buffer.count, stream)
            if count == 0 { break }
            try reader.take(buffer[..<count])
        }
        if ferror(stream) != 0 { throw unreadable(path) }
        return try reader.end()
    }

    /// Reads problems from bytes; `name` stands for the file in ids and messages.
    /// - Throws: as `load`, except `.unreadable`.
    public static func parse(
        _ bytes: [UInt8], name: String, mapping: ProblemMapping = ProblemMapping()
    ) throws -> [Problem] {
        try parse(bytes, name: name, mapping: mapping, split: ProblemSplit()).train
    }

    /// Reads problems from bytes and holds some of them out.
    /// - Throws: as `load(_:mapping:split:)`, except `.unreadable`.
    public static func parse(
        _ bytes: [UInt8], name: String, mapping: ProblemMapping, split: ProblemSplit
    ) throws -> SplitProblems {
        var reader = Reader(name: name, mapping: mapping, split: split)
        try reader.take(bytes[...])
        return try reader.end()
    }

    private static func unreadable(_ path: String) -> EnvironmentError {
        EnvironmentError(
            .unreadable, "the problem file could not be read: \(String(cString: strerror(errno)))", place: path)
    }
}
