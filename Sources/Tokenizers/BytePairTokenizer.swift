// The public face of this module: byte-level BPE as a Hugging Face tokenizer.json describes it.

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// A byte-level BPE tokenizer of the Qwen2 family, equal id for id to the `tokenizers` library.
///
/// Reads tokenizer.json files with a BPE model, NFC or no normaliser, the pre-tokenizer pattern of Qwen2, and added
/// tokens; everything else is refused when the file is read. Every text has ids, and `decode(encode(text))` is the
/// normal form C of `text` wherever no added token strips white space.
public struct BytePairTokenizer: Sendable {
    /// UTF-8 of each token as written, by id; nil where ids have gaps.
    private var written: [[UInt8]?] = []
    /// The bytes that each token stands for, by id.
    private var bytes: [[UInt8]] = []
    private var ids: [[UInt8]: Int32] = [:]
    private var merges: MergeTable
    private let ignoresMerges: Bool
    private let normalises: Bool
    private let matcher: AddedTokenMatcher
    private let normalisedMatcher: AddedTokenMatcher

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
        ignoresMerges = file.ignoresMerges
        normalises = file.normalises
        ids.reserveCapacity(file.vocabulary.count + file.addedTokens.count)
        written.reserveCapacity(file.vocabulary.count + file.addedTokens.count)
        for (token, id) in file.vocabulary {
            guard Self.store(token, as: id, in: &written, &ids) else {
                let name = String(decoding: token, as: UTF8.self)
                throw file.root.failure(
                    .inconsistent, "has a second entry for token \"\(name)\" or id \(id) in model.vocab")
            }
        }
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
        bytes = written.map { $0.map(ByteAlphabet.bytes(ofToken:)) ?? [] }
        let tokens = file.addedTokens.map(\.token)
        matcher = AddedTokenMatcher(tokens.filter { !$0.isNormalised })
        normalisedMatcher = AddedTokenMatcher(tokens.filter(\.isNormalised))
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

    private static func mergeTable(
        _ file: TokenizerFile, _ ids: [[UInt8]: Int32]
    ) throws(TokenizerError) -> MergeTable {
        var byteTokens: [Int32] = []
        for byte in UInt8.min...UInt8.max {
            guard let id = ids[ByteAlphabet.written([byte])] else {
                throw try file.root.required("model").required("vocab").failure(
                    .unsupported, "has no token for byte \(byte), so some texts would lose characters")
            }
            byteTokens.append(id)
        }
        var table = MergeTable(byteTokens: byteTokens)
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

    /// The ids of a text. Added tokens in it become their own ids, special ones too.
    public func encode(_ text: String) -> [Int32] {
        var result: [Int32] = []
        let scalars = text.unicodeScalars.map(\.value)
        for part in matcher.parts(of: scalars) {
            switch part {
            case .token(let id): result.append(id)
            case .text(let range): encodeWithoutTokens(scalars[range], into: &result)
            }
        }
        return result
    }

    /// Encodes a stretch in which only tokens that are matched after normalisation can be.
    private func encodeWithoutTokens(_ scalars: ArraySlice<UInt32>, into result: inout [Int32]) {
        let text = normalises ? CanonicalComposition.normalise(scalars) : Array(scalars)
        for part in normalisedMatcher.parts(of: text) {
            switch part {
            case .token(let id): result.append(id)
            case .text(let range): encodeWords(Array(text[range]), into: &result)
            }
        }
    }

    private func encodeWords(_ scalars: [UInt32], into result: inout [Int32]) {
        var scanner = WordScanner(scalars)
        var word: [UInt8] = []
        while let range = scanner.next() {
            word.removeAll(keepingCapacity: true)
            for scalar in scalars[range] { appendUTF8(scalar, to: &word) }
            if ignoresMerges, let id = ids[ByteAlphabet.written(word)] {
                result.append(id)
            } else {
                merges.appendTokens(of: word, to: &result)
            }
        }
    }

    /// The text of ids. Ids without a token are skipped; bytes that are not UTF-8 become U+FFFD, one for each maximal
    /// piece of a character.
    public func decode(_ ids: [Int32], skippingSpecialTokens: Bool = false) -> String {
        var joined: [UInt8] = []
        for id in ids where bytes.indices.contains(Int(id)) {
            if skippingSpecialTokens && specialTokenIDs.contains(id) { continue }
            joined.append(contentsOf: bytes[Int(id)])
        }
        return String(decoding: joined, as: UTF8.self)
    }
}
