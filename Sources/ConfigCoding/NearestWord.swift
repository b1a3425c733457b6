// The suggestion in "did you mean ...?": the closest word, if one is close enough to be meant.

/// The word of `candidates` that `word` most likely is a slip of; nil if none is close. Ties go to the first in
/// alphabetical order.
public func nearestWord(to word: String, among candidates: [String]) -> String? {
    let letters = Array(word.lowercased().unicodeScalars.prefix(64))
    var best: (word: String, distance: Int)?
    for candidate in candidates.sorted() {
        let other = Array(candidate.lowercased().unicodeScalars.prefix(64))
        // A third of the letters may be wrong, three at most: beyond that a suggestion misleads more often than it
        // helps.
        let allowed = min(3, max(letters.count, other.count) / 3)
        let distance = editDistance(letters, other)
        if distance <= allowed, distance < best?.distance ?? .max { best = (candidate, distance) }
    }
    return best?.word
}

/// The number of insertions, deletions, replacements and swaps of neighbours between two words.
func editDistance<Letter: Equatable>(_ a: [Letter], _ b: [Letter]) -> Int {
    var beforeLast: [Int] = []
    var last = Array(0...b.count)
    for i in a.indices {
        var row = [i + 1]
        for j in b.indices {
            var cost = min(last[j + 1] + 1, row[j] + 1, last[j] + (a[i] == b[j] ? 0 : 1))
            if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] { cost = min(cost, beforeLast[j - 1] + 1) }
            row.append(cost)
        }
        (beforeLast, last) = (last, row)
    }
    return last[b.count]
}
