// Checkpoints: whole or not at all, trusted only after a look at every byte.

import Foundation
import Runs
import Testing
import Trajectories

@Suite struct CheckpointStoreTests {
    @discardableResult
    private func save(_ step: Int, in store: CheckpointStore, text: String = "weights") throws -> String {
        let pending = try store.begin(step: step)
        try put("\(text) of \(step)".utf8, at: "\(pending.path)/model.safetensors")
        try FileManager.default.createDirectory(atPath: "\(pending.path)/trainer", withIntermediateDirectories: true)
        try put([], at: "\(pending.path)/trainer/empty")
        try put(0..<200, at: "\(pending.path)/trainer/state.bin")
        return try pending.commit()
    }

    @Test func `a committed checkpoint is there under its name with a manifest any tool can check`() throws {
        let scratch = try ScratchFolder()
        let store = CheckpointStore(folder: scratch("checkpoints/"))
        #expect(try store.newestValid() == nil)
        #expect(try store.steps() == [])
        let path = try save(12, in: store)
        #expect(path == scratch("checkpoints/step-000012"))
        #expect(try names(in: scratch("checkpoints")) == ["step-000012"])
        #expect(try names(in: path) == ["manifest.json", "model.safetensors", "trainer"])
        #expect(
            try text(of: "\(path)/manifest.json") == """
                {
                  "files" : [
                    {
                      "bytes" : 13,
                      "crc32" : "46c5bb35",
                      "path" : "model.safetensors"
                    },
                    {
                      "bytes" : 0,
                      "crc32" : "00000000",
                      "path" : "trainer/empty"
                    },
                    {
                      "bytes" : 200,
                      "crc32" : "ed086180",
                      "path" : "trainer/state.bin"
                    }
                  ],
                  "format" : 1,
                  "step" : 12
                }
                """)
        let newest = try store.newestValid()
        #expect(newest?.step == 12)
        #expect(newest?.path == path)
        try store.verify(step: 12)
    }

    @Test func `steps are ordered as numbers`() throws {
        let scratch = try ScratchFolder()
        let store = CheckpointStore(folder: scratch("c"))
        for step in [999_999, 1_000_000, 0, 20] { try save(step, in: store) }
        try FileManager.default.createDirectory(atPath: scratch("c/step-7"), withIntermediateDirectories: true)
        try FileManager.default.createDirectory(atPath: scratch("c/notes"), withIntermediateDirectories: true)
        #expect(try store.steps() == [0, 20, 999_999, 1_000_000])
        #expect(try store.newestValid()?.step == 1_000_000)
        #expect(runError { _ = try store.begin(step: -1) }?.code == .invalid)
    }

    static let damages: [(String, @Sendable (String) throws -> Void)] = [
        ("model.safetensors is missing", { try FileManager.default.removeItem(atPath: "\($0)/model.safetensors") }),
        (
            "the contents of trainer/state.bin have changed",
            { folder in
                var contents = try bytes(of: "\(folder)/trainer/state.bin")
                contents[100] ^= 4
                try put(contents, at: "\(folder)/trainer/state.bin")
            }
        ),
        ("trainer/state.bin has 199 bytes, not 200", { try put(0..<199, at: "\($0)/trainer/state.bin") }),
        ("trainer/empty has 1 bytes, not 0", { try put([0], at: "\($0)/trainer/empty") }),
        ("it has no manifest.json", { try FileManager.default.removeItem(atPath: "\($0)/manifest.json") }),
        (
            "its manifest.json is not readable",
            { try put(bytes(of: "\($0)/manifest.json").dropLast(5), at: "\($0)/manifest.json") }
        ),
        ("its manifest.json is not readable", { try put([], at: "\($0)/manifest.json") }),
        ("its manifest.json is that of step 3", { try edit("\($0)/manifest.json", "\"step\" : 2", "\"step\" : 3") }),
        (
            "its manifest.json has the unknown format 9",
            { try edit("\($0)/manifest.json", "\"format\" : 1", "\"format\" : 9") }
        ),
        (
            "its manifest.json is not what was written",
            { try edit("\($0)/manifest.json", "\"step\" : 2", "\"step\" : 2, \"step\" : 2") }
        ),
        // Readers of JSON differ in which of two values they take.
        (
            "its manifest.json is not what was written",
            {
                try edit(
                    "\($0)/manifest.json", "\"path\" : \"model.safetensors\"",
                    "\"path\" : \"model.safetensors\", \"path\" : \"trainer/empty\"")
            }
        ),
        ("trainer/../../x lies outside of it", { try edit("\($0)/manifest.json", "trainer/empty", "trainer/../../x") }),
        (
            "model.safetensors is missing",
            { folder in
                try FileManager.default.removeItem(atPath: "\(folder)/model.safetensors")
                try FileManager.default.createSymbolicLink(
                    atPath: "\(folder)/model.safetensors", withDestinationPath: "trainer/empty")
            }
        ),
    ]

    @Test("damage is found, named, and an older checkpoint taken", arguments: damages.indices)
    func damage(number: Int) throws {
        let (sentence, spoil) = CheckpointStoreTests.damages[number]
        let scratch = try ScratchFolder()
        let store = CheckpointStore(folder: scratch("c"))
        try save(1, in: store)
        let path = try save(2, in: store)
        try spoil(path)
        var reports: [RunError] = []
        #expect(try store.newestValid { reports.append($0) }?.step == 1)
        #expect(
            reports.map(\.message) == [
                "checkpoint \(path) is damaged: \(sentence); use another checkpoint and remove this one"
            ])
        #expect(reports.first?.code == .damaged)
        #expect(runError { try store.verify(step: 2) }?.message == reports.first?.message)
        // The same step is then written again, in place of the damaged one.
        try save(2, in: store)
        #expect(try store.newestValid()?.step == 2)
        #expect(try names(in: scratch("c")) == ["step-000001", "step-000002"])
    }

    @Test func `any flipped bit of any file is found`() throws {
        let scratch = try ScratchFolder()
        let store = CheckpointStore(folder: scratch("c"))
        let path = try save(5, in: store)
        for name in ["model.safetensors", "trainer/state.bin", "manifest.json"] {
            let whole = try bytes(of: "\(path)/\(name)")
            for bit in 0..<8 * whole.count {
                var spoiled = whole
                spoiled[bit / 8] ^= 1 << UInt8(bit % 8)
                try put(spoiled, at: "\(path)/\(name)")
                #expect(try store.newestValid() == nil, "bit \(bit) of \(name)")
            }
            try put(whole, at: "\(path)/\(name)")
        }
        #expect(try store.newestValid()?.step == 5)
    }

    @Test func `all damaged is told one by one, and nothing is found`() throws {
        let scratch = try ScratchFolder()
        let store = CheckpointStore(folder: scratch("c"))
        for step in 1...3 {
            try FileManager.default.removeItem(atPath: "\(save(step, in: store))/manifest.json")
        }
        var reports: [String] = []
        #expect(try store.newestValid { reports.append($0.place) } == nil)
        #expect(reports == [3, 2, 1].map { scratch("c/step-00000\($0)/manifest.json") })
    }

    @Test func `a checkpoint dropped without commit leaves nothing`() throws {
        let scratch = try ScratchFolder()
        let store = CheckpointStore(folder: scratch("c"))
        try save(1, in: store)
        do {
            let pending = try store.begin(step: 2)
            try put([1], at: "\(pending.path)/model.safetensors")
            #expect(try store.steps() == [1])
            #expect(try store.newestValid()?.step == 1)
        }
        #expect(try names(in: scratch("c")) == ["step-000001"])
    }

    @Test func `an empty checkpoint and one with links are refused and leave nothing`() throws {
        let scratch = try ScratchFolder()
        let store = CheckpointStore(folder: scratch("c"))
        #expect(runError { try store.begin(step: 1).commit() }?.code == .invalid)
        let error = runError {
            let pending = try store.begin(step: 1)
            try FileManager.default.createSymbolicLink(
                atPath: "\(pending.path)/model", withDestinationPath: "/etc/passwd")
            try pending.commit()
        }
        #expect(error?.code == .invalid)
        #expect(error?.message.hasSuffix("/model is neither a file nor a folder; write a copy") == true)
        #expect(try names(in: scratch("c")) == [])
    }

    @Test func `what a killed process left is removed by the next begin, what lives is not`() async throws {
        let scratch = try ScratchFolder()
        let store = CheckpointStore(folder: scratch("c"))
        await #expect(processExitsWith: .signal(SIGKILL)) { [path = scratch.path as String] in
            let pending = try CheckpointStore(folder: "\(path)/c").begin(step: 3)
            try put([1], at: "\(pending.path)/model.safetensors")
            kill(getpid(), SIGKILL)
            try pending.commit()
        }
        #expect(try names(in: scratch("c")).count == 1)
        #expect(try store.newestValid() == nil)
        let first = try store.begin(step: 4)
        #expect(try names(in: scratch("c")) == [".tmp-step-000004-\(getpid())"])
        try put([1], at: "\(first.path)/model.safetensors")
        try save(5, in: store)
        #expect(runError { _ = try store.begin(step: 4) }?.code == .exists)
        try first.commit()
        #expect(try names(in: scratch("c")) == ["step-000004", "step-000005"])
    }

    @Test func `a kill while one checkpoint takes another's place loses neither`() throws {
        let scratch = try ScratchFolder()
        let store = CheckpointStore(folder: scratch("c"))
        let path = try save(6, in: store, text: "old")
        try FileManager.default.moveItem(atPath: path, toPath: scratch("c/.replaced-step-000006"))
        let newest = try store.newestValid()
        #expect(newest?.step == 6)
        #expect(newest?.path == scratch("c/.replaced-step-000006"))
        // The next begin puts it back.
        do { _ = try store.begin(step: 7) }
        #expect(try names(in: scratch("c")) == ["step-000006"])
        try save(6, in: store, text: "new")
        #expect(try text(of: "\(path)/model.safetensors") == "new of 6")
        #expect(try names(in: scratch("c")) == ["step-000006"])
    }

    @Test func `a damaged checkpoint does not cost the one whose place it took`() throws {
        let scratch = try ScratchFolder()
        let store = CheckpointStore(folder: scratch("c"))
        let path = try save(6, in: store, text: "old")
        try FileManager.default.moveItem(atPath: path, toPath: scratch("c/.replaced-step-000006"))
        try save(6, in: CheckpointStore(folder: scratch("d")), text: "new")
        try FileManager.default.moveItem(atPath: scratch("d/step-000006"), toPath: path)
        try put([1], at: "\(path)/model.safetensors")
        try store.removeSteps(after: 6)
        #expect(try names(in: scratch("c")) == ["step-000006"])
        #expect(try text(of: "\(path)/model.safetensors") == "old of 6")
    }

    @Test func `going back to a step removes what a kill at the end of a run left`() throws {
        let scratch = try ScratchFolder()
        let store = CheckpointStore(folder: scratch("c"), keep: 1)
        try store.removeSteps(after: 0)
        #expect(!FileManager.default.fileExists(atPath: scratch("c")))
        let all = CheckpointStore(folder: scratch("c"))
        for step in [1, 2, 3] { try save(step, in: all) }
        // between the names of a removal, and before it began
        try FileManager.default.moveItem(atPath: all.path(ofStep: 1), toPath: scratch("c/.tmp-removed-step-000001"))
        try store.removeSteps(after: 3)
        #expect(try names(in: scratch("c")) == ["step-000003"])
    }

    @Test func `only the newest are kept when so asked`() throws {
        let scratch = try ScratchFolder()
        let all = CheckpointStore(folder: scratch("c"))
        for step in 1...4 { try save(step, in: all) }
        #expect(try all.steps() == [1, 2, 3, 4])
        let two = CheckpointStore(folder: scratch("c"), keep: 2)
        try save(5, in: two)
        #expect(try two.steps() == [4, 5])
        // A damaged one does not count; a later one is none of its business.
        try FileManager.default.removeItem(atPath: "\(scratch("c"))/step-000005/manifest.json")
        try save(9, in: all)
        try save(6, in: two)
        #expect(try two.steps() == [4, 5, 6, 9])
        try save(7, in: two)
        #expect(try two.steps() == [6, 7, 9])
        try two.removeSteps(after: 7)
        #expect(try names(in: scratch("c")) == ["step-000006", "step-000007"])
        try save(8, in: CheckpointStore(folder: scratch("c"), keep: 0))
        #expect(try two.steps() == [8])
    }
}

private func edit(_ path: String, _ old: String, _ new: String) throws {
    let whole = try text(of: path)
    #expect(whole.contains(old))
    try put(whole.replacingOccurrences(of: old, with: new).utf8, at: path)
}
