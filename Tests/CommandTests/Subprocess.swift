// The built `maxwell` program as a process: run to its end, or killed in the middle.

import Foundation
import Models
import Testing
import Torch
import Trajectories

/// A folder that is removed with the value.
struct Scratch: ~Copyable {
    let path: String

    init() throws {
        path = FileManager.default.temporaryDirectory.appending(path: "command-\(UUID().uuidString)").path()
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func callAsFunction(_ name: String) -> String { "\(path)/\(name)" }

    func write(_ text: String, to name: String) throws -> String {
        try Data(text.utf8).write(to: URL(filePath: self(name)))
        return self(name)
    }

    /// Every file and folder below, by relative path.
    func everything() -> Set<String> { Set((try? FileManager.default.subpathsOfDirectory(atPath: path)) ?? []) }
}

enum Maxwell {
    /// The checkout.
    static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().path()
    static let tokenizer = root + "models/countdown-tokenizer"

    /// The program lies beside the test bundle, wherever that was built.
    static let program: String = {
        for argument in CommandLine.arguments where argument.contains("PackageTests.xctest") {
            var folder = URL(filePath: argument).deletingLastPathComponent()
            while folder.path().count > 1 {
                let candidate = folder.appending(path: "maxwell").path()
                if FileManager.default.isExecutableFile(atPath: candidate), !isFolder(candidate) { return candidate }
                folder.deleteLastPathComponent()
            }
        }
        return root + ".build/release/maxwell"
    }()

    private static func isFolder(_ path: String) -> Bool {
        var isFolder: ObjCBool = false
        return FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) && isFolder.boolValue
    }

    struct Result {
        var status: Int32
        var wasSignalled: Bool
        var output: String
        var errors: String
    }

    /// A process of the program that has started. Its streams go to files, so that no pipe can fill up.
    static func start(_ arguments: [String], shell: String? = nil, streams: String) throws -> Process {
        let process = Process()
        if let shell {
            process.executableURL = URL(filePath: "/bin/bash")
            process.arguments = ["-c", shell + #"; exec "$0" "$@""#, program] + arguments
        } else {
            process.executableURL = URL(filePath: program)
            process.arguments = arguments
        }
        process.standardInput = FileHandle.nullDevice
        for name in ["out", "err"] { _ = FileManager.default.createFile(atPath: "\(streams).\(name)", contents: nil) }
        process.standardOutput = FileHandle(forWritingAtPath: streams + ".out")
        process.standardError = FileHandle(forWritingAtPath: streams + ".err")
        var environment = ProcessInfo.processInfo.environment
        environment["OMP_NUM_THREADS"] = "1"
        process.environment = environment
        try process.run()
        return process
    }

    /// Runs the program to its end. `shell` is prepended in a bash that then becomes the program.
    static func run(_ arguments: [String], shell: String? = nil) throws -> Result {
        let streams = FileManager.default.temporaryDirectory.appending(path: "maxwell-\(UUID().uuidString)").path()
        defer { for name in ["out", "err"] { try? FileManager.default.removeItem(atPath: "\(streams).\(name)") } }
        let process = try start(arguments, shell: shell, streams: streams)
        process.waitUntilExit()
        return Result(
            status: process.terminationStatus, wasSignalled: process.terminationReason == .uncaughtSignal,
            output: (try? String(contentsOfFile: streams + ".out", encoding: .utf8)) ?? "",
            errors: (try? String(contentsOfFile: streams + ".err", encoding: .utf8)) ?? "")
    }

    /// Runs the program, which must refuse with one sentence, and returns it.
    @discardableResult
    static func refusal(
        _ arguments: [String], shell: String? = nil, sourceLocation: SourceLocation = #_sourceLocation
    ) throws -> String {
        let result = try run(arguments, shell: shell)
        let lines = result.errors.split(separator: "\n").map(String.init)
        #expect(!result.wasSignalled && result.status != 0, "\(arguments): \(result)", sourceLocation: sourceLocation)
        #expect(lines.count == 1, "\(arguments): \(result.errors)", sourceLocation: sourceLocation)
        #expect(lines.first?.hasPrefix("Error: ") == true, "\(result.errors)", sourceLocation: sourceLocation)
        let lower = result.errors.lowercased()
        for word in ["fatal error", "backtrace", "thread 0", "c10::", "exception", "optional("] {
            #expect(!lower.contains(word), "\(result.errors)", sourceLocation: sourceLocation)
        }
        return lines.first ?? ""
    }

    /// Runs the program, which must succeed, and returns what it printed.
    @discardableResult
    static func success(
        _ arguments: [String], sourceLocation: SourceLocation = #_sourceLocation
    ) throws -> String {
        let result = try run(arguments)
        #expect(
            result.status == 0 && !result.wasSignalled, "\(arguments): \(result.errors)", sourceLocation: sourceLocation
        )
        return result.output
    }

    /// Writes a random model with the shipped tokenizer.
    static func writeModel(to folder: String, seed: UInt64 = 3, contextLength: Int = 40) throws {
        try Runtime.prepare(threads: 1)
        let model = try ModelFolder.initialise(
            ModelConfig(
                vocabularySize: 257, hiddenSize: 16, layers: 1, heads: 4, keyValueHeads: 2, intermediateSize: 24,
                contextLength: contextLength, tiesEmbeddings: true, stopTokens: [stopToken]), seed: seed, deviation: 0.3
        )
        try ModelFolder.save(model, to: folder, companions: ModelCompanions(tokenizer))
    }

    static let stopToken: Int32 = 256

    static func trainYAML(model: String, output: String, steps: Int = 30, every: Int = 3) -> String {
        """
        model: \(model)
        output: \(output)
        seed: 5
        threads: 1
        environment:
          name: countdown
        algorithm:
          name: clip_v
          entropy_coefficient: 0.02
        rollout:
          prompts_per_step: 4
          completions_per_prompt: 4
          max_new_tokens: 12
        optimiser:
          learning_rate: 2e-3
          schedule: cosine
          warmup_updates: 3
        training:
          steps: \(steps)
          mini_batches: 2
        checkpoint:
          every: \(every)
          keep: 1
        """
    }
}

/// The objects of a JSONL text.
func objects(_ text: String) throws -> [[String: Any]] {
    try text.split(separator: "\n").map {
        try #require(try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any])
    }
}
