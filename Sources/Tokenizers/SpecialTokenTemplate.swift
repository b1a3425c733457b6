// The tokens that are put around a text: `post_processor` of a tokenizer.json.

/// Ids before and after a single text.
struct SpecialTokenTemplate {
    var prefix: [Int32] = []
    var suffix: [Int32] = []

    /// Reads the member `post_processor`, null for none.
    /// - Throws: `TokenizerError` naming the step or setting that is not supported.
    init(_ field: JSONField?) throws(TokenizerError) {
        if let field { try read(field) }
    }

    private mutating func read(_ field: JSONField) throws(TokenizerError) {
        let type = try field.required("type")
        switch try type.string() {
        case "ByteLevel": break  // moves offsets only
        case "Sequence": for step in try field.required("processors").elements() { try read(step) }
        case "TemplateProcessing": try readTemplate(field)
        default: throw try type.unsupportedStep("Sequence, ByteLevel or TemplateProcessing")
        }
    }

    private mutating func readTemplate(_ field: JSONField) throws(TokenizerError) {
        let single = try field.required("single")
        var before: [Int32] = []
        var after: [Int32] = []
        var texts = 0
        for piece in try single.elements() {
            if let special = try piece.optional("SpecialToken") {
                let ids = try Self.ids(of: special.required("id"), field)
                if texts == 0 { before += ids } else { after += ids }
            } else {
                try piece.required("Sequence").required("id").require("A")
                texts += 1
            }
        }
        guard texts == 1 else { throw single.failure(.unsupported, "must hold the text A once, not \(texts) times") }
        prefix = before + prefix
        suffix += after
    }

    private static func ids(of name: JSONField, _ template: JSONField) throws(TokenizerError) -> [Int32] {
        var ids: [Int32] = []
        for field in try template.required("special_tokens").required(try name.string()).required("ids").elements() {
            ids.append(try field.tokenID())
        }
        return ids
    }
}
