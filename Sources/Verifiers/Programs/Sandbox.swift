// The isolation of programs that a model wrote: namespaces of their own, a file system of their own, and limits.

#if canImport(Glibc)
    import Glibc
#endif

/// Runs programs that nobody has read.
///
/// A program runs as a process in user, mount, process, network, IPC, host-name and cgroup namespaces of its own, set up
/// by `unshare` of util-linux: it sees no other process, no network but a loopback that is down, no file of the machine
/// but `/usr`, `/bin`, `/sbin` and `/lib*`, read-only, no variable of the environment, and no open file. It writes to
/// `/work` alone, a file system in memory that ends with it. It has no capability and cannot gain one, nor make user
/// namespaces of its own; where the trainer is root, the program is `nobody` outside of its namespaces. Limits hold for
/// processor time, memory and file size of each process, for the number of processes, for `/work`, for output, and for
/// the time by the clock, at whose end the process namespace is killed as a whole. Memory of all processes together is
/// bounded by their number times the limit of one; there is no system call filter.
public struct Sandbox: Sendable {
    /// What a program may use.
    public struct Limits: Sendable, Equatable {
        /// By the clock, from start to end.
        public var seconds = 10.0
        /// Processor time of a process, whole seconds.
        public var processorSeconds = 5
        /// Address space of a process, bytes.
        public var memory = 512 << 20
        /// Threads count as processes.
        public var processes = 32
        /// Bytes of both output streams together.
        public var output = 1 << 20
        /// Bytes of all files in `/work`.
        public var files = 32 << 20

        public init() {}
    }

    /// What became of a program.
    public struct Report: Sendable, Equatable {
        public enum End: Sendable, Equatable {
            /// The exit status; 128 + n after signal n.
            case exited(Int)
            case timedOut
            case outputLimit
        }

        public var end: End
        public var output: String
        public var errors: String
    }

    public var limits: Limits

    /// Makes sure that programs can be isolated here, by isolating one.
    /// - Throws: `VerifierError` `.noIsolation`, with what failed and what would help.
    public init(limits: Limits = Limits()) throws {
        self.limits = limits
        #if canImport(Glibc)
            // Whether it can be done is asked once, with patience; how long a program may take is another question.
            var probe = self
            probe.limits.seconds = max(60, limits.seconds)
            let report = try probe.run(["sh", "-c", "echo isolated"], files: [:])
            guard report.end == .exited(0), report.output == "isolated\n" else {
                let reason = report.errors.split(separator: "\n").first.map(String.init) ?? "\(report.end)"
                throw VerifierError(
                    .noIsolation,
                    "programs cannot be isolated on this machine (\(reason)), so none is run; allow user namespaces "
                        + "(sysctl user.max_user_namespaces) and install util-linux 2.38 or newer",
                    place: "sandbox")
            }
        #else
            throw VerifierError(
                .noIsolation,
                "programs can be isolated on Linux only, so none is run; judge them there, or by an external command",
                place: "sandbox")
        #endif
    }

    /// Runs a command in `/work`, which holds the given files.
    /// - Throws: `VerifierError` `.unreadable` if the files cannot be handed over or `unshare` does not start.
    public func run(_ command: [String], files: [String: String], input: String = "") throws -> Report {
        #if canImport(Glibc)
            let folder = try HandoverFolder(files)
            defer { folder.remove() }
            let flags =
                "--user --map-root-user --mount --net --pid --ipc --uts --cgroup --fork --kill-child=KILL --"
            let user = getuid() == 0 ? ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--"] : []
            let settings = [
                folder.path, "\(limits.files)", "\(limits.processorSeconds)", "\(limits.memory)", "\(limits.processes)",
            ]
            let child = ChildProcess(
                command: user + ["unshare"] + flags.split(separator: " ").map(String.init)
                    + ["sh", "-c", Self.script, "sandbox"] + settings + command,
                environment: [
                    "PATH": "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin", "HOME": "/work", "LANG": "C.UTF-8",
                ],
                input: Array(input.utf8), seconds: limits.seconds, maximumOutput: limits.output)
            let outcome = try child.run()
            let end: Report.End =
                switch outcome.end {
                case .exited(let status): .exited(Int(status))
                case .signalled(let signal): .exited(128 + Int(signal))
                case .timedOut: .timedOut
                case .outputLimit: .outputLimit
                }
            return Report(
                end: end, output: String(decoding: outcome.output.prefix(limits.output), as: UTF8.self),
                errors: String(decoding: outcome.errors.prefix(limits.output), as: UTF8.self))
        #else
            throw VerifierError(.noIsolation, "programs can be isolated on Linux only", place: "sandbox")
        #endif
    }

    /// Builds the file system, leaves the machine's behind, and runs the command without capabilities. It stays the
    /// first process of its namespace, so that the command can neither signal nor replace it, and what the command
    /// leaves behind dies with it.
    private static let script = """
        set -e
        source=$1 space=$2 cpu=$3 memory=$4 processes=$5
        shift 5
        mount --make-rprivate /
        mount -t tmpfs -o mode=755,nosuid,nodev,size=1m none "$source/root"
        cd "$source/root"
        mkdir old work proc dev
        for name in usr bin sbin lib lib32 lib64 libx32 etc/alternatives; do
          if [ -L "/$name" ]; then
            ln -s "$(readlink "/$name")" "$name"
          elif [ -d "/$name" ]; then
            mkdir -p "$name"
            mount --bind "/$name" "$name"
            mount -o remount,bind,ro,nosuid,nodev "$name"
          fi
        done
        for name in null zero urandom; do
          : > "dev/$name"
          mount --bind "/dev/$name" "dev/$name"
        done
        ln -s work tmp
        mount -t tmpfs -o "mode=755,nosuid,nodev,size=$space" none work
        cp -r "$source/files/." work
        mount -t proc -o nosuid,nodev,noexec none proc
        echo 0 > proc/sys/user/max_user_namespaces
        mount -o remount,bind,ro,nosuid,nodev "$source/root"
        pivot_root . old
        umount -l /old
        cd /work
        set +e
        prlimit --cpu="$cpu" --as="$memory" --nproc="$processes" --fsize="$space" --nofile=64 --core=0 \\
          setpriv --no-new-privs --bounding-set=-all --inh-caps=-all -- "$@"
        status=$?
        exit $status
        """
}

#if canImport(Glibc)
    /// A folder through which files get into a sandbox, readable by every user because the program is another one.
    private struct HandoverFolder {
        let path: String

        init(_ files: [String: String]) throws {
            var template = Array("/tmp/sandbox-XXXXXX".utf8CString)
            guard mkdtemp(&template) != nil else { throw Self.fault("/tmp") }
            path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
            do {
                try check(chmod(path, 0o755))
                for name in ["root", "files"] { try check(mkdir("\(path)/\(name)", 0o755)) }
                for name in ["root", "files"] { try check(chmod("\(path)/\(name)", 0o755)) }
                for (name, content) in files.sorted(by: { $0.key < $1.key }) {
                    guard !name.isEmpty, !name.contains("/"), name != ".", name != ".." else {
                        throw VerifierError(.unreadable, "a file of a program has a plain name", place: name)
                    }
                    guard let stream = fopen("\(path)/files/\(name)", "wbe") else { throw Self.fault(name) }
                    let bytes = Array(content.utf8)
                    let written = fwrite(bytes, 1, bytes.count, stream)
                    guard fclose(stream) == 0, written == bytes.count else { throw Self.fault(name) }
                    try check(chmod("\(path)/files/\(name)", 0o644))
                }
            } catch {
                remove()
                throw error
            }
        }

        func remove() {
            if let folder = opendir("\(path)/files") {
                while let entry = readdir(folder) {
                    let name = withUnsafeBytes(of: entry.pointee.d_name) { bytes in
                        String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
                    }
                    if name != ".", name != ".." { unlink("\(path)/files/\(name)") }
                }
                closedir(folder)
            }
            for name in ["files", "root"] { rmdir("\(path)/\(name)") }
            rmdir(path)
        }

        private func check(_ code: Int32) throws {
            guard code == 0 else { throw Self.fault(path) }
        }

        private static func fault(_ place: String) -> VerifierError {
            VerifierError(
                .unreadable, "a program could not be handed to its sandbox: \(String(cString: strerror(errno)))",
                place: place)
        }
    }
#endif
