// Lower case scalar by scalar, as the normaliser step Lowercase of the reference library makes it.

enum CaseFolding {
    private static let lower: [UInt32: UInt32] = {
        var result: [UInt32: UInt32] = [:]
        let table = UnicodeTables.lowerCase
        for index in stride(from: 0, to: table.count, by: 4) {
            for item in 0..<table[index + 1] {
                let scalar = table[index] + item * table[index + 2]
                result[scalar] = scalar + table[index + 3] - (1 << 21)
            }
        }
        return result
    }()

    /// Without regard to context: the Greek sigma at the end of a word is not special.
    static func lowercase(_ scalar: UInt32) -> [UInt32] {
        // The only letter whose lower case is two scalars: i and a dot above.
        if scalar == 0x130 { return [0x69, 0x307] }
        return [lower[scalar] ?? scalar]
    }
}
