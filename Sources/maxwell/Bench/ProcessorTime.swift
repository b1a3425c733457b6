// Seconds that the threads of this process have computed.

import Foundation

extension ProcessInfo {
    /// Of all threads so far, in the system's mode and their own.
    static var processorSeconds: Double {
        var time = timespec()
        guard clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time) == 0 else { return .nan }
        return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
    }
}
