// Hostile programs in the sandbox: each contained and reported, the machine and this process unharmed.

#if canImport(Glibc)
    import ConfigCoding
    import Glibc
    import Testing
    import Trajectories

    @testable import Verifiers

    /// One at a time: the programs are meant to be a burden.
    @Suite(.serialized) struct SandboxTests {
        /// Nil where programs cannot be isolated; then the refusal is what is tested.
        private let sandbox: Sandbox?

        init() {
            var limits = Sandbox.Limits()
            limits.seconds = 60
            limits.processorSeconds = 1
            limits.memory = 256 << 20
            limits.processes = 16
            limits.output = 64 << 10
            limits.files = 4 << 20
            sandbox = try? Sandbox(limits: limits)
        }

        private func run(
            _ script: String, input: String = "", name: String = "main.sh", seconds: Double = 60
        ) throws -> Sandbox.Report? {
            var sandbox = sandbox
            sandbox?.limits.seconds = seconds
            return try sandbox?.run(["sh", name], files: [name: script], input: input)
        }

        @Test func `isolation is had where namespaces are, or refused with a sentence`() throws {
            let user = getuid() == 0 ? ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--"] : []
            let probe = ChildProcess(
                command: user + [
                    "unshare", "--user", "--map-root-user", "--mount", "--net", "--pid", "--fork", "true",
                ],
                environment: nil, seconds: 20, maximumOutput: 10_000)
            let hasNamespaces = (try? probe.run())?.end == .exited(0)
            // Without this the other tests would pass by doing nothing.
            #expect(!hasNamespaces || sandbox != nil)
            do {
                _ = try Sandbox()
            } catch let error as VerifierError {
                #expect(error.code == .noIsolation)
                #expect(error.message.hasPrefix("programs cannot be isolated on this machine ("))
            }
        }

        @Test func `a program reads its input and writes its output`() throws {
            guard let report = try run("read line; echo \"got $line\"; echo bad >&2; exit 3", input: "7\n") else {
                return
            }
            #expect(report == Sandbox.Report(end: .exited(3), output: "got 7\n", errors: "bad\n"))
        }

        @Test func `a fork bomb meets the process limit and ends with its namespace`() throws {
            let name = "bomb-\(getpid()).sh"
            guard let report = try run("b() { b | b & }; b; sleep 300", name: name, seconds: 3) else { return }
            #expect(report.errors.contains("annot fork") || report.end == .timedOut, "\(report)")
            usleep(300_000)
            #expect(processes(naming: name) == 0)
        }

        @Test func `many processes at once are refused beyond the limit`() throws {
            let script = "i=0; while [ $i -lt 40 ]; do sleep 20 & i=$((i+1)); done; echo started $i"
            guard let report = try run(script) else { return }
            #expect(!report.output.contains("started 40") && report.errors.contains("fork"), "\(report)")
        }

        @Test func `a memory hog gets no more than its limit`() throws {
            guard let report = try run("x=aaaaaaaa; while :; do x=$x$x; done") else { return }
            #expect(report.end != .exited(0), "\(report.end)")
            // The shell says so, crashes, or is killed; it neither goes on nor takes the machine with it.
            #expect([.exited(2), .exited(134), .exited(137), .exited(139)].contains(report.end), "\(report)")
        }

        @Test func `an infinite loop meets the limit of processor time, and one that sleeps that of the clock`() throws
        {
            guard let report = try run("while :; do :; done") else { return }
            #expect([.exited(128 + 9), .exited(128 + 24)].contains(report.end), "\(report)")
            #expect(try run("trap '' TERM HUP INT; sleep 1000", seconds: 1)?.end == .timedOut)
        }

        @Test func `endless output is cut and its writer killed`() throws {
            guard
                let report = try run(
                    "while :; do echo yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy; done")
            else { return }
            #expect(report.end == .outputLimit && report.output.utf8.count <= 64 << 10)
            #expect(try run("while :; do echo y >&2; done")?.end == .outputLimit)
        }

        @Test func `nothing outside the working folder can be written, and that folder ends`() throws {
            let mark = "mark-\(getpid())"
            let script = """
                for place in / /usr /usr/bin /etc /tmp/.. /dev /proc/sys/kernel /root /home /var /old; do
                  echo x > $place/\(mark) && echo "wrote $place"
                done 2>/dev/null
                echo x > \(mark) && echo wrote here
                echo x > /tmp/\(mark) && echo wrote tmp
                """
            guard let report = try run(script) else { return }
            #expect(report.output == "wrote here\nwrote tmp\n", "\(report)")
            for place in ["/tmp", "/usr/bin", "/", "/etc"] { #expect(access("\(place)/\(mark)", F_OK) != 0) }
        }

        @Test func `a full disk is full for the program only`() throws {
            guard let report = try run("head -c 100000000 /dev/zero > big; ls -l big | awk '{print $5}'") else {
                return
            }
            #expect((Int(report.output.split(separator: "\n").last ?? "") ?? 0) <= 4 << 20, "\(report)")
        }

        @Test func `there is no network`() throws {
            guard let report = try run("cat /proc/net/dev | grep -c ':'; cat /proc/net/route | wc -l") else { return }
            // The loopback alone, and no route but the heading.
            #expect(report.output == "1\n1\n" || report.output == "1\n0\n", "\(report)")
            let script =
                "if command -v python3 >/dev/null; then python3 -c \"import socket; "
                + "socket.create_connection(('127.0.0.1', 22), 2)\"; else exit 1; fi"
            #expect(try run(script)?.end == .exited(1))
        }

        @Test func `files, variables and open files of this process are not there`() throws {
            setenv("SANDBOX_TEST_SECRET", "hunter2", 1)
            defer { unsetenv("SANDBOX_TEST_SECRET") }
            let secret = "/tmp/secret-\(getpid())"
            let stream = try #require(fopen(secret, "w"))
            fputs("hunter2", stream)
            fflush(stream)
            defer {
                fclose(stream)
                unlink(secret)
            }
            let script = """
                env; cat \(secret) /etc/passwd /etc/shadow ~root/.profile /proc/1/environ; ls /home ~root /proc/1/root \
                /proc/1/fd; for n in 3 4 5 6 7 8 9; do eval "cat <&$n"; done; ls /proc/self/fd | wc -l
                """
            guard let report = try run(script) else { return }
            #expect(!report.output.contains("hunter2") && !report.errors.contains("hunter2"))
            #expect(!report.output.contains("root:"), "\(report)")
        }

        @Test func `signals reach no process outside`() throws {
            guard let report = try run("kill -9 $PPID; kill -9 1; kill -9 \(getpid()); kill -9 -1; echo alive") else {
                return
            }
            // kill -1 spares its caller; the test itself is the proof that this process lives.
            #expect(report.output.contains("alive") || report.end == .exited(137), "\(report)")
            #expect(report.errors.contains("o such process") || report.end == .exited(137))
        }

        @Test func `there is no way back to root rights or to other namespaces`() throws {
            let script = """
                mount -t tmpfs none /work && echo mounted
                chroot /usr /bin/true && echo chrooted
                mknod disk b 8 0 && echo device
                unshare --user --map-root-user echo nested
                grep CapEff /proc/self/status
                """
            guard let report = try run(script) else { return }
            #expect(!report.output.contains("mounted") && !report.output.contains("chrooted"))
            #expect(!report.output.contains("device") && !report.output.contains("nested"))
            #expect(report.output.contains("CapEff:\t0000000000000000"), "\(report)")
        }

        @Test func `what a program leaves in the background dies with it`() throws {
            let length = "300.\(getpid())"
            guard let report = try run("sleep \(length) & (setsid sleep \(length) &) ; echo done") else { return }
            #expect(report.end == .exited(0) && report.output == "done\n")
            usleep(300_000)
            #expect(processes(naming: length) == 0)
        }

        @Test func `programs are judged by the tests of their problem`() throws {
            guard sandbox != nil else { return }
            let yaml = "verifier: program\ncommand: [sh, main.sh]\nfile: main.sh\nprocessor_seconds: 1"
            let test = { (input: String, output: String) in
                JSONValue.object(["input": .string(input), "output": .string(output)])
            }
            let problem = Problem(
                id: "p", prompt: "?", fields: ["tests": .array([test("1 2", "3"), test("5 5", "10\n")])])
            let code = { (text: String) in "Here:\n```sh\n\(text)\n```\n" }
            for (text, reason, share) in [
                (code("read a b; echo $((a+b))"), "correct", 1.0), (code("read a b; echo '3  '"), "wrong_output", 0.5),
                (code("exit 1"), "crashed", 0), (code("while :; do :; done"), "killed", 0),
                (code("sleep 60"), "timed_out", 0), ("echo 3", "no_program", 0), ("```sh\necho 3", "no_program", 0),
            ] {
                for isPartial in [false, true] where isPartial || reason != "timed_out" {
                    let section = try ConfigSection.parse(
                        yaml + "\npartial: \(isPartial)\nseconds: \(reason == "timed_out" ? 1 : 60)",
                        name: "t.yaml")
                    let verifier = try VerifierCatalogue.verifier(from: section)
                    try section.finish()
                    try verifier.check(problem)
                    let verdict = verifier.verdict(on: text, for: problem)
                    #expect(verdict.reason == reason && verdict.isCorrect == (reason == "correct"), "\(text)")
                    #expect(verdict.reward == (isPartial || reason == "correct" ? share : 0), "\(text)")
                }
            }
            let section = try ConfigSection.parse("verifier: program", name: "t.yaml")
            let verifier = try VerifierCatalogue.verifier(from: section)
            #expect(throws: VerifierError.self) { try verifier.check(Problem(id: "p", prompt: "?")) }
        }

        /// Processes of the machine with a text in their command line.
        private func processes(naming text: String) -> Int {
            guard let folder = opendir("/proc") else { return 0 }
            defer { closedir(folder) }
            var count = 0
            while let entry = readdir(folder) {
                let name = withUnsafeBytes(of: entry.pointee.d_name) { bytes in
                    String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
                }
                guard let stream = fopen("/proc/\(name)/cmdline", "r") else { continue }
                defer { fclose(stream) }
                var line = [UInt8](repeating: 0, count: 4_096)
                let length = fread(&line, 1, line.count, stream)
                if String(decoding: line[..<length], as: UTF8.self).contains(text) { count += 1 }
            }
            return count
        }
    }
#endif
