// Folders that commands write into, and the sentence where one cannot be made.

import Foundation

enum OutputFolder {
    /// Makes the folder and those above it, unless they are there.
    /// - Throws: `CommandError` saying which folder and why not.
    static func make(_ path: String) throws {
        do {
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        } catch {
            // Foundation does not always say why; the system call does
            let reason = mkdir(path, 0o777) == 0 ? nil : String(cString: strerror(errno))
            guard let reason else { return }
            throw CommandError("cannot make the folder \(path): \(reason); name another one with --out")
        }
    }
}
