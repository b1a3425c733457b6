// How libtorch's threads wait: asleep, because threads that spin starve every other process on the machine.

import Foundation

/// libgomp reads its settings when it is loaded, before `main`; the only way to change them is to start again.
enum OpenMPWaiting {
    /// Starts the program again with `OMP_WAIT_POLICY=passive`, unless the user has chosen a policy.
    ///
    /// With two trainers on two cores the spinning default was seven times slower.
    static func sleepInsteadOfSpinning() {
        #if os(Linux)
            guard getenv("OMP_WAIT_POLICY") == nil else { return }
            setenv("OMP_WAIT_POLICY", "passive", 1)
            var arguments: [UnsafeMutablePointer<CChar>?] = CommandLine.arguments.map { strdup($0) } + [nil]
            execv("/proc/self/exe", &arguments)
            // only a failed start returns; going on with spinning threads is slower, not wrong
            for argument in arguments { free(argument) }
        #endif
    }
}
