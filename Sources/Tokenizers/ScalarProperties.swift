// What scanners, normalisers and added tokens need to know of a scalar, in one table look-up.

/// What the pre-tokenizer distinguishes: \p{L}, \p{N}, \s and the rest.
enum CharacterClass: UInt16 {
    case other = 0
    case letter = 1
    case number = 2
    case space = 3

    @inline(__always)
    init(_ scalar: UInt32) {
        self = ScalarProperties(scalar).characterClass
    }
}

/// Class, combining class and the part of a scalar in normalisation, packed in 16 bits.
struct ScalarProperties {
    private let packed: UInt16

    @inline(__always)
    init(_ scalar: UInt32) {
        packed = Self.table.values[Int(Self.table.pages[Int(scalar >> 8)]) << 8 | Int(scalar & 0xFF)]
    }

    var characterClass: CharacterClass { CharacterClass(rawValue: packed & 3) ?? .other }
    /// Whether the scalar has a canonical decomposition that is listed (Hangul syllables have none).
    var decomposes: Bool { packed & 4 != 0 }
    /// Whether some listed primary composite has the scalar as its second part (Hangul jamo have none).
    var composesBackward: Bool { packed & 8 != 0 }
    /// Whether `[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]` matches: what words of tekken begin with.
    var isInFirstCase: Bool { packed & 16 != 0 }
    /// Whether `[\p{Ll}\p{Lm}\p{Lo}\p{M}]` matches: what words of tekken end with.
    var isInSecondCase: Bool { packed & 32 != 0 }
    /// Whether the scalar is part of a word for added tokens that want whole words.
    var isPartOfWord: Bool { packed & 64 != 0 }
    /// Whether the step Digits sees a digit. Follows a newer Unicode than `characterClass`.
    var isDigit: Bool { packed & 128 != 0 }
    /// Canonical combining class; 0 for a starter.
    var combiningClass: UInt16 { packed >> 8 }

    /// 256 scalars to a page; equal pages are stored once.
    private static let table: (pages: [UInt16], values: [UInt16]) = {
        var packed = [UInt16](repeating: 0, count: 0x110000)
        fill(&packed, from: UnicodeTables.classRuns, shift: 0)
        fill(&packed, from: UnicodeTables.caseRuns, shift: 4)
        fill(&packed, from: UnicodeTables.wordRuns, shift: 6)
        fill(&packed, from: UnicodeTables.numericRuns, shift: 7)
        fill(&packed, from: UnicodeTables.combiningClassRuns, shift: 8)
        for scalar in CanonicalComposition.decompositions.keys { packed[Int(scalar)] |= 4 }
        for pair in CanonicalComposition.compositions.keys { packed[Int(pair & 0xFFFF_FFFF)] |= 8 }

        var known: [ArraySlice<UInt16>: UInt16] = [:]
        var pages: [UInt16] = []
        var values: [UInt16] = []
        for start in stride(from: 0, to: packed.count, by: 256) {
            let page = packed[start..<start + 256]
            if let index = known[page] {
                pages.append(index)
            } else {
                let index = UInt16(known.count)
                known[page] = index
                pages.append(index)
                values.append(contentsOf: page)
            }
        }
        return (pages, values)
    }()

    /// - Parameter runs: ascending `first scalar << 8 | value`.
    private static func fill(_ packed: inout [UInt16], from runs: [UInt32], shift: UInt16) {
        for (index, run) in runs.enumerated() where run & 0xFF != 0 {
            let end = index + 1 < runs.count ? Int(runs[index + 1] >> 8) : packed.count
            for scalar in Int(run >> 8)..<end { packed[scalar] |= UInt16(run & 0xFF) << shift }
        }
    }
}
