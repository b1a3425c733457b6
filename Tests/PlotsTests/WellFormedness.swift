// Reading back what was drawn, with an XML parser that is not ours.

import Foundation
import Testing

#if canImport(FoundationXML)
    import FoundationXML
#endif

/// The elements and the text of a well-formed document, in order.
struct ParsedMarkup {
    struct Element {
        var name: String
        var attributes: [String: String]
    }

    var elements: [Element] = []
    var text = ""

    func all(_ name: String) -> [Element] {
        elements.filter { $0.name == name }
    }

    func attribute(_ attribute: String, of name: String) -> [String] {
        all(name).compactMap { $0.attributes[attribute] }
    }
}

/// Parses `markup`; records a failure where it is not well-formed.
func parsed(_ markup: String, sourceLocation: SourceLocation = #_sourceLocation) -> ParsedMarkup {
    let reader = Reader()
    let parser = XMLParser(data: Data(markup.utf8))
    parser.delegate = reader
    let isWellFormed = parser.parse()
    #expect(
        isWellFormed, "line \(parser.lineNumber): \(String(describing: parser.parserError))",
        sourceLocation: sourceLocation)
    return reader.result
}

private final class Reader: NSObject, XMLParserDelegate {
    var result = ParsedMarkup()

    func parser(
        _ parser: XMLParser, didStartElement elementName: String, namespaceURI: String?,
        qualifiedName qName: String?, attributes attributeDict: [String: String] = [:]
    ) {
        result.elements.append(.init(name: elementName, attributes: attributeDict))
    }

    func parser(_ parser: XMLParser, foundCharacters string: String) {
        result.text += string
    }
}
