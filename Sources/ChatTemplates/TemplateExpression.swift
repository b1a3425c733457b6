// Expressions and statements of a template, as the parser leaves them.

/// An expression and the line it stands on.
struct TemplateExpression: Sendable {
    var kind: Kind
    var line: Int

    indirect enum Kind: Sendable {
        case literal(TemplateValue)
        case name(String)
        case list([TemplateExpression])
        case mapping([(key: TemplateExpression, value: TemplateExpression)])
        /// `a.b`
        case attribute(TemplateExpression, String)
        /// `a[b]`
        case item(TemplateExpression, TemplateExpression)
        /// `a[b:c:d]`
        case slice(TemplateExpression, TemplateExpression?, TemplateExpression?, TemplateExpression?)
        case call(TemplateExpression, Arguments)
        case filter(TemplateExpression, String, Arguments)
        /// `a is [not] test(b)`
        case test(TemplateExpression, String, Arguments, isNegated: Bool)
        case not(TemplateExpression)
        case negative(TemplateExpression)
        case binary(String, TemplateExpression, TemplateExpression)
        case and(TemplateExpression, TemplateExpression)
        case or(TemplateExpression, TemplateExpression)
        /// `first op second op third`, true if every comparison is.
        case comparison(TemplateExpression, [(operation: String, right: TemplateExpression)])
        /// `a if b else c`
        case conditional(TemplateExpression, condition: TemplateExpression, otherwise: TemplateExpression?)
    }

    struct Arguments: Sendable {
        var positional: [TemplateExpression] = []
        var named: [(name: String, value: TemplateExpression)] = []
    }
}

/// A statement of a template.
indirect enum TemplateStatement: Sendable {
    case data(String, line: Int)
    case output(TemplateExpression)
    case condition([(condition: TemplateExpression, body: [TemplateStatement])], otherwise: [TemplateStatement])
    case loop(TemplateLoop)
    case set(TemplateTarget, TemplateExpression)
    /// `{% set name %}...{% endset %}`
    case capture(TemplateTarget, [TemplateStatement], line: Int)
    case macro(TemplateMacro)
    case leave(line: Int)
    case advance(line: Int)

    var line: Int {
        switch self {
        case .data(_, let line), .capture(_, _, let line), .leave(let line), .advance(let line): line
        case .output(let expression), .set(_, let expression): expression.line
        case .condition(let branches, _): branches.first?.condition.line ?? 1
        case .loop(let loop): loop.line
        case .macro(let macro): macro.line
        }
    }
}

/// What a value is assigned to.
enum TemplateTarget: Sendable {
    case name(String, line: Int)
    /// An attribute of a namespace.
    case attribute(String, String, line: Int)
}

struct TemplateLoop: Sendable {
    /// One name, or as many as each item has parts.
    var names: [String]
    var items: TemplateExpression
    /// Which items are gone through.
    var filter: TemplateExpression?
    var body: [TemplateStatement]
    /// What is rendered when there is no item.
    var otherwise: [TemplateStatement]
    var line: Int
}

struct TemplateMacro: Sendable {
    var name: String
    var parameters: [(name: String, value: TemplateExpression?)]
    var body: [TemplateStatement]
    var line: Int
}
