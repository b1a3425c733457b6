// Where the files shipped with Maxwell lie: its configs and the demo's model.

import Foundation

/// The checkout: the working folder or an ancestor of it, else an ancestor of the program.
enum ProjectFolder {
    /// The path of a shipped file or folder, such as `configs/grpo.yaml`.
    /// - Throws: `CommandError` when neither place has it.
    static func path(of name: String) throws -> String {
        let files = FileManager.default
        let program =
            files.fileExists(atPath: "/proc/self/exe")
            ? (try? files.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? CommandLine.arguments[0]
            : CommandLine.arguments[0]
        for start in [files.currentDirectoryPath, program] {
            var folder = start
            while !folder.isEmpty, folder != "/" {
                let candidate = folder + "/" + name
                if files.fileExists(atPath: candidate) { return candidate }
                folder = String(folder[..<(folder.lastIndex(of: "/") ?? folder.startIndex)])
            }
        }
        throw CommandError(
            "cannot find \(name) in this folder, beside the program or above; run this inside the checkout")
    }
}
