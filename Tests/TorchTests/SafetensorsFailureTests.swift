// Weights that cannot be written: one sentence, the former file untouched, nothing half-written left behind.

import Foundation
import Testing
import Torch

@Suite struct SafetensorsFailureTests {
    func refusal(_ path: String) -> String? {
        do {
            try withTorchErrors { try Safetensors.write([("a", .zeros([5000]))], to: path) }
            return nil
        } catch {
            #expect((error as? TorchError)?.code == .file)
            return "\(error)"
        }
    }

    @Test func `a folder that does not exist`() throws {
        let scratch = try ScratchFolder()
        let path = scratch("none/x.safetensors")
        #expect(
            refusal(path)
                == "cannot create \(path).tmp: No such file or directory; free space or choose another place")
        #expect(try FileManager.default.contentsOfDirectory(atPath: scratch.path) == [])
    }

    @Test func `a file where a folder should be`() throws {
        let scratch = try ScratchFolder()
        try Data("text".utf8).write(to: URL(filePath: scratch("file")))
        let path = scratch("file/x.safetensors")
        #expect(refusal(path) == "cannot create \(path).tmp: Not a directory; free space or choose another place")
        #expect(try FileManager.default.contentsOfDirectory(atPath: scratch.path) == ["file"])
    }

    @Test func `a folder where the file should be`() throws {
        let scratch = try ScratchFolder()
        let path = scratch("x.safetensors")
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
        #expect(refusal(path) == "cannot rename to \(path): Is a directory; free space or choose another place")
        #expect(try FileManager.default.contentsOfDirectory(atPath: scratch.path) == ["x.safetensors"])
    }

    @Test(.enabled(if: geteuid() != 0, "root writes everywhere"))
    func `a folder that may not be written`() throws {
        let scratch = try ScratchFolder()
        try FileManager.default.setAttributes([.posixPermissions: 0o555], ofItemAtPath: scratch.path)
        defer { try? FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: scratch.path) }
        let path = scratch("x")
        #expect(refusal(path) == "cannot create \(path).tmp: Permission denied; free space or choose another place")
    }

    #if os(Linux)
        @Test func `a full disk leaves the former file`() throws {
            let scratch = try ScratchFolder()
            let path = scratch("x.safetensors")
            try withTorchErrors { try Safetensors.write([("old", Tensor([1] as [Float]))], to: path) }
            // the temporary file is the device on which every write finds no space
            try FileManager.default.createSymbolicLink(atPath: path + ".tmp", withDestinationPath: "/dev/full")
            #expect(
                refusal(path)
                    == "cannot write \(path).tmp: No space left on device; free space or choose another place")
            #expect(try FileManager.default.contentsOfDirectory(atPath: scratch.path) == ["x.safetensors"])
            #expect(try withTorchErrors { try SafetensorsFile(path).tensor("old").floats } == [1])
        }
    #endif

    @Test func `a missing tensor is the operator's failure, and no file is left`() throws {
        let scratch = try ScratchFolder()
        let error = #expect(throws: TorchError.self) {
            try withTorchErrors {
                try Safetensors.write([("a", Tensor.zeros([2]).reshaped([3]))], to: scratch("x"))
            }
        }
        #expect(error?.message == "reshape: shape '[3]' is invalid for input of size 2")
        #expect(try FileManager.default.contentsOfDirectory(atPath: scratch.path) == [])
    }
}
