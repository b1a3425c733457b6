// How libtorch's threads wait: a moment awake, then asleep, because threads that spin starve every other process on the machine.

import Foundation

/// libgomp reads its settings when it is loaded, before `main`; the only way to change them is to start again.
enum OpenMPWaiting {
    /// Looks at what comes next before a thread sleeps: about 0.1 ms, which outlasts the pause between two products of a decoding step.
    private static let spins = "4000"

    /// Starts the program again with `OMP_WAIT_POLICY=passive` and a short `GOMP_SPINCOUNT`, unless the user has chosen a policy.
    ///
    /// With two trainers on two cores the spinning default was seven times slower, and without any spinning each of a decoding
    /// step's products waited for a sleeper to wake (docs/decisions/0003-threads-that-sleep.md).
    static func sleepAfterSpinning() {
        #if os(Linux)
            guard getenv("OMP_WAIT_POLICY") == nil else { return }
            setenv("OMP_WAIT_POLICY", "passive", 1)
            setenv("GOMP_SPINCOUNT", spins, 0)
            var arguments: [UnsafeMutablePointer<CChar>?] = CommandLine.arguments.map { strdup($0) } + [nil]
            execv("/proc/self/exe", &arguments)
            // only a failed start returns; going on with spinning threads is slower, not wrong
            for argument in arguments { free(argument) }
        #endif
    }
}
