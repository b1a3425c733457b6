// The public face of this module: byte-pair encoding as a Hugging Face tokenizer.json describes it.

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// A BPE tokenizer on bytes (Qwen, Llama 3, tekken) or on characters with byte tokens for the rest (Llama 2, Mistral,
/// Gemma), equal id for id to the `tokenizers` library.
///
/// What a tokenizer.json may say is listed in `docs/tokenizers.md`; everything else is refused when the file is read.
/// For byte-level files every text has ids, and `decode(encode(text))` is the normalised text wherever no added token
/// strips white space.
public struct BytePairTokenizer: Sendable {
    /// UTF-8 of each token as written, by id; nil where ids have gaps.
    private(set) var written: [[UInt8]?] = []
    /// The bytes that each token adds behind others, by id.
    private(set) var pieces: [[UInt8]] = []
    private var ids: [[UInt8]: Int32] = [:]
    /// The model's own tokens, where a word that is one of them is not merged.
    let wholeWords: [[UInt8]: Int32]?
    let symbols: SymbolTable
    let merges: MergeTable
    let normaliser: Normaliser
    let preTokenizer: PreTokenizer
    let decoder: TokenDecoder
    let template: SpecialTokenTemplate
    let matcher: AddedTokenMatcher
    let normalisedMatcher: AddedTokenMatcher

    /// Ids of the tokens that `tokenizer.json` marks as special.
    public private(set) var specialTokenIDs: Set<Int32> = []

    /// Reads a tokenizer.json.
    ///
    /// - Throws: `TokenizerError` when the file cannot be read, is not JSON, or asks for something unsupported.
    public init(file: String) throws {
        let contents: Data
        do {
            contents = try Data(contentsOf: URL(filePath: file))
        } catch {
            throw TokenizerError(
                code: .unreadable, message: "the tokenizer file cannot be read; check that it exists", place: file,
                cause: error)
        }
        try self.init(json: contents, name: file)
    }

    /// Reads the contents of a tokenizer.json.
    ///
    /// - Parameter name: what errors call the file.
    /// - Throws: `TokenizerError` when it is not JSON or asks for something unsupported.
    public init(json: some Sequence<UInt8>, name: String) throws {
        let file = try TokenizerFile(json: Array(json), name: name)
        normaliser = file.normaliser
        preTokenizer = file.preTokenizer
        decoder = file.decoder
        template = file.template
        ids.reserveCapacity(file.vocabulary.count + file.addedTokens.count)
        written.reserveCapacity(file.vocabulary.count + file.addedTokens.count)
        try Self.checkRange(file)
        for (token, id) in file.vocabulary {
            guard Self.store(token, as: id, in: &written, &ids) else {
                let name = String(decoding: token, as: UTF8.self)
                throw file.root.failure(
                    .inconsistent, "has a second entry for token \"\(name)\" or id \(id) in model.vocab")
            }
        }
        wholeWords = file.ignoresMerges ? ids : nil
        symbols = try Self.symbolTable(file, ids)
        merges = try Self.mergeTable(file, ids)
        var nextID = ids.count
        var seen: Set<Int32> = []
        for (token, field) in file.addedTokens {
            if let id = ids[token.content] {
                // The vocabulary may hold it already; the list of added tokens may not hold it twice.
                guard id == token.id, seen.insert(id).inserted else {
                    throw field.failure(.inconsistent, "has id \(token.id), but its content already has id \(id)")
                }
            } else {
                // The library numbers new tokens itself; a file that disagrees would be read with other ids there.
                guard Int(token.id) == nextID, Self.store(token.content, as: token.id, in: &written, &ids) else {
                    throw field.failure(.inconsistent, "has id \(token.id) where the next free id is \(nextID)")
                }
                nextID += 1
                seen.insert(token.id)
            }
            if token.isSpecial { specialTokenIDs.insert(token.id) }
        }
        for id in template.prefix + template.suffix where !written.indices.contains(Int(id)) {
            throw try file.root.required("post_processor").failure(.inconsistent, "adds id \(id), which has no token")
        }
        pieces = written.map { $0.map { file.decoder.bytes(of: $0, isFirst: false) } ?? [] }
        let tokens = file.addedTokens.map(\.token)
        matcher = AddedTokenMatcher(tokens.filter { !$0.isNormalised })
        normalisedMatcher = AddedTokenMatcher(tokens.filter(\.isNormalised))
    }

    /// Tables are indexed by ids: a stray one must not cost more memory than the file's size explains. Vocabularies are
    /// numbered without gaps, or with few.
    private static func checkRange(_ file: TokenizerFile) throws(TokenizerError) {
        let bound = 65_536 + 16 * file.vocabulary.count
        guard let (token, id) = file.vocabulary.first(where: { Int($0.id) >= bound }) else { return }
        throw file.root.failure(
            .inconsistent,
            "gives token \"\(String(decoding: token, as: UTF8.self))\" the id \(id) in model.vocab, which has "
                + "\(file.vocabulary.count) entries; ids below \(bound) are read")
    }

    /// False if the token or the id is already there.
    private static func store(
        _ token: [UInt8], as id: Int32, in written: inout [[UInt8]?], _ ids: inout [[UInt8]: Int32]
    ) -> Bool {
        while written.count <= Int(id) { written.append(nil) }
        guard written[Int(id)] == nil, ids.updateValue(id, forKey: token) == nil else { return false }
        written[Int(id)] = token
        return true
    }

    private static func symbolTable(
        _ file: TokenizerFile, _ ids: [[UInt8]: Int32]
    ) throws(TokenizerError) -> SymbolTable {
        guard file.preTokenizer.isByteLevel else { return .characters(try CharacterSymbols(file, ids)) }
        var tokens: [Int32] = []
        for byte in UInt8.min...UInt8.max {
            guard let id = ids[ByteAlphabet.written([byte])] else {
                throw try file.root.required("model").required("vocab").failure(
                    .unsupported, "has no token for byte \(byte), so some texts would lose characters")
            }
            tokens.append(id)
        }
        return .bytes(tokens)
    }

    private static func mergeTable(
        _ file: TokenizerFile, _ ids: [[UInt8]: Int32]
    ) throws(TokenizerError) -> MergeTable {
        var table = MergeTable()
        table.reserveCapacity(file.merges.count)
        for (rank, merge) in file.merges.enumerated() {
            func id(_ token: [UInt8]) throws(TokenizerError) -> Int32 {
                guard let id = ids[token] else {
                    let name = String(decoding: token, as: UTF8.self)
                    throw merge.field.failure(.inconsistent, "needs \"\(name)\", which is not in model.vocab")
                }
                return id
            }
            table.add(try id(merge.left), try id(merge.right), into: try id(merge.left + merge.right), rank: rank)
        }
        return table
    }

    /// Largest id + 1.
    public var vocabularySize: Int { written.count }

    /// The id of a token as written in tokenizer.json (`Ġthe`, `<|endoftext|>`); nil if there is none.
    public func id(of token: String) -> Int32? { ids[Array(token.utf8)] }

    /// The token of an id as written in tokenizer.json; nil if there is none.
    public func token(of id: Int32) -> String? {
        guard written.indices.contains(Int(id)), let token = written[Int(id)] else { return nil }
        return String(decoding: token, as: UTF8.self)
    }
}
