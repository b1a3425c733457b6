// What a tokenizer.json must say for this module to read it, and its refusals.

/// The parts of a tokenizer.json that decide which ids a text gets.
struct TokenizerFile {
    /// UTF-8 of each token of the model, as written, and its id.
    var vocabulary: [(token: [UInt8], id: Int32)]
    /// Left and right side of each merge, in ascending rank.
    var merges: [(left: [UInt8], right: [UInt8], field: JSONField)]
    /// Whether a word that is a token as a whole becomes that token without merging.
    var ignoresMerges: Bool
    /// Whether text is brought to normal form C first.
    var normalises: Bool
    /// In ascending order of their ids.
    var addedTokens: [(token: AddedToken, field: JSONField)]
    /// The whole document, for failures that concern no single field.
    var root: JSONField

    /// - Throws: `TokenizerError` naming the JSON path of the first thing that is absent, malformed or not supported.
    init(json: [UInt8], name: String) throws(TokenizerError) {
        root = JSONField(node: try JSONNode.parse(json, name: name), path: "", name: name)
        if let version = try root.optional("version") { try version.require("1.0") }
        for key in ["truncation", "padding"] {
            if let field = try root.optional(key) {
                throw field.failure(.unsupported, "is set, but length is the caller's business; set it to null")
            }
        }
        normalises = try Self.readNormaliser(root)
        try Self.checkPreTokenizer(try root.required("pre_tokenizer"))
        if let processor = try root.optional("post_processor") {
            try processor.required("type").require("ByteLevel")
        }
        try root.required("decoder").required("type").require("ByteLevel")

        let model = try root.required("model")
        try Self.checkModel(model)
        ignoresMerges = try model.optional("ignore_merges")?.bool() ?? false
        vocabulary = []
        for (token, field) in try model.required("vocab").members() { vocabulary.append((token, try field.tokenID())) }
        merges = []
        for field in try model.required("merges").elements() {
            let (left, right) = try Self.readMerge(field)
            merges.append((left, right, field))
        }
        addedTokens = []
        for field in try root.optional("added_tokens")?.elements() ?? [] {
            let token = try Self.readAddedToken(field)
            let scalars = String(decoding: token.content, as: UTF8.self).unicodeScalars.map(\.value)
            if normalises, token.isNormalised, CanonicalComposition.normalise(scalars[...]) != scalars {
                // The library would find such a token in a text, but write and skip it as another one.
                throw field.failure(.unsupported, "is normalized, but its content is not in normal form C; write it so")
            }
            addedTokens.append((token, field))
        }
        addedTokens.sort { $0.token.id < $1.token.id }
    }

    private static func readNormaliser(_ root: JSONField) throws(TokenizerError) -> Bool {
        guard let normaliser = try root.optional("normalizer") else { return false }
        try normaliser.required("type").require("NFC")
        return true
    }

    private static func checkPreTokenizer(_ field: JSONField) throws(TokenizerError) {
        try field.required("type").require("Sequence")
        let steps = try field.required("pretokenizers")
        let elements = try steps.elements()
        guard elements.count == 2 else {
            throw steps.failure(.unsupported, "must hold two steps, Split and ByteLevel, not \(elements.count)")
        }
        let (split, bytes) = (elements[0], elements[1])
        try split.required("type").require("Split")
        try split.required("behavior").require("Isolated")
        try split.optional("invert")?.require(false)
        let pattern = try split.required("pattern").required("Regex")
        guard try pattern.bytes().elementsEqual(WordScanner.pattern.utf8) else {
            throw pattern.failure(.unsupported, "is not the pattern of Qwen2, the only one that is supported")
        }
        try bytes.required("type").require("ByteLevel")
        try bytes.required("add_prefix_space").require(false)
        // Absent means true: then ByteLevel would split by its own pattern as well.
        try bytes.required("use_regex").require(false)
    }

    private static func checkModel(_ model: JSONField) throws(TokenizerError) {
        try model.required("type").require("BPE")
        if let dropout = try model.optional("dropout") {
            switch dropout.node {
            case .integer(0), .real(0): break
            default: throw dropout.failure(.unsupported, "must be null: tokenization here is deterministic")
            }
        }
        if let unknown = try model.optional("unk_token") {
            throw unknown.failure(.unsupported, "must be null: a byte-level vocabulary knows every text")
        }
        for key in ["continuing_subword_prefix", "end_of_word_suffix"] {
            if let field = try model.optional(key) { try field.require("") }
        }
        try model.optional("byte_fallback")?.require(false)
    }

    /// Either "left right" or ["left", "right"].
    private static func readMerge(_ field: JSONField) throws(TokenizerError) -> (left: [UInt8], right: [UInt8]) {
        if case .string(let bytes) = field.node {
            let sides = bytes.split(separator: UInt8(ascii: " "), omittingEmptySubsequences: false)
            guard sides.count == 2 else { throw field.failure(.malformed, "must be two tokens separated by one space") }
            return (Array(sides[0]), Array(sides[1]))
        }
        let sides = try field.elements()
        guard sides.count == 2 else { throw field.failure(.malformed, "must be two tokens") }
        return (try sides[0].bytes(), try sides[1].bytes())
    }

    private static func readAddedToken(_ field: JSONField) throws(TokenizerError) -> AddedToken {
        let singleWord = try field.required("single_word")
        if try singleWord.bool() {
            throw singleWord.failure(.unsupported, "is true; matching whole words only is not supported")
        }
        let token = AddedToken(
            id: try field.required("id").tokenID(), content: try field.required("content").bytes(),
            stripsLeft: try field.required("lstrip").bool(), stripsRight: try field.required("rstrip").bool(),
            isNormalised: try field.required("normalized").bool(), isSpecial: try field.required("special").bool())
        if token.content.isEmpty { throw try field.required("content").failure(.malformed, "must not be empty") }
        return token
    }
}

extension JSONField {
    /// - Throws: `unsupported` unless the value is this string.
    fileprivate func require(_ wanted: String) throws(TokenizerError) {
        let found = try string()
        if found != wanted { throw failure(.unsupported, "is \"\(found)\"; only \"\(wanted)\" is supported") }
    }

    /// - Throws: `unsupported` unless the value is this truth value.
    fileprivate func require(_ wanted: Bool) throws(TokenizerError) {
        let found = try bool()
        if found != wanted { throw failure(.unsupported, "is \(found); only \(wanted) is supported") }
    }
}
