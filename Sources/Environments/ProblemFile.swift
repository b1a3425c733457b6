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
/// `prompt` becomes the problem's prompt; instead of it a line may have `messages`, a conversation for the model's chat
/// template, which stays a field and leaves the prompt empty (`Problem.messages`). All other keys, also the optional `completion` (a text), become its fields.
/// Blank lines are skipped. The id of a problem is the file's name and the line's number, `data.jsonl:12`. Whether an
/// environment can judge a problem is for its `check` to say.
public enum ProblemFile {
    /// The longest line that is read.
    public static let maximumLineBytes = 1_048_576

    private static let example = #"{"prompt": "..."}"#

    /// Reads a file.
    /// - Throws: `EnvironmentError` `.unreadable`, `.malformedLine`, `.unsupported` or `.emptyDataset`.
    public static func load(_ path: String) throws -> [Problem] {
        let name = path.split(separator: "/").last.map(String.init) ?? path
        var reader = Reader(name: name)
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
    public static func parse(_ bytes: [UInt8], name: String) throws -> [Problem] {
        var reader = Reader(name: name)
        try reader.take(bytes[...])
        return try reader.end()
    }

    private static func unreadable(_ path: String) -> EnvironmentError {
        EnvironmentError(
            .unreadable, "the problem file could not be read: \(String(cString: strerror(errno)))", place: path)
    }

    /// Cuts bytes into lines and lines into problems.
    private struct Reader {
        let name: String
        var problems: [Problem] = []
        var line: [UInt8] = []
        var lineNumber = 1
        let decoder = JSONDecoder()

        init(name: String) { self.name = name }

        mutating func take(_ bytes: ArraySlice<UInt8>) throws {
            var remaining = bytes
            while let newline = remaining.firstIndex(of: UInt8(ascii: "\n")) {
                try add(remaining[..<newline])
                try endLine()
                remaining = remaining[(newline + 1)...]
            }
            try add(remaining)
        }

        mutating func end() throws -> [Problem] {
            try endLine()
            guard !problems.isEmpty else {
                throw EnvironmentError(
                    .emptyDataset, "the problem file holds no problems; each line must be like \(ProblemFile.example)",
                    place: name)
            }
            return problems
        }

        private mutating func add(_ piece: ArraySlice<UInt8>) throws {
            guard line.count + piece.count <= ProblemFile.maximumLineBytes else {
                throw fault(
                    "the line is longer than \(ProblemFile.maximumLineBytes) bytes; is every object on its own line?")
            }
            line += piece
        }

        private mutating func endLine() throws {
            // Some editors begin a file with a byte order mark.
            if lineNumber == 1, line.starts(with: [0xEF, 0xBB, 0xBF]) { line.removeFirst(3) }
            if line.contains(where: { ![0x20, 0x09, 0x0D].contains($0) }) { problems.append(try problem()) }
            line.removeAll(keepingCapacity: true)
            lineNumber += 1
        }

        private func problem() throws -> Problem {
            guard String(validating: line, as: UTF8.self) != nil else { throw fault("the line is not UTF-8 text") }
            var fields: [String: JSONValue]
            do {
                fields = try decoder.decode([String: JSONValue].self, from: Data(line))
            } catch {
                throw fault(
                    "the line is not a JSON object; each line must be like \(ProblemFile.example)", cause: error)
            }
            if let completion = fields["completion"], completion.string == nil {
                throw fault("\"completion\" must be a text")
            }
            if fields["messages"] != nil {
                guard fields["prompt"] == nil else { throw fault("the line has both \"prompt\" and \"messages\"") }
                let problem = Problem(id: "\(name):\(lineNumber)", prompt: "", fields: fields)
                _ = try problem.messages()
                _ = try problem.templateVariables()
                return problem
            }
            guard let prompt = fields.removeValue(forKey: "prompt") else {
                throw fault("the line has no \"prompt\"; each line must be like \(ProblemFile.example)")
            }
            guard let text = prompt.string else { throw fault("\"prompt\" must be a text") }
            guard !text.isEmpty else { throw fault("\"prompt\" is empty; there is nothing to continue") }
            return Problem(id: "\(name):\(lineNumber)", prompt: text, fields: fields)
        }

        private func fault(_ message: String, cause: (any Error)? = nil) -> EnvironmentError {
            EnvironmentError(.malformedLine, message, place: "\(name):\(lineNumber)", cause: cause)
        }
    }
}
