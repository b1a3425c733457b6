// What can go wrong with a run folder, as one value with one sentence.

/// A failure to read or write part of a run folder.
///
/// `message` is one sentence: what was tried, on which path, what would help.
public struct RunError: Error, Sendable, CustomStringConvertible {
    public enum Code: String, Sendable, CaseIterable {
        /// The file or folder is not there.
        case missing
        /// Something is already there that would be overwritten or repeated.
        case exists
        /// The folder is there but holds no run.
        case notARun
        /// Permission was denied.
        case denied
        /// The file system is read-only.
        case readOnly
        /// A part of the path is a file.
        case notAFolder
        /// The disk is full, or the quota used up.
        case diskFull
        /// A limit on the size of one file was reached.
        case fileTooLarge
        /// The device failed.
        case inputOutput
        /// Another process holds the run.
        case locked
        /// The bytes that are there are not what was written.
        case damaged
        /// What the caller gave cannot be stored.
        case invalid
        /// Any other answer of the operating system or of SQLite.
        case system
    }

    public var code: Code
    public var message: String
    public var cause: (any Error)?
    /// The path concerned; `path:line` within a text file.
    public var place: String

    public init(_ code: Code, _ message: String, place: String, cause: (any Error)? = nil) {
        self.code = code
        self.message = message
        self.place = place
        self.cause = cause
    }

    public var description: String { message }
}
