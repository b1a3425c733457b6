// The verifier of the reasoning format.

public import ConfigCoding
public import Trajectories

/// Whether a completion is `<think>` reasoning `</think>` and an answer: each mark once, both parts not blank.
public struct ThinkFormat: Verifier {
    /// The prompt ends with `<think>`, so that the completion begins inside.
    public var isOpened: Bool

    public init(isOpened: Bool = false) { self.isOpened = isOpened }

    /// Reads `opened` (false): whether the prompt ends with `<think>`.
    /// - Throws: `ConfigError`.
    public init(from section: ConfigSection) throws {
        self.init(isOpened: try section.value("opened", default: false))
    }

    public func check(_ problem: Problem) throws {}

    /// Reasons: `correct`, `format`.
    public func verdict(on completion: String, for problem: Problem) -> Verdict {
        let parts = Self.split(completion, at: "</think>")
        guard parts.count == 2, !Self.isBlank(parts[1]), Self.split(parts[1], at: "<think>").count == 1 else {
            return .failed("format")
        }
        let opened = Self.split(parts[0], at: "<think>")
        if isOpened { return opened.count == 1 && !Self.isBlank(opened[0]) ? .correct : .failed("format") }
        guard opened.count == 2, Self.isBlank(opened[0]), !Self.isBlank(opened[1]) else { return .failed("format") }
        return .correct
    }

    private static func isBlank(_ bytes: ArraySlice<UInt8>) -> Bool {
        bytes.allSatisfy { [0x20, 0x09, 0x0A, 0x0D].contains($0) }
    }

    private static func split(_ text: String, at mark: String) -> [ArraySlice<UInt8>] {
        split(Array(text.utf8)[...], at: mark)
    }

    /// Cuts at every occurrence, into three parts at most.
    private static func split(_ bytes: ArraySlice<UInt8>, at mark: String) -> [ArraySlice<UInt8>] {
        let pattern = Array(mark.utf8)
        var parts: [ArraySlice<UInt8>] = []
        var start = bytes.startIndex
        var index = start
        while index + pattern.count <= bytes.endIndex, parts.count < 2 {
            if bytes[index] == pattern[0], bytes[index..<(index + pattern.count)].elementsEqual(pattern) {
                parts.append(bytes[start..<index])
                index += pattern.count
                start = index
            } else {
                index += 1
            }
        }
        return parts + [bytes[start...]]
    }
}
