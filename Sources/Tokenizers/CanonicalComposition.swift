// Normalisation form C (UAX #15), with the Unicode data of the reference library instead of the standard library's.

/// NFC of scalar sequences.
enum CanonicalComposition {
    /// Hangul syllables decompose and compose by arithmetic (The Unicode Standard, section 3.12).
    private enum Hangul {
        static let syllables: Range<UInt32> = 0xAC00..<0xD7A4
        static let leading: Range<UInt32> = 0x1100..<0x1113
        static let vowels: Range<UInt32> = 0x1161..<0x1176
        /// U+11A7 means "no trailing consonant" and takes no part.
        static let trailing: Range<UInt32> = 0x11A8..<0x11C3
        static let trailingBase: UInt32 = 0x11A7
    }

    /// Full canonical decompositions: the range of `UnicodeTables.decompositions` that holds each.
    static let decompositions: [UInt32: Range<Int>] = {
        var result: [UInt32: Range<Int>] = [:]
        var position = 0
        while position < UnicodeTables.decompositions.count {
            let head = UnicodeTables.decompositions[position]
            let body = position + 1..<position + 1 + Int(head >> 24)
            result[head & 0xFF_FFFF] = body
            position = body.upperBound
        }
        return result
    }()

    /// Primary composites by `first << 32 | second`.
    static let compositions: [UInt64: UInt32] = {
        var result: [UInt64: UInt32] = [:]
        for index in stride(from: 0, to: UnicodeTables.compositions.count, by: 3) {
            let pair = UInt64(UnicodeTables.compositions[index]) << 32 | UInt64(UnicodeTables.compositions[index + 1])
            result[pair] = UnicodeTables.compositions[index + 2]
        }
        return result
    }()

    /// The normal form C of `scalars`.
    static func normalise(_ scalars: ArraySlice<UInt32>) -> [UInt32] {
        // Below U+0300 nothing combines and every scalar is its own normal form.
        if scalars.allSatisfy({ $0 < 0x300 }) { return Array(scalars) }
        return composed(ordered(decomposed(scalars)))
    }

    private static func decomposed(_ scalars: ArraySlice<UInt32>) -> [UInt32] {
        var result: [UInt32] = []
        result.reserveCapacity(scalars.count + scalars.count / 4)
        for scalar in scalars {
            if scalar < 0xC0 {
                result.append(scalar)
            } else if Hangul.syllables.contains(scalar) {
                let index = scalar - Hangul.syllables.lowerBound
                result.append(Hangul.leading.lowerBound + index / (21 * 28))
                result.append(Hangul.vowels.lowerBound + index % (21 * 28) / 28)
                if index % 28 != 0 { result.append(Hangul.trailingBase + index % 28) }
            } else if ScalarProperties(scalar).decomposes, let range = decompositions[scalar] {
                result.append(contentsOf: UnicodeTables.decompositions[range])
            } else {
                result.append(scalar)
            }
        }
        return result
    }

    /// Sorts each run of combining scalars by class, keeping the order within a class.
    private static func ordered(_ scalars: [UInt32]) -> [(scalar: UInt32, order: UInt16)] {
        var result = scalars.map { (scalar: $0, order: ScalarProperties($0).combiningClass) }
        var start = 0
        while start < result.count {
            guard result[start].order != 0 else {
                start += 1
                continue
            }
            var end = start + 1
            var isSorted = true
            while end < result.count, result[end].order != 0 {
                if result[end].order < result[end - 1].order { isSorted = false }
                end += 1
            }
            if !isSorted {
                let run = result[start..<end].enumerated().sorted {
                    ($0.element.order, $0.offset) < ($1.element.order, $1.offset)
                }
                for (index, item) in zip(start..., run) { result[index] = item.element }
            }
            start = end
        }
        return result
    }

    private static func composed(_ scalars: [(scalar: UInt32, order: UInt16)]) -> [UInt32] {
        var result: [UInt32] = []
        result.reserveCapacity(scalars.count)
        var starter: Int?
        // Class of the last scalar kept after the starter; nil when the starter itself is the last.
        var blocking: UInt16?
        for (scalar, order) in scalars {
            let isReachable = blocking.map { $0 < order } ?? true
            if let starter, isReachable, let whole = composite(result[starter], scalar) {
                result[starter] = whole
                continue
            }
            result.append(scalar)
            if order == 0 {
                starter = result.count - 1
                blocking = nil
            } else {
                blocking = order
            }
        }
        return result
    }

    private static func composite(_ first: UInt32, _ second: UInt32) -> UInt32? {
        if Hangul.leading.contains(first), Hangul.vowels.contains(second) {
            let index = (first - Hangul.leading.lowerBound) * 21 + (second - Hangul.vowels.lowerBound)
            return Hangul.syllables.lowerBound + index * 28
        }
        if Hangul.syllables.contains(first), Hangul.trailing.contains(second),
            (first - Hangul.syllables.lowerBound).isMultiple(of: 28)
        {
            return first + (second - Hangul.trailingBase)
        }
        guard ScalarProperties(second).composesBackward else { return nil }
        return compositions[UInt64(first) << 32 | UInt64(second)]
    }
}
