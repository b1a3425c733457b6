// The texts that tools/reference/tokenizer_families.py makes, made again by the same rules.

import Foundation
import Tokenizers

/// Fixtures/families/families.json.
struct FamilyFixture: Decodable {
    struct Header: Decodable { var seed: UInt64 }

    /// What texts are drawn from.
    struct Source: Decodable {
        var words, spaces, symbols, endings, emoji, marks, added: [String]
        /// First scalar and count.
        var blocks: [[UInt32]]
    }

    struct Family: Decodable {
        /// Id of the first of 256 byte tokens.
        var bytesFrom: Int
        var ids, decoded, random: [String]
        /// UTF-8 in hexadecimal, and ids.
        var cases: [[String]]
    }

    var header: Header
    var source: Source
    var texts: [String]
    var families: [String: Family]

    static let folder = Fixture.folder.appending(path: "families")

    static func load() throws -> FamilyFixture {
        try JSONDecoder().decode(FamilyFixture.self, from: Data(contentsOf: folder.appending(path: "families.json")))
    }

    static func tokenizer(_ name: String) throws -> BytePairTokenizer {
        try BytePairTokenizer(file: folder.appending(path: "\(name).json").path())
    }
}

/// Draws texts of several scripts, digits, white space, marks, control characters, added tokens and stray scalars.
struct TextGenerator {
    let source: FamilyFixture.Source
    private var generator: SeededGenerator

    init(_ source: FamilyFixture.Source, seed: UInt64) {
        self.source = source
        generator = SeededGenerator(state: seed)
    }

    mutating func below(_ bound: Int) -> Int { Int(generator.next() % UInt64(bound)) }

    private mutating func one(_ list: [String]) -> [UInt32] { list[below(list.count)].unicodeScalars.map(\.value) }

    private mutating func several(_ most: Int, _ draw: (inout TextGenerator) -> [UInt32]) -> [UInt32] {
        let count = 1 + below(most)
        return (0..<count).flatMap { _ in draw(&self) }
    }

    private mutating func word() -> [UInt32] {
        var word = several(8) { [0x61 + UInt32($0.below(26))] }
        let style = below(6)
        for index in word.indices where style == 0 || (style == 1 && index == 0) { word[index] -= 0x20 }
        return word
    }

    private mutating func piece() -> [UInt32] {
        switch below(100) {
        case ..<20: return word()
        case ..<32: return one(source.words)
        case ..<38: return several(7) { [0x30 + UInt32($0.below(10))] }
        case ..<52: return [0x20]
        case ..<57: return several(4) { $0.one($0.source.spaces) }
        case ..<64: return several(3) { $0.one($0.source.symbols) }
        case ..<68: return one(source.endings)
        case ..<75:
            let block = source.blocks[below(source.blocks.count)]
            return several(5) { [block[0] + UInt32($0.below(Int(block[1])))] }
        case ..<79:
            let base = 0x61 + UInt32(below(26))
            return [base] + several(3) { [0x300 + UInt32($0.below(0x70))] }
        case ..<82: return one(source.emoji)
        case ..<84: return [UInt32(below(2) == 0 ? below(0x20) : 0x7F + below(0x21))]
        case ..<89: return one(source.added)
        case ..<92: return one(source.marks)
        default:
            let scalar = UInt32(below(2) == 0 ? below(0x3000) : below(0x110000))
            return [(0xD800..<0xE000).contains(scalar) ? 0xD7FF : scalar]
        }
    }

    mutating func text() -> String {
        var text = String.UnicodeScalarView()
        for scalar in several(10, { $0.piece() }) {
            if let scalar = Unicode.Scalar(scalar) { text.append(scalar) }
        }
        return String(text)
    }

    /// - Parameter size: of the vocabulary; some ids lie beyond it.
    mutating func ids(size: Int, bytesFrom: Int) -> [Int32] {
        let count = 1 + below(12)
        return (0..<count).map { _ in Int32(below(2) == 0 ? bytesFrom + below(256) : below(size + 3)) }
    }
}

/// 64-bit FNV-1a over numbers, one digest for every thousand rows.
struct RowDigests {
    private(set) var values: [String] = []
    private var state: UInt64 = 0xCBF2_9CE4_8422_2325
    private var rows = 0

    mutating func add(_ row: some Sequence<some BinaryInteger>) {
        for value in row { fold(UInt64(value)) }
        fold(0xFFFF_FFFF)
        rows += 1
        guard rows.isMultiple(of: 1000) else { return }
        let digits = String(state, radix: 16)
        values.append(String(repeating: "0", count: 16 - digits.count) + digits)
        state = 0xCBF2_9CE4_8422_2325
    }

    private mutating func fold(_ value: UInt64) { state = (state ^ value) &* 0x100_0000_01B3 }
}
