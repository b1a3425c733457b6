// What happens to a text before it is split into words: `normalizer` of a tokenizer.json.

/// The steps of a normaliser, in order.
struct Normaliser {
    enum Step {
        /// Normal form C.
        case canonicalComposition
        /// Puts a text in front, unless there is nothing to put it in front of.
        case prepend([UInt32])
        /// Replaces every occurrence of a text, from the left.
        case replace([UInt32], with: [UInt32])
        case lowercase
        /// Takes white space off the ends.
        case strip(left: Bool, right: Bool)
    }

    var steps: [Step] = []

    /// - Parameter isBare: leaves out the steps that put something in front.
    func normalise(_ scalars: ArraySlice<UInt32>, isBare: Bool = false) -> [UInt32] {
        var result = Array(scalars)
        for step in steps {
            if isBare, case .prepend = step { continue }
            result = Self.apply(step, to: result)
        }
        return result
    }

    private static func apply(_ step: Step, to scalars: [UInt32]) -> [UInt32] {
        switch step {
        case .canonicalComposition: return CanonicalComposition.normalise(scalars[...])
        case .prepend(let text): return scalars.isEmpty ? [] : text + scalars
        case .replace(let old, let new): return scalars.replacing(old, with: new)
        case .lowercase: return scalars.flatMap(CaseFolding.lowercase)
        case .strip(let left, let right):
            var kept = scalars[...]
            if left { kept = kept.drop { CharacterClass($0) == .space } }
            if right, let last = kept.lastIndex(where: { CharacterClass($0) != .space }) {
                kept = kept[...last]
            } else if right {
                kept = []
            }
            return Array(kept)
        }
    }

    /// Reads the member `normalizer`, null for none.
    /// - Throws: `TokenizerError` naming the step or setting that is not supported.
    init(_ field: JSONField?) throws(TokenizerError) {
        if let field { try read(field) }
    }

    private mutating func read(_ field: JSONField) throws(TokenizerError) {
        let type = try field.required("type")
        switch try type.string() {
        case "Sequence": for step in try field.required("normalizers").elements() { try read(step) }
        case "NFC": steps.append(.canonicalComposition)
        case "Prepend": steps.append(.prepend(try field.required("prepend").scalars()))
        case "Lowercase": steps.append(.lowercase)
        case "Strip":
            steps.append(
                .strip(left: try field.required("strip_left").bool(), right: try field.required("strip_right").bool()))
        case "Replace":
            let (old, new) = try field.replacement()
            steps.append(.replace(old, with: new))
        default: throw try type.unsupportedStep("Sequence, NFC, Prepend, Replace, Lowercase or Strip")
        }
    }
}

extension JSONField {
    func scalars() throws(TokenizerError) -> [UInt32] { try string().unicodeScalars.map(\.value) }

    /// `pattern` and `content` of a step Replace, in normalisers and decoders.
    func replacement() throws(TokenizerError) -> (old: [UInt32], new: [UInt32]) {
        let pattern = try required("pattern")
        guard let text = try pattern.optional("String") else {
            throw pattern.failure(.unsupported, "is not {\"String\": ...}; regular expressions are not supported here")
        }
        let old = try text.scalars()
        if old.isEmpty { throw text.failure(.malformed, "must not be empty") }
        return (old, try required("content").scalars())
    }

    /// The sentence for a `type` that is none of the supported ones.
    func unsupportedStep(_ supported: String) throws(TokenizerError) -> TokenizerError {
        failure(.unsupported, "is \"\(try string())\"; supported are \(supported)")
    }
}

extension [UInt32] {
    /// - Parameter old: not empty.
    func replacing(_ old: [UInt32], with new: [UInt32]) -> [UInt32] {
        guard let head = old.first, contains(head) else { return self }
        var result: [UInt32] = []
        result.reserveCapacity(count)
        var index = 0
        while index < count {
            if self[index] == head, self[index...].starts(with: old) {
                result.append(contentsOf: new)
                index += old.count
            } else {
                result.append(self[index])
                index += 1
            }
        }
        return result
    }
}
