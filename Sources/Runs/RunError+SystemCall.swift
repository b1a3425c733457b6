// The sentence for each way the operating system refuses.

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// An error number of the operating system.
struct SystemError: Error, Sendable, Equatable, CustomStringConvertible {
    var number: Int32

    /// The number left behind by the system call that just failed.
    static var last: SystemError { SystemError(number: errno) }

    var description: String { "\(String(cString: strerror(number))) (errno \(number))" }
}

extension RunError {
    /// "could not <action> <path>: <what the system said>; <what would help>".
    init(_ error: SystemError, trying action: String, path: String) {
        let (code, reason) = RunError.reading(error)
        self.init(code, "could not \(action) \(path): \(reason)", place: path, cause: error)
    }

    private static func reading(_ error: SystemError) -> (Code, String) {
        switch error.number {
        case ENOSPC, EDQUOT:
            (.diskFull, "the disk is full or the quota is used up; free some space or choose another folder")
        case EFBIG:
            (.fileTooLarge, "the file would exceed the largest size allowed; raise the limit (ulimit -f)")
        case EACCES, EPERM:
            (.denied, "permission was denied; change its owner or access rights, or choose another folder")
        case EROFS:
            (.readOnly, "the file system is read-only; choose a folder that can be written")
        case ENOTDIR:
            (.notAFolder, "a part of the path is a file, not a folder; choose another path")
        case EISDIR:
            (.exists, "it is a folder, not a file; remove it or choose another path")
        case ENOENT:
            (.missing, "there is no such file or folder; check the path")
        case EEXIST, ENOTEMPTY:
            (.exists, "something with that name is already there; remove it or choose another path")
        case EIO:
            (.inputOutput, "the device reported an input/output error; check the disk before going on")
        case EMFILE, ENFILE:
            (.system, "too many files are open; raise the limit (ulimit -n)")
        case ENAMETOOLONG:
            (.invalid, "the name is too long; choose a shorter path")
        case ELOOP:
            (.invalid, "its symbolic links run in a circle or are not allowed here; choose another path")
        case ENOLCK, ENOTSUP:
            (.system, "the file system does not support this (\(error)); choose a folder on a local disk")
        default:
            (.system, "the system answered \(error); choose another folder if it happens again")
        }
    }
}
