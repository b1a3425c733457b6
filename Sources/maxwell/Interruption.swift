// SIGINT and SIGTERM as a wish to stop: the first ends a run after its step, a second one ends the process at once.

import Foundation

enum Interruption {
    /// Set by the signal handler, which may do nothing else.
    nonisolated(unsafe) private static var flag: sig_atomic_t = 0

    /// Whether a signal has come.
    static var isAsked: Bool { flag != 0 }

    /// From now on the first SIGINT or SIGTERM is noted; the next has its usual effect.
    static func listen() {
        // a parent's thread may have blocked them, and a process inherits that
        var wanted = sigset_t()
        sigemptyset(&wanted)
        for number in [SIGINT, SIGTERM] { sigaddset(&wanted, number) }
        pthread_sigmask(SIG_UNBLOCK, &wanted, nil)
        for number in [SIGINT, SIGTERM] {
            signal(number) { number in
                Interruption.flag = 1
                signal(SIGINT, SIG_DFL)
                signal(SIGTERM, SIG_DFL)
            }
        }
    }
}
