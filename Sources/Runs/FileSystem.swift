// Folders: made, listed, renamed and removed so that each change survives a power cut.

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

enum FileSystem {
    enum Kind { case file, folder, other }

    /// What lies at `path`, symbolic links not followed unless asked; nil if nothing is there.
    static func kind(of path: String, followingLinks: Bool = false) throws -> Kind? {
        var status = stat()
        guard (followingLinks ? stat(path, &status) : lstat(path, &status)) == 0 else {
            if errno == ENOENT { return nil }
            throw RunError(.last, trying: "examine", path: path)
        }
        return switch status.st_mode & S_IFMT {
        case S_IFREG: .file
        case S_IFDIR: .folder
        default: .other
        }
    }

    /// The folder that holds `path`.
    static func parent(of path: String) -> String {
        let trimmed = trimmingSlashes(path)
        guard let slash = trimmed.utf8.lastIndex(of: UInt8(ascii: "/")) else { return "." }
        return slash == trimmed.startIndex ? "/" : trimmingSlashes(String(trimmed[..<slash]))
    }

    /// The last component of `path`.
    static func name(of path: String) -> String {
        let trimmed = trimmingSlashes(path)
        guard let slash = trimmed.utf8.lastIndex(of: UInt8(ascii: "/")) else { return trimmed }
        return String(trimmed[trimmed.utf8.index(after: slash)...])
    }

    static func trimmingSlashes(_ path: String) -> String {
        var path = path[...]
        while path.utf8.count > 1, path.utf8.last == UInt8(ascii: "/") { path = path.dropLast() }
        return String(path)
    }

    /// Makes `path` and every folder above it that is missing.
    static func makeFolder(_ path: String) throws {
        if mkdir(path, 0o777) == 0 { return try synchronise(folder: parent(of: path)) }
        let error = SystemError.last
        switch error.number {
        case ENOENT where parent(of: path) != path && !path.isEmpty:
            try makeFolder(parent(of: path))
            guard mkdir(path, 0o777) == 0 || errno == EEXIST else {
                throw RunError(.last, trying: "make the folder", path: path)
            }
            try synchronise(folder: parent(of: path))
        case _ where (try? kind(of: path, followingLinks: true)) == .folder: return
        case EEXIST: throw RunError(SystemError(number: ENOTDIR), trying: "make the folder", path: path)
        default: throw RunError(error, trying: "make the folder", path: path)
        }
    }

    /// Names in a folder, sorted by bytes, without `.` and `..`.
    static func names(in folder: String) throws -> [String] {
        guard let stream = opendir(folder) else { throw RunError(.last, trying: "list", path: folder) }
        defer { closedir(stream) }
        var names: [String] = []
        while true {
            errno = 0
            guard let entry = readdir(stream) else {
                if errno != 0 { throw RunError(.last, trying: "list", path: folder) }
                break
            }
            let name = withUnsafePointer(to: &entry.pointee.d_name) { tuple in
                tuple.withMemoryRebound(to: CChar.self, capacity: MemoryLayout.size(ofValue: tuple.pointee)) {
                    String(cString: $0)
                }
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }

    /// Makes the names in a folder durable: without it a file may be safe and its name lost.
    static func synchronise(folder: String) throws {
        try FileDescriptor(.folder, folder, trying: "open").synchronise()
    }

    /// Renames within one file system and makes the new name durable. A folder replaces nothing but an empty folder.
    static func rename(_ source: String, to target: String) throws {
        guard platformRename(source, target) == 0 else {
            throw RunError(.last, trying: "rename \(source) to", path: target)
        }
        try synchronise(folder: parent(of: target))
    }

    static func removeFile(_ path: String) throws {
        guard unlink(path) == 0 || errno == ENOENT else { throw RunError(.last, trying: "remove", path: path) }
    }

    /// Removes a file, a link or a folder with all it holds; links are never followed.
    static func removeTree(_ path: String) throws {
        guard try kind(of: path) == .folder else { return try removeFile(path) }
        for name in try names(in: path) { try removeTree("\(path)/\(name)") }
        guard rmdir(path) == 0 || errno == ENOENT else { throw RunError(.last, trying: "remove", path: path) }
    }

    /// Why `path` cannot be opened for reading and writing (created if missing), as far as its rights and folders tell.
    static func obstacle(to path: String) -> SystemError? {
        if access(path, R_OK | W_OK) == 0 { return nil }
        if errno == ENOENT, access(parent(of: path), W_OK | X_OK) == 0 { return nil }
        return .last
    }
}

private func platformRename(_ source: String, _ target: String) -> Int32 { rename(source, target) }
