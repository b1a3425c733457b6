// One open file with one owner: every byte of a run except SQLite's goes through here.

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// An open file or folder, closed when the value ends. Calls are repeated when a signal interrupts them.
struct FileDescriptor: ~Copyable {
    enum Access {
        case read
        /// Fails if the file exists, symbolic links included.
        case create
        /// Creates the file if needed; every write goes to its end.
        case append
        /// Creates the file if needed; contents stay.
        case update
        case folder

        fileprivate var flags: Int32 {
            switch self {
            case .read: O_RDONLY | O_CLOEXEC
            case .create: O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC
            case .append: O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC
            case .update: O_RDWR | O_CREAT | O_CLOEXEC
            case .folder: O_RDONLY | O_DIRECTORY | O_CLOEXEC
            }
        }
    }

    let path: String
    private let number: Int32

    init(_ access: Access, _ path: String, trying action: String) throws {
        let flags = access.flags
        guard let number = repeating({ open(path, flags, 0o666) }) else {
            throw RunError(.last, trying: action, path: path)
        }
        self.number = number
        self.path = path
    }

    deinit { _ = close(number) }

    /// Size in bytes; 0 for anything that is not a regular file (a device has no end to read to).
    func size() throws -> Int {
        var status = stat()
        guard fstat(number, &status) == 0 else { throw RunError(.last, trying: "examine", path: path) }
        return status.st_mode & S_IFMT == S_IFREG ? Int(status.st_size) : 0
    }

    /// Reads until `buffer` is full or the file ends; returns the number of bytes read.
    func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        var filled = 0
        while filled < buffer.count {
            let rest = UnsafeMutableRawBufferPointer(rebasing: buffer[filled...])
            guard let count = repeating({ platformRead(number, rest.baseAddress, rest.count) }) else {
                throw RunError(.last, trying: "read", path: path)
            }
            if count == 0 { break }
            filled += count
        }
        return filled
    }

    /// Writes all of `bytes` or throws; how much reached the file is then unknown.
    func write(_ bytes: UnsafeRawBufferPointer) throws {
        var rest = bytes
        while let start = rest.baseAddress, rest.count > 0 {
            guard let count = repeating({ platformWrite(number, start, rest.count) }) else {
                throw RunError(.last, trying: "write", path: path)
            }
            rest = UnsafeRawBufferPointer(rebasing: rest[count...])
        }
    }

    func truncate(to size: Int) throws {
        guard repeating({ ftruncate(number, off_t(size)) }) != nil else {
            throw RunError(.last, trying: "shorten", path: path)
        }
    }

    /// Returns when the contents have reached the device. What cannot be synchronised (a pipe, a device) is left alone.
    func synchronise() throws {
        if repeating({ fsync(number) }) == nil, errno != EINVAL, errno != ENOTSUP {
            throw RunError(.last, trying: "flush", path: path)
        }
    }

    /// Takes the exclusive lock of the file without waiting; false if another holder has it.
    ///
    /// The lock belongs to this descriptor: it ends with this value or with the process, however that ends.
    func lock() throws -> Bool {
        if repeating({ flock(number, LOCK_EX | LOCK_NB) }) != nil { return true }
        if errno == EWOULDBLOCK { return false }
        throw RunError(.last, trying: "lock", path: path)
    }
}

// Inside the struct `read` and `write` name its own methods.
private func platformRead(_ number: Int32, _ bytes: UnsafeMutableRawPointer?, _ count: Int) -> Int {
    read(number, bytes, count)
}
private func platformWrite(_ number: Int32, _ bytes: UnsafeRawPointer, _ count: Int) -> Int {
    write(number, bytes, count)
}

/// The result of a system call, asked again while signals interrupt it; nil if it failed (then errno says why).
private func repeating<Result: SignedInteger>(_ call: () -> Result) -> Result? {
    while true {
        let result = call()
        if result >= 0 { return result }
        if errno != EINTR { return nil }
    }
}
