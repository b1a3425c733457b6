// An experiment: a question put to table policies, its figure, its numbers, and whether the claim held.

public import Plots

/// One claim and what was seen of it.
public struct Finding: Sendable, Equatable {
    /// The claim, in a sentence, with its source.
    public var claim: String
    public var holds: Bool
    /// What was measured, with numbers.
    public var measured: String

    public init(_ claim: String, holds: Bool, measured: String) {
        self.claim = claim
        self.holds = holds
        self.measured = measured
    }
}

/// Numbers in named columns; every column has one value per row, nil where there is none.
public struct ResultTable: Sendable, Equatable {
    public var name: String
    public var columns: [(name: String, values: [Double?])]
    /// Words for the rows, if they have any.
    public var rowNames: [String]?

    public init(_ name: String, rowNames: [String]? = nil, columns: [(name: String, values: [Double?])]) {
        self.name = name
        self.rowNames = rowNames
        self.columns = columns
    }

    public static func == (a: ResultTable, b: ResultTable) -> Bool {
        a.name == b.name && a.rowNames == b.rowNames && a.columns.elementsEqual(b.columns) { $0 == $1 }
    }
}

/// What an experiment leaves behind.
public struct ExperimentResult: Sendable {
    public var tables: [ResultTable]
    /// One figure; several panels share it.
    public var panels: [any Chart]
    public var findings: [Finding]

    public init(tables: [ResultTable], panels: [any Chart], findings: [Finding]) {
        self.tables = tables
        self.panels = panels
        self.findings = findings
    }
}

/// A question that table policies can answer. One file each in `Experiments`, one line in `ExperimentCatalogue`.
public protocol Experiment: Sendable {
    /// Words joined by hyphens, as typed.
    static var name: String { get }
    /// What is asked, in one sentence.
    static var question: String { get }
    /// Where the claim comes from: arXiv id and place.
    static var source: String { get }
    /// How the runs are set up, in one sentence with all sizes.
    static var setup: String { get }
    /// - Parameter seeds: how many seeds, at least 1; seed i of every arm meets the same task and the same draws.
    static func run(seeds: Int) throws -> ExperimentResult
}
