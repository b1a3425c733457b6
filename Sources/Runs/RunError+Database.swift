// The sentence for each way SQLite refuses.

import GRDB

extension RunError {
    /// Runs `body`; what SQLite throws becomes "could not <action> <path>: <reason>; <what would help>".
    static func translatingDatabaseErrors<Result>(
        trying action: String, _ path: String, _ body: () throws -> Result
    ) throws -> Result {
        do {
            return try body()
        } catch let error as DatabaseError {
            throw RunError(error, trying: action, path: path)
        } catch let error as RowDecodingError {
            throw RunError(
                .damaged,
                "could not \(action) \(path): a value in it is of another kind than was written; restore a copy",
                place: path, cause: error)
        }
    }

    private init(_ error: DatabaseError, trying action: String, path: String) {
        let (code, reason): (Code, String) =
            switch error.resultCode {
            case .SQLITE_FULL:
                (.diskFull, "the disk is full or the quota is used up; free some space or choose another folder")
            case .SQLITE_READONLY:
                (.readOnly, "it cannot be written; change its access rights or choose another folder")
            case .SQLITE_PERM, .SQLITE_AUTH:
                (.denied, "permission was denied; change its access rights or choose another folder")
            case .SQLITE_IOERR:
                (
                    .inputOutput,
                    "reading or writing the file failed (SQLite code \(error.extendedResultCode.rawValue)); "
                        + "check the disk and the size limit of files (ulimit -f)"
                )
            case .SQLITE_BUSY, .SQLITE_LOCKED:
                (.locked, "another process is writing to it; wait for it to end")
            case .SQLITE_NOTADB, .SQLITE_CORRUPT:
                (.damaged, "it is not an intact SQLite database; move it away or restore a copy")
            case .SQLITE_CONSTRAINT:
                (.exists, "a part of it is already stored; delete the steps after the one that is resumed")
            case .SQLITE_TOOBIG:
                (.invalid, "a text or token list exceeds what SQLite can hold; shorten it")
            default:
                (.system, "SQLite answered \(error.message ?? "no reason") (code \(error.extendedResultCode.rawValue))")
            }
        self.init(code, "could not \(action) \(path): \(reason)", place: path, cause: error)
    }
}
