// The verifier that asks another program: what it hands over, what it takes for an answer, what it tries again.

#if canImport(Glibc)
    import ConfigCoding
    import Foundation
    import Testing
    import Trajectories
    import Verifiers

    @Suite struct ExternalCommandTests {
        private let problem = Problem(id: "p/1", prompt: "1+1?", fields: ["answer": .number(2)])

        private func verdict(_ script: String, retries: Int = 0, seconds: Double = 20) throws -> Verdict {
            let yaml = """
                verifier: command
                command: [sh, -c, '\(script.replacing("'", with: "''"))']
                retries: \(retries)
                seconds: \(seconds)
                """
            let section = try ConfigSection.parse(yaml, name: "t.yaml")
            let verifier = try VerifierCatalogue.verifier(from: section)
            try section.finish()
            return verifier.verdict(on: "it is \"2\"\n", for: problem)
        }

        @Test func `answers become verdicts`() throws {
            #expect(
                try verdict("cat > /dev/null; echo '{\"reward\": 1}'")
                    == .init(reward: 1, isCorrect: true, reason: "correct"))
            #expect(
                try verdict("echo '{\"reward\": 0.25}'")
                    == .init(reward: 0.25, isCorrect: false, reason: "wrong_answer"))
            #expect(
                try verdict("echo '{\"reward\": -1, \"correct\": true, \"reason\": \"odd\"}'")
                    == .init(reward: -1, isCorrect: true, reason: "odd"))
        }

        @Test func `the question is one object with sorted keys`() throws {
            let expected = #"{"completion":"it is \"2\"\n","fields":{"answer":2},"id":"p\/1","prompt":"1+1?"}"#
            let script = "if [ \"$(cat)\" = '\(expected)' ]; then echo '{\"reward\": 1}'; fi"
            #expect(try verdict(script).reward == 1)
        }

        @Test(
            "what is no answer fails",
            arguments: [
                "exit 1", "echo '{\"reward\": 1}'; exit 1", "echo 1", "echo '{\"reward\": \"1\"}'", "true",
                "kill -9 $$", "echo '{\"reward\": 1} x'", "while :; do echo aaaaaaaaaaaaaaaaaaaaaaaaaaaa; done",
            ])
        func failures(_ script: String) throws {
            #expect(try verdict(script) == .init(reward: 0, isCorrect: false, reason: "verifier_failed"))
        }

        @Test func `a hanging program is killed, and so is what it started`() throws {
            let mark = "\(NSTemporaryDirectory())/hanging-\(getpid())"
            defer { unlink(mark) }
            #expect(try verdict("(sleep 2; echo x > \(mark)) & sleep 60", seconds: 0.3).reason == "verifier_failed")
            sleep(3)
            #expect(access(mark, F_OK) != 0)
        }

        @Test func `a program that fails at first is tried again, as often as configured`() throws {
            for (retries, reward) in [(2, 1.0), (1, 0)] {
                let count = "\(NSTemporaryDirectory())/tries-\(getpid())-\(retries)"
                defer { unlink(count) }
                let script = "echo x >> \(count); test $(wc -l < \(count)) -ge 3 && echo '{\"reward\": 1}'"
                #expect(try verdict(script, retries: retries).reward == reward)
                let lines = try String(contentsOfFile: count, encoding: .utf8).split(separator: "\n")
                #expect(lines.count == retries + 1)
            }
        }

        @Test func `a program that is not there fails, and a missing command is refused`() throws {
            let section = try ConfigSection.parse("verifier: command\ncommand: [/nonexistent/x]", name: "t.yaml")
            let verifier = try VerifierCatalogue.verifier(from: section)
            #expect(verifier.verdict(on: "", for: problem).reason == "verifier_failed")
            let error = try #require(throws: ConfigError.self) {
                try VerifierCatalogue.verifier(from: try ConfigSection.parse("verifier: command", name: "t.yaml"))
            }
            #expect(error.description == "command is required and must be a list: a program and its arguments (t.yaml)")
        }
    }
#endif
