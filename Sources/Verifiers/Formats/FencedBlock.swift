// Code between lines of three backticks.

enum FencedBlock {
    /// The content of the last block that ends; nil without one.
    static func last(in text: String) -> String? {
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        let fences = lines.indices.filter { lines[$0].hasPrefix("```") }
        guard fences.count >= 2 else { return nil }
        // Fences pair from the start; an odd one out at the end opens a block that does not end.
        let end = fences.count - fences.count % 2
        return lines[(fences[end - 2] + 1)..<fences[end - 1]].joined(separator: "\n") + "\n"
    }
}
