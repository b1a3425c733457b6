// Where a model folder keeps its chat template.

import Tokenizers

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

extension ChatTemplate {
    /// Names under which `tokenizer_config.json` keeps tokens that templates print.
    private static let tokenNames = [
        "bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token",
    ]

    /// The template of a model folder: `chat_template.jinja`, or `chat_template` of `tokenizer_config.json`, of several
    /// the one with the name `default`. Nil if the folder has none.
    /// - Throws: `TokenizerError` for a configuration that is not JSON; `ChatTemplateError` for the template.
    public static func load(folder: String) throws -> ChatTemplate? {
        let configuration = folder + "/tokenizer_config.json"
        let root = try contents(configuration).map { bytes in
            JSONField(node: try JSONNode.parse(bytes, name: configuration), path: "", name: configuration)
        }
        var specialTokens: [String: String] = [:]
        for name in tokenNames {
            guard let field = try root?.optional(name) else { continue }
            if case .object = field.node {
                specialTokens[name] = try field.required("content").string()
            } else {
                specialTokens[name] = try field.string()
            }
        }
        let file = folder + "/chat_template.jinja"
        if let bytes = try contents(file) {
            guard let source = String(validating: bytes, as: UTF8.self) else {
                throw ChatTemplateError(.unreadable, "the chat template is not UTF-8 text", place: file)
            }
            return try ChatTemplate(source: source, name: file, specialTokens: specialTokens)
        }
        guard let field = try root?.optional("chat_template") else { return nil }
        guard let source = try Self.source(field) else {
            throw field.failure(.unsupported, "has no template with the name \"default\"")
        }
        return try ChatTemplate(source: source, name: configuration, specialTokens: specialTokens)
    }

    private static func source(_ field: JSONField) throws(TokenizerError) -> String? {
        guard case .array = field.node else { return try field.string() }
        for entry in try field.elements() where try entry.required("name").string() == "default" {
            return try entry.required("template").string()
        }
        return nil
    }

    /// The bytes of a file, nil if there is none.
    private static func contents(_ path: String) throws -> [UInt8]? {
        guard FileManager.default.fileExists(atPath: path) else { return nil }
        do {
            return Array(try Data(contentsOf: URL(filePath: path)))
        } catch {
            throw ChatTemplateError(.unreadable, "the file exists and cannot be read: \(error)", place: path)
        }
    }
}
