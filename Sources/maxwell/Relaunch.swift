// Settings that libraries read before `main`: how OpenMP's threads wait, and which pages memory comes in.

import Foundation

/// Starts the program again, once, with settings in its environment; what the user has set stays as it is.
enum Relaunch {
    /// Set in a process that was started again, and in its children.
    private static let mark = "MAXWELL_RELAUNCHED"
    /// How often a thread that waits looks before it sleeps: about 0.1 ms, longer than the pause between two products of a decoding step.
    private static let looks = "4000"
    /// Asks for large pages where blocks are large enough.
    private static let largePages = "glibc.malloc.hugetlb"

    /// Sleeping threads (docs/decisions/0003-threads-that-sleep.md) and large pages (docs/decisions/0008-memory.md).
    static func withLibrarySettings() {
        #if os(Linux)
            guard getenv(mark) == nil else { return }
            setenv(mark, "1", 1)
            let given = ProcessInfo.processInfo.environment
            if given["OMP_WAIT_POLICY"] == nil {
                setenv("OMP_WAIT_POLICY", "passive", 1)
                setenv("GOMP_SPINCOUNT", looks, 0)
            }
            let tunables = given["GLIBC_TUNABLES"] ?? ""
            if !tunables.contains(largePages) {
                setenv("GLIBC_TUNABLES", (tunables.isEmpty ? "" : tunables + ":") + largePages + "=1", 1)
            }
            var arguments: [UnsafeMutablePointer<CChar>?] = CommandLine.arguments.map { strdup($0) } + [nil]
            execv("/proc/self/exe", &arguments)
            // only a failed start returns; going on without the settings is slower, not wrong
            for argument in arguments { free(argument) }
        #endif
    }
}
