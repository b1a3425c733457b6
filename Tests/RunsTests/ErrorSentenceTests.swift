// The sentences a user reads when the file system refuses.

import Foundation
import Testing

@testable import Runs

@Suite struct ErrorSentenceTests {
    @Test(
        "each refusal of the system has its code and its sentence",
        arguments: [
            (
                ENOSPC, RunError.Code.diskFull,
                "could not write /r/m: the disk is full or the quota is used up; "
                    + "free some space or choose another folder"
            ),
            (
                EDQUOT, .diskFull,
                "could not write /r/m: the disk is full or the quota is used up; "
                    + "free some space or choose another folder"
            ),
            (
                EACCES, .denied,
                "could not write /r/m: permission was denied; "
                    + "change its owner or access rights, or choose another folder"
            ),
            (
                EROFS, .readOnly,
                "could not write /r/m: the file system is read-only; choose a folder that can be written"
            ),
            (
                ENOTDIR, .notAFolder,
                "could not write /r/m: a part of the path is a file, not a folder; choose another path"
            ),
            (
                EIO, .inputOutput,
                "could not write /r/m: the device reported an input/output error; check the disk before going on"
            ),
            (
                EFBIG, .fileTooLarge,
                "could not write /r/m: the file would exceed the largest size allowed; raise the limit (ulimit -f)"
            ),
            (ENOENT, .missing, "could not write /r/m: there is no such file or folder; check the path"),
            (EMFILE, .system, "could not write /r/m: too many files are open; raise the limit (ulimit -n)"),
        ] as [(Int32, RunError.Code, String)])
    func sentence(number: Int32, code: RunError.Code, message: String) {
        let error = RunError(SystemError(number: number), trying: "write", path: "/r/m")
        #expect(error.code == code)
        #expect(error.message == message)
        #expect("\(error)" == message)
        #expect(error.place == "/r/m")
        #expect((error.cause as? SystemError)?.number == number)
    }

    @Test func `a file in the way of a folder is named`() throws {
        let scratch = try ScratchFolder()
        try put([1], at: scratch("file"))
        let reason = "a part of the path is a file, not a folder; choose another path"
        for path in [scratch("file/run"), scratch("file")] {
            let error = runError { _ = try RunFolder.create(at: path) }
            #expect(error?.code == .notAFolder)
            #expect(error?.message == "could not make the folder \(path): \(reason)")
        }
        #expect(runError { _ = try MetricsLog(file: scratch("file/m")) }?.code == .notAFolder)
        #expect(runError { try AtomicFile.write("x", to: scratch("file/m")) }?.code == .notAFolder)
        let store = runError { _ = try ExperienceStore(file: scratch("file/d")) }
        #expect(store?.code == .notAFolder)
    }

    @Test func `a missing folder is named`() throws {
        let scratch = try ScratchFolder()
        let path = scratch("no/m.jsonl")
        let reason = "there is no such file or folder; check the path"
        #expect(runError { _ = try MetricsLog(file: path) }?.message == "could not open \(path): \(reason)")
        #expect(runError { _ = try MetricsLog.read(file: path) }?.message == "could not read \(path): \(reason)")
        #expect(runError { try AtomicFile.write("x", to: path) }?.message == "could not write \(path): \(reason)")
        #expect(runError { _ = try ExperienceStore(file: path) }?.message == "could not open \(path): \(reason)")
    }

    @Test(.enabled(if: geteuid() != 0, "the superuser is never denied"))
    func `a folder without write permission is named`() throws {
        let scratch = try ScratchFolder()
        chmod(scratch.path, 0o500)
        defer { chmod(scratch.path, 0o700) }
        #expect(runError { _ = try RunFolder.create(at: scratch("run")) }?.code == .denied)
        #expect(runError { _ = try MetricsLog(file: scratch("m")) }?.code == .denied)
        #expect(runError { try AtomicFile.write("x", to: scratch("a")) }?.code == .denied)
        #expect(runError { _ = try ExperienceStore(file: scratch("d")) }?.code == .denied)
        #expect(runError { _ = try CheckpointStore(folder: scratch("c")).begin(step: 1) }?.code == .denied)
    }

    @Test func `paths are taken apart as POSIX does`() {
        let table = [
            ("/a/b", "/a", "b"), ("/a/b/", "/a", "b"), ("/a", "/", "a"), ("a", ".", "a"), ("a/b//", "a", "b"),
            ("/", "/", ""), ("a//b", "a", "b"),
        ]
        for (path, parent, name) in table {
            #expect(FileSystem.parent(of: path) == parent)
            #expect(FileSystem.name(of: path) == name)
        }
    }
}
