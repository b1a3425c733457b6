// A report: one self-contained file without scripts, fonts or anything else from elsewhere.

/// A page of sections with paragraphs, tables, charts and coloured tokens. The text is well-formed XML as well as HTML.
public struct HTMLPage: Sendable {
    /// A drawing and the sentence under it.
    public struct Figure: Sendable {
        public var chart: any Chart
        public var caption: String

        public init(_ chart: any Chart, caption: String) {
            self.chart = chart
            self.caption = caption
        }
    }

    /// A number that should be seen first.
    public struct Fact: Sendable {
        public var name: String
        public var value: String
        public var note: String

        public init(_ name: String, _ value: String, note: String = "") {
            self.name = name
            self.value = value
            self.note = note
        }
    }

    public var title: String
    public var subtitle: String
    private var sections: [String] = []
    private var body = ""

    public init(title: String, subtitle: String = "") {
        self.title = title
        self.subtitle = subtitle
    }

    /// Begins a section; what follows belongs to it.
    public mutating func section(_ title: String) {
        sections.append(title)
        body += "<h2 id=\"section-\(sections.count)\">\(Markup.text(title))</h2>\n"
    }

    public mutating func paragraph(_ text: String) {
        body += "<p>\(Markup.text(text))</p>\n"
    }

    /// Text in a fixed-width face with its line ends kept, such as a configuration.
    public mutating func preformatted(_ text: String) {
        body += "<pre>\(Markup.text(text))</pre>\n"
    }

    /// Large numbers in a row.
    public mutating func facts(_ facts: [Fact]) {
        guard !facts.isEmpty else { return }
        body += "<dl class=\"facts\">\n"
        for fact in facts {
            let note = fact.note.isEmpty ? "" : "<dd class=\"note\">\(Markup.text(fact.note))</dd>"
            body += "<div><dt>\(Markup.text(fact.name))</dt><dd>\(Markup.text(fact.value))</dd>\(note)</div>\n"
        }
        body += "</dl>\n"
    }

    /// Figures side by side where the window is wide enough, else below each other.
    public mutating func figures(_ figures: [Figure]) {
        guard !figures.isEmpty else { return }
        body += "<div class=\"figures\">\n"
        for figure in figures {
            body +=
                "<figure>\n\(figure.chart.svg())<figcaption>\(Markup.text(figure.caption))</figcaption>\n</figure>\n"
        }
        body += "</div>\n"
    }

    public mutating func figure(_ chart: any Chart, caption: String) {
        figures([Figure(chart, caption: caption)])
    }

    public mutating func table(_ table: HTMLTable, caption: String = "") {
        body += "<figure class=\"table\">\n\(table.html())"
        if !caption.isEmpty { body += "<figcaption>\(Markup.text(caption))</figcaption>\n" }
        body += "</figure>\n"
    }

    public mutating func tokens(_ view: TokenView, caption: String = "") {
        body += "<figure class=\"wide\">\n\(view.html())"
        if !caption.isEmpty { body += "<figcaption>\(Markup.text(caption))</figcaption>\n" }
        body += "</figure>\n"
    }

    /// The whole file.
    public func html() -> String {
        var result = """
            <!DOCTYPE html>
            <html xmlns="http://www.w3.org/1999/xhtml" lang="en">
            <head>
            <meta charset="utf-8"/>
            <meta name="viewport" content="width=device-width, initial-scale=1"/>
            <title>\(Markup.text(title))</title>
            <style>
            \(HTMLPage.style)
            </style>
            </head>
            <body>
            <header>
            <h1>\(Markup.text(title))</h1>\n
            """
        if !subtitle.isEmpty { result += "<p class=\"subtitle\">\(Markup.text(subtitle))</p>\n" }
        if sections.count > 2 {
            let links = sections.enumerated().map { "<a href=\"#section-\($0 + 1)\">\(Markup.text($1))</a>" }
            result += "<nav>\(links.joined(separator: " "))</nav>\n"
        }
        return result + "</header>\n<main>\n\(body)</main>\n</body>\n</html>\n"
    }
}
