// A policy whose logits are free numbers: one row per prompt and prefix, so that theory can be checked to the last digit.

public import EntropyDynamics

/// Softmax tables of `prompts` prompts over the prefixes of one tree.
///
/// The row of prompt i and state s is `i * tree.states + s`. Nothing is shared between rows, which is the setting the
/// theorems of 2602.03392 and 2505.22617 speak of.
public struct TablePolicy: Sendable {
    public let prompts: Int
    public let tree: PrefixTree
    /// T of p = softmax(z / T).
    public let temperature: Double
    /// p of each row, [prompts · states].
    public private(set) var rows: [Categorical]
    /// z, [prompts · states · V].
    public private(set) var logits: [Double]

    /// - Parameter logits: z, [prompts · states · V].
    /// - Throws: `SimulationError` if the number of logits does not fit, `EntropyDynamicsError` if a row has no softmax.
    public init(prompts: Int, tree: PrefixTree, temperature: Double = 1, logits: [Double]) throws {
        guard prompts > 0, logits.count == prompts * tree.states * tree.vocabulary else {
            throw SimulationError(
                .badSetting,
                "a table of \(prompts) prompts, \(tree.states) states and \(tree.vocabulary) tokens does not hold "
                    + "\(logits.count) logits", place: "logits")
        }
        self.prompts = prompts
        self.tree = tree
        self.temperature = temperature
        self.logits = logits
        let width = tree.vocabulary
        rows = try (0..<prompts * tree.states).map { row in
            try Categorical(logits: Array(logits[row * width..<(row + 1) * width]), temperature: temperature)
        }
    }

    func row(_ prompt: Int, _ state: Int) -> Int { prompt * tree.states + state }

    /// Moves the logits of one row by δz, [V].
    /// - Throws: `EntropyDynamicsError` if the row has no softmax any more.
    mutating func move(_ row: Int, by displacement: [Double]) throws {
        let start = row * tree.vocabulary
        for token in 0..<tree.vocabulary { logits[start + token] += displacement[token] }
        rows[row] = try Categorical(
            logits: Array(logits[start..<start + tree.vocabulary]), temperature: temperature)
    }
}
