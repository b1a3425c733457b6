// One child process under a deadline and a bound on its output: spawned, watched, and killed with all it started.

#if canImport(Glibc)
    import Glibc

    /// What became of a child process.
    struct ChildOutcome: Sendable, Equatable {
        enum End: Sendable, Equatable {
            case exited(Int32)
            case signalled(Int32)
            /// It ran past its deadline and was killed.
            case timedOut
            /// It wrote more than it may and was killed.
            case outputLimit
        }

        var end: End
        var output: [UInt8]
        var errors: [UInt8]
    }

    /// Runs a program in a process group of its own. It inherits no open file but the three standard ones.
    struct ChildProcess {
        var command: [String]
        /// Nil hands on this process's environment.
        var environment: [String: String]?
        var input: [UInt8] = []
        /// From start to end, by the clock.
        var seconds: Double
        /// Bytes of both streams together.
        var maximumOutput: Int

        /// - Throws: `VerifierError` `.unreadable` if the program cannot be started.
        func run() throws -> ChildOutcome {
            guard let program = command.first else {
                throw VerifierError(.unreadable, "the command is empty; name a program", place: "command")
            }
            // A file in place of a pipe: a child that does not read cannot block or signal this process.
            let source = try inputFile(program)
            defer { close(source) }
            let output = try Pipe(program)
            defer { output.close() }
            let errors = try Pipe(program)
            defer { errors.close() }
            let child = try spawn(program, source, output.writing, errors.writing)
            output.closeWriting()
            errors.closeWriting()
            return watch(child, output.reading, errors.reading)
        }

        // MARK: Starting

        private func fault(_ program: String, _ code: Int32) -> VerifierError {
            VerifierError(
                .unreadable, "the program could not be started: \(String(cString: strerror(code)))", place: program)
        }

        private func inputFile(_ program: String) throws -> Int32 {
            var name = Array("/tmp/input-XXXXXX".utf8CString)
            let file = mkstemp(&name)
            guard file >= 0 else { throw fault(program, errno) }
            _ = fcntl(file, F_SETFD, FD_CLOEXEC)
            unlink(&name)
            var offset = 0
            while offset < input.count {
                let count = input[offset...].withUnsafeBytes { write(file, $0.baseAddress, $0.count) }
                guard count > 0 else {
                    let code = errno
                    close(file)
                    throw fault(program, code)
                }
                offset += count
            }
            lseek(file, 0, SEEK_SET)
            return file
        }

        private func spawn(_ program: String, _ input: Int32, _ output: Int32, _ errors: Int32) throws -> pid_t {
            var actions = posix_spawn_file_actions_t()
            posix_spawn_file_actions_init(&actions)
            defer { posix_spawn_file_actions_destroy(&actions) }
            posix_spawn_file_actions_adddup2(&actions, input, 0)
            posix_spawn_file_actions_adddup2(&actions, output, 1)
            posix_spawn_file_actions_adddup2(&actions, errors, 2)
            guard let closeFrom = Self.closeFrom else {
                throw VerifierError(
                    .noIsolation, "a program would inherit open files: glibc 2.34 or newer is needed", place: program)
            }
            _ = closeFrom(&actions, 3)
            var attributes = posix_spawnattr_t()
            posix_spawnattr_init(&attributes)
            defer { posix_spawnattr_destroy(&attributes) }
            var signals = sigset_t()
            sigemptyset(&signals)
            posix_spawnattr_setsigmask(&attributes, &signals)
            posix_spawnattr_setpgroup(&attributes, 0)
            posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK))
            var arguments: [UnsafeMutablePointer<CChar>?] = command.map { strdup($0) } + [nil]
            defer { for argument in arguments { free(argument) } }
            var variables: [UnsafeMutablePointer<CChar>?] =
                (environment ?? [:]).sorted { $0.key < $1.key }.map { strdup("\($0.key)=\($0.value)") } + [nil]
            defer { for variable in variables { free(variable) } }
            var child: pid_t = 0
            let code = variables.withUnsafeMutableBufferPointer { own in
                posix_spawnp(
                    &child, program, &actions, &attributes, &arguments, environment == nil ? environ : own.baseAddress)
            }
            guard code == 0 else { throw fault(program, code) }
            return child
        }

        /// `posix_spawn_file_actions_addclosefrom_np`, which the module map of glibc leaves out.
        private static let closeFrom:
            (@convention(c) (UnsafeMutablePointer<posix_spawn_file_actions_t>, Int32) -> Int32)? = {
                guard let symbol = dlsym(nil, "posix_spawn_file_actions_addclosefrom_np") else { return nil }
                return unsafeBitCast(
                    symbol, to: (@convention(c) (UnsafeMutablePointer<posix_spawn_file_actions_t>, Int32) -> Int32).self
                )
            }()

        // MARK: Watching

        private func watch(_ child: pid_t, _ output: Int32, _ errors: Int32) -> ChildOutcome {
            let deadline = Self.now + seconds
            var outcome = ChildOutcome(end: .timedOut, output: [], errors: [])
            var isOpen = [true, true]
            var status: Int32 = 0
            var isEnded = false
            var end: ChildOutcome.End?
            while end == nil {
                var waiting = [
                    pollfd(fd: isOpen[0] ? output : -1, events: Int16(POLLIN), revents: 0),
                    pollfd(fd: isOpen[1] ? errors : -1, events: Int16(POLLIN), revents: 0),
                ]
                poll(&waiting, 2, isOpen.contains(true) ? 20 : 2)
                // Asked before reading: what was written before the end is then all there.
                isEnded = isEnded || Self.hasEnded(child)
                isOpen[0] = isOpen[0] && Self.drain(output, into: &outcome.output, limit: maximumOutput + 1)
                isOpen[1] = isOpen[1] && Self.drain(errors, into: &outcome.errors, limit: maximumOutput + 1)
                if outcome.output.count + outcome.errors.count > maximumOutput {
                    end = .outputLimit
                } else if isEnded {
                    // What it left behind may hold the pipes open; it is not waited for.
                    break
                } else if Self.now > deadline {
                    end = .timedOut
                }
            }
            // Before the child is reaped, so that its number still means this group.
            kill(-child, SIGKILL)
            while waitpid(child, &status, 0) == -1, errno == EINTR {}
            outcome.end = end ?? Self.end(status)
            return outcome
        }

        private static func hasEnded(_ child: pid_t) -> Bool {
            var information = siginfo_t()
            let code = waitid(P_PID, id_t(child), &information, WEXITED | WNOHANG | WNOWAIT)
            return code == 0 && information.si_signo == SIGCHLD
        }

        /// Reads what is there; false at the end of the stream.
        private static func drain(_ file: Int32, into bytes: inout [UInt8], limit: Int) -> Bool {
            var buffer = [UInt8](repeating: 0, count: 16_384)
            while bytes.count < limit {
                let count = read(file, &buffer, buffer.count)
                if count == 0 { return false }
                guard count > 0 else { return errno == EAGAIN || errno == EINTR }
                bytes += buffer[..<count]
            }
            return true
        }

        private static func end(_ status: Int32) -> ChildOutcome.End {
            status & 0x7F == 0 ? .exited((status >> 8) & 0xFF) : .signalled(status & 0x7F)
        }

        private static var now: Double {
            var time = timespec()
            clock_gettime(CLOCK_MONOTONIC, &time)
            return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
        }
    }

    /// A pipe whose reading end does not block.
    private final class Pipe {
        let reading: Int32
        private(set) var writing: Int32

        init(_ program: String) throws {
            var ends: [Int32] = [0, 0]
            guard pipe(&ends) == 0 else {
                throw VerifierError(
                    .unreadable, "the program could not be started: \(String(cString: strerror(errno)))", place: program
                )
            }
            (reading, writing) = (ends[0], ends[1])
            for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
            _ = fcntl(reading, F_SETFL, O_NONBLOCK)
        }

        func closeWriting() {
            if writing >= 0 { Glibc.close(writing) }
            writing = -1
        }

        func close() {
            closeWriting()
            Glibc.close(reading)
        }
    }
#endif
