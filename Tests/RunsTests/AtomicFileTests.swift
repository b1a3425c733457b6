// Whole files or none.

import Foundation
import Runs
import Testing

@Suite struct AtomicFileTests {
    @Test func `a file is written, replaced, and leaves no temporary one`() throws {
        let scratch = try ScratchFolder()
        for contents in ["", "first", String(repeating: "é", count: 100_000)] {
            try AtomicFile.write(contents, to: scratch("resolved.json"))
            #expect(try text(of: scratch("resolved.json")) == contents)
        }
        try AtomicFile.write(Data([0, 255]), to: scratch("resolved.json"))
        #expect(try bytes(of: scratch("resolved.json")) == [0, 255])
        #expect(try names(in: scratch.path) == ["resolved.json"])
    }

    @Test func `a folder of that name is not replaced`() throws {
        let scratch = try ScratchFolder()
        try FileManager.default.createDirectory(atPath: scratch("a/b"), withIntermediateDirectories: true)
        let error = runError { try AtomicFile.write("x", to: scratch("a")) }
        #expect(error?.code == .exists)
        #expect(
            error?.message
                == "could not write \(scratch("a")): it is a folder, not a file; remove it or choose another path")
        #expect(try names(in: scratch.path) == ["a"])
    }

    @Test func `writers at the same time do not mix`() async throws {
        let scratch = try ScratchFolder()
        let path = scratch("report.html")
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            for writer in 0..<16 {
                tasks.addTask { try AtomicFile.write(String(repeating: "\(writer % 10)", count: 50_000), to: path) }
            }
            try await tasks.waitForAll()
        }
        let contents = try bytes(of: path)
        #expect(contents.count == 50_000)
        #expect(Set(contents).count == 1)
        #expect(try names(in: scratch.path) == ["report.html"])
    }
}
