// A table of a report.

/// Rows of cells under named columns. Short rows are filled with empty cells, long ones are cut.
public struct HTMLTable: Sendable {
    public enum Alignment: String, Sendable {
        case text
        /// Right-aligned, in digits of equal width.
        case number
    }

    public struct Column: Sendable {
        public var title: String
        public var alignment: Alignment

        public init(_ title: String, _ alignment: Alignment = .number) {
            self.title = title
            self.alignment = alignment
        }
    }

    public struct Cell: Sendable, ExpressibleByStringLiteral {
        public var text: String
        /// Smaller, after the text: an interval or a change.
        public var note: String
        public var isStrong: Bool

        public init(_ text: String, note: String = "", isStrong: Bool = false) {
            self.text = text
            self.note = note
            self.isStrong = isStrong
        }

        public init(stringLiteral text: String) {
            self.init(text)
        }

        /// `value` with `decimals` digits; an en dash where it is not finite.
        public init(_ value: Double, decimals: Int, note: String = "", isStrong: Bool = false) {
            self.init(minus(fixed(value, max(0, min(12, decimals)))), note: note, isStrong: isStrong)
        }
    }

    public var columns: [Column]
    public var rows: [[Cell]]

    public init(columns: [Column], rows: [[Cell]]) {
        self.columns = columns
        self.rows = rows
    }

    public func html() -> String {
        var result = "<table>\n<thead><tr>"
        for column in columns {
            result += "<th class=\"\(column.alignment.rawValue)\">\(Markup.text(column.title))</th>"
        }
        result += "</tr></thead>\n<tbody>\n"
        for row in rows {
            result += "<tr>"
            for (index, column) in columns.enumerated() {
                let cell = index < row.count ? row[index] : ""
                let text = cell.isStrong ? "<strong>\(Markup.text(cell.text))</strong>" : Markup.text(cell.text)
                let note = cell.note.isEmpty ? "" : " <small>\(Markup.text(cell.note))</small>"
                result += "<td class=\"\(column.alignment.rawValue)\">\(text)\(note)</td>"
            }
            result += "</tr>\n"
        }
        return result + "</tbody>\n</table>\n"
    }
}
