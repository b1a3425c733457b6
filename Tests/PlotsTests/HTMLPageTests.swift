// Pages, tables and coloured tokens, read back as XML.

import Testing

@testable import Plots

@Suite struct HTMLPageTests {
    @Test("a page with one of everything is well-formed and asks for nothing from elsewhere")
    func page() {
        let name = "<script>alert('x')</script> & \"q\" \u{0}"
        var page = HTMLPage(title: name, subtitle: name)
        for _ in 0..<3 { page.section(name) }
        page.paragraph(name)
        page.preformatted(name)
        page.facts([.init(name, name, note: name), .init("a", "b")])
        page.facts([])
        page.figures([])
        page.figure(LineChart(title: name, xTitle: name, yTitle: name, series: []), caption: name)
        page.table(
            HTMLTable(columns: [.init(name, .text), .init("n")], rows: [[.init(name, note: name)], []]), caption: name)
        page.tokens(TokenView(valueName: name, texts: []), caption: name)
        let html = page.html()
        let result = parsed(html)
        #expect(html == page.html())
        #expect(html.hasPrefix("<!DOCTYPE html>"))
        #expect(result.all("script").isEmpty && result.all("link").isEmpty && result.all("img").isEmpty)
        #expect(result.all("h2").count == 3 && result.all("a").count == 3)
        #expect(!html.contains("src=") && !html.contains("url(") && !html.contains("@import"))
        #expect(result.text.contains("alert('x')</script> & \"q\" \u{2400}"))
    }

    @Test("rows have as many cells as there are columns")
    func table() {
        let table = HTMLTable(
            columns: [.init("a", .text), .init("b"), .init("c")],
            rows: [
                ["x"], ["x", "y", "z", "extra"],
                ["x", .init(-0.5, decimals: 2, isStrong: true), .init(.nan, decimals: 1)],
            ])
        let result = parsed(table.html())
        #expect(result.all("td").count == 9)
        #expect(!result.text.contains("extra"))
        #expect(result.text.contains("−0.50") && result.text.contains("–"))
        #expect(result.all("strong").count == 1)
    }

    @Test("tokens are coloured by sign and size, tell their numbers, and keep their line ends")
    func tokens() {
        let view = TokenView(
            valueName: "S* − E[S]",
            texts: [
                .init(
                    heading: "h",
                    tokens: [
                        .init("prompt"), .init("a\n", value: 1, details: [.init("H", 0.5)]),
                        .init("<b>", value: -2, isMarked: true), .init("", value: .nan),
                    ])
            ], limit: 2, markName: "dropped")
        let result = parsed(view.html())
        let tokens = result.all("span").filter { $0.attributes["title"] != nil }
        #expect(
            tokens.map { $0.attributes["style"] } == [
                "background:rgba(219,90,16,0.360)", "background:rgba(31,120,200,0.720)", "background:transparent",
            ])
        #expect(tokens[0].attributes["title"] == "S* − E[S] 1.000\nH 0.5000")
        #expect(tokens[1].attributes["class"] == "token marked")
        #expect(result.text.contains("prompta↵\n<b>∅"))
        #expect(result.text.contains("dropped"))
    }

    @Test("full colour is the 98th percentile, so that one outlier does not bleach the rest")
    func fullColour() {
        func limit(_ values: [Double?]) -> Double {
            TokenView(valueName: "v", texts: [.init(heading: "", tokens: values.map { .init("t", value: $0) })])
                .fullColour
        }
        #expect(limit((0..<99).map { _ in 1 } + [1000]) == 1)
        #expect(limit([]) == 1)
        #expect(limit([nil, .nan, 0]) == 1)
        #expect(limit([0, 0, 0, -3]) == 3)
    }
}
