// Says in which phase a run stands when nothing has moved for a while.

import Foundation
import Synchronization

/// A thread that looks at the last sign of life. Ends with the value.
final class Watchdog: Sendable {
    /// What the run was last seen doing; pure, so that its sentence can be tested.
    struct Sign: Sendable, Equatable {
        var phase: String
        var step: Int
        var since: TimeInterval

        /// Nil while `now` is less than `limit` seconds after the sign.
        func complaint(now: TimeInterval, limit: TimeInterval) -> String? {
            guard now - since >= limit else { return nil }
            return
                "nothing has moved for \(Int(now - since)) s: step \(step) is in \(phase); if this goes on, look at the "
                + "verifier, the machine's memory and other processes, or stop the run (it can be resumed)"
        }
    }

    private struct State: Sendable {
        var sign: Sign?
        var hasComplained = false
        var hasEnded = false
    }
    private let state = Mutex(State())

    /// - Parameter limit: seconds; 0 starts no thread.
    init(limit: Double, complain: @escaping @Sendable (String) -> Void) {
        guard limit > 0 else { return }
        Thread.detachNewThread { [weak self] in
            while true {
                Thread.sleep(forTimeInterval: min(1, limit / 4))
                guard let self, let complaint = self.look(limit: limit) else { return }
                if let complaint { complain(complaint) }
            }
        }
    }

    /// A sign of life: the run entered a phase.
    func enter(_ phase: String, step: Int) {
        state.withLock {
            $0.sign = Sign(phase: phase, step: step, since: ProcessInfo.processInfo.systemUptime)
            $0.hasComplained = false
        }
    }

    /// No more complaints.
    func end() { state.withLock { $0.hasEnded = true } }

    /// Nil ends the thread; a complaint is made once per sign.
    private func look(limit: Double) -> String?? {
        state.withLock { state in
            if state.hasEnded { return nil }
            guard !state.hasComplained,
                let text = state.sign?.complaint(now: ProcessInfo.processInfo.systemUptime, limit: limit)
            else { return .some(nil) }
            state.hasComplained = true
            return text
        }
    }
}
