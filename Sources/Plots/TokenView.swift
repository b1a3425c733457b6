// Sequences of tokens, each coloured by a signed number.

/// Texts cut into tokens whose backgrounds show a value: blue below zero, vermilion above. HTML, not SVG, so that lines
/// wrap and text can be copied.
public struct TokenView: Sendable {
    public struct Token: Sendable {
        public var text: String
        /// Nil for tokens that have no value, such as a prompt's; they are set in grey.
        public var value: Double?
        /// Shown with the value when the pointer rests on the token.
        public var details: [Detail]
        /// Outlined, such as tokens that a rule drops.
        public var isMarked: Bool

        public init(_ text: String, value: Double? = nil, details: [Detail] = [], isMarked: Bool = false) {
            self.text = text
            self.value = value
            self.details = details
            self.isMarked = isMarked
        }
    }

    public struct Detail: Sendable {
        public var name: String
        public var value: Double

        public init(_ name: String, _ value: Double) {
            self.name = name
            self.value = value
        }
    }

    public struct Text: Sendable {
        /// What stands above the tokens, such as arm, reward and reason.
        public var heading: String
        public var tokens: [Token]

        public init(heading: String, tokens: [Token]) {
            self.heading = heading
            self.tokens = tokens
        }
    }

    /// What the colours show, for the legend and the tooltips.
    public var valueName: String
    public var texts: [Text]
    /// The magnitude of full colour. Nil: the 98th percentile of the magnitudes shown.
    public var limit: Double?
    /// What a marked token is, for the legend; it is shown only if there is one.
    public var markName: String

    public init(valueName: String, texts: [Text], limit: Double? = nil, markName: String = "marked") {
        self.valueName = valueName
        self.texts = texts
        self.limit = limit
        self.markName = markName
    }

    public func html() -> String {
        let limit = fullColour
        var result = "<div class=\"token-view\">\n" + legend(limit: limit)
        for text in texts {
            result += "<div class=\"token-text\">\n"
            if !text.heading.isEmpty { result += "<p class=\"token-heading\">\(Markup.text(text.heading))</p>\n" }
            result += "<p class=\"tokens\">" + text.tokens.map { drawn($0, limit: limit) }.joined() + "</p>\n</div>\n"
        }
        if texts.isEmpty { result += "<p>no data</p>\n" }
        return result + "</div>\n"
    }

    /// The magnitude of full colour.
    var fullColour: Double {
        if let limit, limit.isFinite, limit > 0 { return limit }
        let magnitudes = texts.flatMap { $0.tokens.compactMap { $0.value?.magnitude } }.filter(\.isFinite).sorted()
        guard let largest = magnitudes.last, largest > 0 else { return 1 }
        let percentile = magnitudes[min(magnitudes.count - 1, Int(0.98 * Double(magnitudes.count)))]
        return percentile > 0 ? percentile : largest
    }

    private func legend(limit: Double) -> String {
        let stops = stride(from: -1.0, through: 1.0, by: 0.25).map { Palette.diverging($0 * limit, limit: limit) }
        let marked = texts.contains { $0.tokens.contains(where: \.isMarked) }
        let mark =
            marked
            ? "<span class=\"mark-key\"><span class=\"token marked\">abc</span> \(Markup.text(markName))</span>" : ""
        return "<p class=\"token-legend\"><span>\(Markup.text(valueName))</span> <span>\(significant(-limit))</span> "
            + "<span class=\"scale\" style=\"background:linear-gradient(to right,\(stops.joined(separator: ",")))\"></span> "
            + "<span>\(significant(limit))</span>\(mark)</p>\n"
    }

    private func drawn(_ token: Token, limit: Double) -> String {
        guard let value = token.value else {
            return "<span class=\"plain\">\(visible(token.text))</span>"
        }
        var tip = "\(valueName) \(significant(value))"
        for detail in token.details { tip += "\n\(detail.name) \(significant(detail.value))" }
        let name = token.isMarked ? "token marked" : "token"
        return "<span class=\"\(name)\" style=\"background:\(Palette.diverging(value, limit: limit))\" "
            + "title=\"\(Markup.attribute(tip))\">\(visible(token.text))</span>"
    }

    /// The text with its line ends shown and kept; empty text gets a sign of its own.
    private func visible(_ text: String) -> String {
        guard !text.isEmpty else { return "∅" }
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\n": result += "↵\n"
            case "\t": result += "⇥\t"
            case "\r": result += "␍"
            default: result += Markup.text(String(scalar))
            }
        }
        return result
    }
}

/// A number in about four significant digits, in a form that reads well in a sentence: 0.0312, −1.204, 1.5e−7.
func significant(_ value: Double) -> String {
    guard value.isFinite else { return value.isNaN ? "not a number" : value < 0 ? "−∞" : "∞" }
    guard value != 0 else { return "0" }
    let size = value.magnitude
    if size < 1e-4 || size >= 1e6 {
        let exponent = Int(base10(size).rounded(.down))
        let power = powerOfTen(exponent)
        guard power > 0, power.isFinite else { return value < 0 ? "−0" : "0" }
        return "\(value < 0 ? "−" : "")\(fixed(size / power, 2))e\(exponent < 0 ? "−" : "")\(exponent.magnitude)"
    }
    let decimals = max(0, min(6, 3 - Int(base10(size).rounded(.down))))
    return (value < 0 ? "−" : "") + fixed(size, decimals)
}
