// The lines of a problem file: bytes to lines, lines to problems.

import Trajectories

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

extension ProblemFile {
    /// Cuts bytes into lines and lines into problems.
    struct Reader {
        let name: String
        let mapping: ProblemMapping
        let split: ProblemSplit
        private var problems = SplitProblems()
        private var line: [UInt8] = []
        private var lineNumber = 1
        private let decoder = JSONDecoder()

        init(name: String, mapping: ProblemMapping, split: ProblemSplit) {
            self.name = name
            self.mapping = mapping
            self.split = split
        }

        mutating func take(_ bytes: ArraySlice<UInt8>) throws {
            var remaining = bytes
            while let newline = remaining.firstIndex(of: UInt8(ascii: "\n")) {
                try add(remaining[..<newline])
                try endLine()
                remaining = remaining[(newline + 1)...]
            }
            try add(remaining)
        }

        mutating func end() throws -> SplitProblems {
            try endLine()
            let (train, heldout) = (problems.train.count, problems.heldout.count)
            guard train + heldout > 0 else {
                throw EnvironmentError(
                    .emptyDataset, "the problem file holds no problems; each line must be like \(ProblemFile.example)",
                    place: name)
            }
            guard train > 0, heldout > 0 || split.share == 0 else {
                throw EnvironmentError(
                    .emptyDataset,
                    "held_out: \(split.share) leaves \(train) of \(train + heldout) problems for training and \(heldout) held "
                        + "out; choose another share or held_out_seed", place: name)
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
            if line.contains(where: { ![0x20, 0x09, 0x0D].contains($0) }) {
                let (problem, side) = try problem()
                if side == .train { problems.train.append(problem) } else { problems.heldout.append(problem) }
            }
            line.removeAll(keepingCapacity: true)
            lineNumber += 1
        }

        private func problem() throws -> (Problem, Split) {
            guard String(validating: line, as: UTF8.self) != nil else { throw fault("the line is not UTF-8 text") }
            let object: [String: JSONValue]
            do {
                object = try decoder.decode([String: JSONValue].self, from: Data(line))
            } catch {
                throw fault(
                    "the line is not a JSON object; each line must be like \(ProblemFile.example)", cause: error)
            }
            var fields = try mapping.renamed(object, place: "\(name):\(lineNumber)")
            if let completion = fields["completion"], completion.string == nil {
                throw fault("\"completion\" must be a text")
            }
            if fields["prompt"] != nil, fields["messages"] != nil {
                throw fault("the line has both \"prompt\" and \"messages\"")
            }
            if case .array? = fields["prompt"] { fields["messages"] = fields.removeValue(forKey: "prompt") }
            return fields["messages"] == nil ? try text(fields) : try conversation(fields)
        }

        private func conversation(_ fields: [String: JSONValue]) throws -> (Problem, Split) {
            let problem = Problem(id: "\(name):\(lineNumber)", prompt: "", fields: fields)
            let messages = try problem.messages() ?? []
            _ = try problem.templateVariables()
            let asked = messages.filter { $0.role == "user" }.map(\.content).joined(separator: " ")
            return (problem, split.side(of: ProblemSplit.digest(of: asked)))
        }

        private func text(_ fields: [String: JSONValue]) throws -> (Problem, Split) {
            var fields = fields
            guard let prompt = fields.removeValue(forKey: "prompt") else {
                throw fault("the line has no \"prompt\"; each line must be like \(ProblemFile.example)")
            }
            guard let text = prompt.string else { throw fault("\"prompt\" must be a text") }
            guard !text.isEmpty else { throw fault("\"prompt\" is empty; there is nothing to continue") }
            let (shaped, messages) = mapping.shaped(text)
            if let messages { fields["messages"] = messages }
            return (
                Problem(id: "\(name):\(lineNumber)", prompt: shaped, fields: fields),
                split.side(of: ProblemSplit.digest(of: text))
            )
        }

        private func fault(_ message: String, cause: (any Error)? = nil) -> EnvironmentError {
            EnvironmentError(.malformedLine, message, place: "\(name):\(lineNumber)", cause: cause)
        }
    }
}
