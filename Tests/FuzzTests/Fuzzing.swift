// The loop over the cases of one reader: each must give a value or throw the reader's own error.

import Foundation
import Testing

/// How many cases, which, and where their numbers are noted.
///
/// `FUZZ_CASES` is the number for each reader, `FUZZ_SEED` the seed and `FUZZ_FIRST` the first case. In the folder
/// `FUZZ_JOURNAL` a file per reader always holds the number of the case at work, so that it is known after a crash.
enum Fuzzing {
    static let seed = UInt64(setting("FUZZ_SEED") ?? 1)
    static let first = setting("FUZZ_FIRST") ?? 0

    /// The repository.
    static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    private static func setting(_ name: String) -> Int? {
        ProcessInfo.processInfo.environment[name].flatMap { Int($0) }
    }

    /// Runs the cases of `reader`; `read` throws what the reader threw, `own` are the reader's own errors.
    ///
    /// - Parameter share: the share of the cases that a slow reader gets.
    /// - Returns: how many inputs were accepted; both kinds must occur, or the corpus tests nothing.
    @discardableResult
    static func run(
        _ reader: String, _ mutation: Mutation, cases: Int = 2_000, share: Double = 1,
        own: [any Error.Type], _ read: ([UInt8]) throws -> Void
    ) -> Int {
        let journal = try? Journal(reader)
        let count = setting("FUZZ_CASES").map { Int(Double($0) * share) } ?? cases
        var accepted = 0
        for number in first..<(first + count) {
            let input = mutation.input(number, seed: seed)
            journal?.note(number)
            do {
                try read(input)
                accepted += 1
            } catch {
                if own.contains(where: { $0 == type(of: error) }) { continue }
                Issue.record("\(reader), seed \(seed), case \(number): \(error) for \(shown(input))")
            }
        }
        #expect(accepted > 0 && accepted < count, "\(reader): \(accepted) of \(count) were accepted")
        return accepted
    }

    private static func shown(_ input: [UInt8]) -> String {
        String(decoding: input.prefix(400), as: UTF8.self).debugDescription
    }

    /// The text files of a folder of the repository whose names end so.
    static func files(_ folder: String, suffix: String) throws -> [String] {
        let url = root.appending(path: folder)
        let names = try FileManager.default.contentsOfDirectory(atPath: url.path()).filter { $0.hasSuffix(suffix) }
        return try names.sorted().map { String(decoding: try Data(contentsOf: url.appending(path: $0)), as: UTF8.self) }
    }

    /// The number of the case at work, in a file.
    private struct Journal: ~Copyable {
        private let descriptor: Int32

        init(_ reader: String) throws {
            guard let folder = ProcessInfo.processInfo.environment["FUZZ_JOURNAL"] else { throw CancellationError() }
            descriptor = open("\(folder)/\(reader)", O_WRONLY | O_CREAT | O_TRUNC, 0o666)
        }

        func note(_ number: Int) {
            let line = Array("\(number)                    ".utf8.prefix(20)) + [UInt8(ascii: "\n")]
            _ = pwrite(descriptor, line, line.count, 0)
        }

        deinit { _ = close(descriptor) }
    }
}

/// A claim about what a reader accepted that does not hold.
struct Broken: Error, CustomStringConvertible {
    let description: String

    /// - Throws: itself unless `holds`.
    static func unless(_ holds: Bool, _ claim: String) throws {
        if !holds { throw Broken(description: "not so: \(claim)") }
    }
}

/// A folder that is removed with the value.
struct Scratch: ~Copyable {
    let path: String

    init() throws {
        path = FileManager.default.temporaryDirectory.appending(path: "fuzz-\(UUID().uuidString)").path()
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func callAsFunction(_ name: String) -> String { "\(path)/\(name)" }
}
