// Charts put together into one picture that stands alone, outside any page.

/// Panels in rows, on white, with its own text colour: what an `<img>` or a paper needs.
public struct Figure: Sendable {
    public var panels: [any Chart]
    /// Panels beside one another.
    public var columns: Int
    private static let margin = 12.0
    private static let gap = 20.0

    public init(_ panels: [any Chart], columns: Int = 1) {
        self.panels = panels
        self.columns = max(1, columns)
    }

    /// One self-contained `<svg>` document, the same text every time.
    public func svg() -> String {
        var (y, width) = (Self.margin, 0.0)
        var content = ""
        for start in stride(from: 0, to: panels.count, by: columns) {
            var (x, height) = (Self.margin, 0.0)
            for panel in panels[start..<min(start + columns, panels.count)] {
                content += "<g transform=\"translate(\(coordinate(x)) \(coordinate(y)))\">\n\(panel.svg())</g>\n"
                x += panel.size.width + Self.gap
                height = max(height, panel.size.height)
            }
            width = max(width, x - Self.gap)
            y += height + Self.gap
        }
        let size = (coordinate(width + Self.margin), coordinate(y - Self.gap + Self.margin))
        return """
            <svg xmlns="http://www.w3.org/2000/svg" width="\(size.0)" height="\(size.1)" \
            viewBox="0 0 \(size.0) \(size.1)" color="#1f2328">
            <rect width="100%" height="100%" fill="#ffffff"/>
            \(content)</svg>

            """
    }
}
