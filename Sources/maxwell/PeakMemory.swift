// Peak resident memory of the process since a moment of one's choice.

import Foundation

enum PeakMemory {
    /// Returns free blocks to the system and forgets the peak so far; where the system cannot forget, the peak is the process's.
    static func reset() {
        #if os(Linux)
            trim()
            guard let file = FileHandle(forWritingAtPath: "/proc/self/clear_refs") else { return }
            // 5 resets the peak (proc(5)); without the right to do so the value stays an upper bound
            try? file.write(contentsOf: Data("5".utf8))
            try? file.close()
        #endif
    }

    #if os(Linux)
        /// Blocks that earlier cases freed stay in the process (ct_initialize asks for that) and would count as in use.
        private static func trim() {
            // glibc's malloc_trim is in no Swift module; musl has none
            guard let symbol = dlsym(nil, "malloc_trim") else { return }
            _ = unsafeBitCast(symbol, to: (@convention(c) (Int) -> Int32).self)(0)
        }
    #endif

    /// Bytes; nil where the system does not tell.
    static var bytes: Int? {
        let status = FileManager.default.contents(atPath: "/proc/self/status") ?? Data()
        let line = String(decoding: status, as: UTF8.self).split(separator: "\n").first { $0.hasPrefix("VmHWM:") }
        return line?.split(whereSeparator: \.isWhitespace).dropFirst().first.flatMap { Int($0) }.map { $0 * 1024 }
    }
}
