// What a tokenizer.json must say for this module to read it, and its refusals.

/// The parts of a tokenizer.json that decide which ids a text gets.
struct TokenizerFile {
    /// UTF-8 of each token of the model, as written, and its id.
    var vocabulary: [(token: [UInt8], id: Int32)]
    /// Left and right side of each merge, in ascending rank.
    var merges: [(left: [UInt8], right: [UInt8], field: JSONField)]
    /// Whether a word that is a token as a whole becomes that token without merging.
    var ignoresMerges: Bool
    /// What stands for characters without a token.
    var unknownToken: JSONField?
    /// Whether several such characters in a row become one unknown token.
    var fusesUnknown: Bool
    /// Whether such characters become byte tokens where there are some.
    var fallsBackOnBytes: Bool
    var normaliser: Normaliser
    var preTokenizer: PreTokenizer
    var decoder: TokenDecoder
    var template: SpecialTokenTemplate
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
        normaliser = try Normaliser(try root.optional("normalizer"))
        preTokenizer = try PreTokenizer(try root.optional("pre_tokenizer"))
        template = try SpecialTokenTemplate(try root.optional("post_processor"))
        decoder = try TokenDecoder(try root.required("decoder"))

        let model = try root.required("model")
        try Self.checkModel(model)
        ignoresMerges = try model.optional("ignore_merges")?.bool() ?? false
        unknownToken = try model.optional("unk_token")
        fusesUnknown = try model.optional("fuse_unk")?.bool() ?? false
        let fallback = try model.optional("byte_fallback")
        fallsBackOnBytes = try fallback?.bool() ?? false
        if preTokenizer.isByteLevel {
            if let unknownToken {
                throw unknownToken.failure(.unsupported, "must be null: a byte-level vocabulary knows every text")
            }
            try fallback?.require(false)
        }
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
            if token.isNormalised, normaliser.normalise(scalars[...]) != scalars {
                // The library would find such a token in a text, but write and skip it as another one.
                throw field.failure(
                    .unsupported, "is normalized, but the normalizer changes its content; set normalized to false")
            }
            addedTokens.append((token, field))
        }
        addedTokens.sort { $0.token.id < $1.token.id }
    }

    private static func checkModel(_ model: JSONField) throws(TokenizerError) {
        try model.required("type").require("BPE")
        if let dropout = try model.optional("dropout") {
            switch dropout.node {
            case .integer(0), .real(0): break
            default: throw dropout.failure(.unsupported, "must be null: tokenization here is deterministic")
            }
        }
        for key in ["continuing_subword_prefix", "end_of_word_suffix"] {
            if let field = try model.optional(key) { try field.require("") }
        }
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
        let token = AddedToken(
            id: try field.required("id").tokenID(), content: try field.required("content").bytes(),
            stripsLeft: try field.required("lstrip").bool(), stripsRight: try field.required("rstrip").bool(),
            isWholeWord: try field.required("single_word").bool(),
            isNormalised: try field.required("normalized").bool(), isSpecial: try field.required("special").bool())
        if token.content.isEmpty { throw try field.required("content").failure(.malformed, "must not be empty") }
        return token
    }
}

extension JSONField {
    /// - Throws: `unsupported` unless the value is this string.
    func require(_ wanted: String) throws(TokenizerError) {
        let found = try string()
        if found != wanted { throw failure(.unsupported, "is \"\(found)\"; only \"\(wanted)\" is supported") }
    }

    /// - Throws: `unsupported` unless the value is this truth value.
    func require(_ wanted: Bool) throws(TokenizerError) {
        let found = try bool()
        if found != wanted { throw failure(.unsupported, "is \(found); only \(wanted) is supported") }
    }
}
