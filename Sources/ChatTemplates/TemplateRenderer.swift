// Statements of a template carried out: text, conditions, loops, assignments, macros.

/// The names of a block and the value of each; blocks within see them.
final class TemplateScope {
    private var values: [String: TemplateValue]
    private let outer: TemplateScope?

    init(_ values: [String: TemplateValue] = [:], within outer: TemplateScope? = nil) {
        self.values = values
        self.outer = outer
    }

    subscript(name: String) -> TemplateValue? {
        get { values[name] ?? outer?[name] }
        set { values[name] = newValue }
    }
}

/// One rendering of a template. Nothing of it outlives the call.
struct TemplateRenderer {
    /// More than any conversation needs, and little enough that a hostile template ends soon.
    enum Limits {
        static let iterations = 1_000_000
        static let textBytes = 1 << 24
        static let items = 1_000_000
        static let callDepth = 32
        /// Of lists within lists.
        static let valueDepth = 64
        /// Of statements and expressions within one another, macros included: what the stack holds.
        static let nesting = 500
    }

    /// How the rest of a loop's body goes on.
    enum Flow { case onward, leave, advance }

    let name: String
    var namespaces: [[(key: String, value: TemplateValue)]] = []
    var macros: [(macro: TemplateMacro, scope: TemplateScope)] = []
    var callDepth = 0
    var nesting = 0
    let work = TemplateWork()
    private var iterations = 0

    init(name: String) {
        self.name = name
    }

    func failure(
        _ message: String, line: Int, code: ChatTemplateError.Code = .failed
    ) -> ChatTemplateError {
        ChatTemplateError(code, "the chat template \(message)", place: "\(name):\(line)")
    }

    func check(_ text: String, line: Int) throws(ChatTemplateError) {
        guard text.utf8.count <= Limits.textBytes else {
            throw failure("makes a text of more than \(Limits.textBytes) bytes", line: line, code: .limit)
        }
    }

    func checked(_ text: String, line: Int) throws(ChatTemplateError) -> String {
        try check(text, line: line)
        return text
    }

    mutating func render(
        _ statements: [TemplateStatement], _ scope: TemplateScope, into output: inout String
    ) throws(ChatTemplateError) -> Flow {
        nesting += 1
        defer { nesting -= 1 }
        for statement in statements {
            try spend(Cost.step, line: statement.line)
            switch statement {
            case .data(let text, let line):
                try spend(text.utf8.count, line: line)
                output += text
                try check(output, line: line)
            case .output(let expression):
                let text = try text(of: try evaluate(expression, scope), line: expression.line)
                try spend(text.utf8.count, line: expression.line)
                output += text
                try check(output, line: expression.line)
            case .condition(let branches, let otherwise):
                let chosen = try chosenBranch(branches, scope) ?? otherwise
                let flow = try render(chosen, scope, into: &output)
                if flow != .onward { return flow }
            case .loop(let loop): try self.loop(loop, scope, into: &output)
            case .set(let target, let value): try assign(try evaluate(value, scope), to: target, scope)
            case .capture(let target, let body, let line):
                var text = ""
                let flow = try render(body, scope, into: &text)
                try assign(.text(try checked(text, line: line)), to: target, scope)
                if flow != .onward { return flow }
            case .macro(let macro):
                try spend(Cost.record, line: macro.line)
                macros.append((macro, scope))
                scope[macro.name] = .macro(macros.count - 1)
            case .leave: return .leave
            case .advance: return .advance
            }
        }
        return .onward
    }

    private mutating func chosenBranch(
        _ branches: [(condition: TemplateExpression, body: [TemplateStatement])], _ scope: TemplateScope
    ) throws(ChatTemplateError) -> [TemplateStatement]? {
        for branch in branches where try evaluate(branch.condition, scope).isTrue { return branch.body }
        return nil
    }

    private mutating func assign(
        _ value: TemplateValue, to target: TemplateTarget, _ scope: TemplateScope
    ) throws(ChatTemplateError) {
        switch target {
        case .name(let name, let line):
            try visit(value, line: line)
            scope[name] = value
        case .attribute(let name, let attribute, let line):
            guard case .namespace(let index)? = scope[name] else {
                throw failure("sets an attribute of '\(name)', which is no namespace", line: line)
            }
            try visit(value, line: line)
            try spend(namespaces[index].count * Cost.byte, line: line)
            namespaces[index].removeAll { $0.key == attribute }
            namespaces[index].append((attribute, value))
        }
    }

    private mutating func loop(
        _ loop: TemplateLoop, _ scope: TemplateScope, into output: inout String
    ) throws(ChatTemplateError) {
        var items: [TemplateValue] = []
        for item in try self.items(of: try evaluate(loop.items, scope), line: loop.line) {
            if let filter = loop.filter {
                let inner = TemplateScope(within: scope)
                try bind(loop, item, inner)
                if try !evaluate(filter, inner).isTrue { continue }
            }
            items.append(item)
        }
        if items.isEmpty {
            _ = try render(loop.otherwise, scope, into: &output)
            return
        }
        for (index, item) in items.enumerated() {
            iterations += 1
            try spend(Cost.iteration, line: loop.line)
            guard iterations <= Limits.iterations else {
                throw failure("goes through more than \(Limits.iterations) items", line: loop.line, code: .limit)
            }
            let inner = TemplateScope(within: scope)
            inner["loop"] = Self.position(index, items)
            try bind(loop, item, inner)
            if try render(loop.body, inner, into: &output) == .leave { return }
        }
    }

    /// What `loop` is within a loop.
    private static func position(_ index: Int, _ items: [TemplateValue]) -> TemplateValue {
        var members: [(key: String, value: TemplateValue)] = [
            ("index", .integer(index + 1)), ("index0", .integer(index)),
            ("revindex", .integer(items.count - index)), ("revindex0", .integer(items.count - index - 1)),
            ("first", .bool(index == 0)), ("last", .bool(index == items.count - 1)), ("length", .integer(items.count)),
        ]
        if index > 0 { members.append(("previtem", items[index - 1])) }
        if index + 1 < items.count { members.append(("nextitem", items[index + 1])) }
        return .mapping(members)
    }

    private func bind(
        _ loop: TemplateLoop, _ item: TemplateValue, _ scope: TemplateScope
    ) throws(ChatTemplateError) {
        if loop.names.count == 1 {
            scope[loop.names[0]] = item
            return
        }
        guard case .list(let parts) = item, parts.count == loop.names.count else {
            throw failure(
                "takes \(loop.names.count) names from \(item.kind) that has not as many parts", line: loop.line)
        }
        for (name, part) in zip(loop.names, parts) { scope[name] = part }
    }

    /// What a loop goes through: items, keys, or characters.
    func items(of value: TemplateValue, line: Int) throws(ChatTemplateError) -> [TemplateValue] {
        try spend(Cost.item * count(of: value), line: line)
        switch value {
        case .list(let items): return items
        case .mapping(let members): return members.map { .text($0.key) }
        case .text(let text): return text.unicodeScalars.map { .text(String($0)) }
        case .undefined: return []
        default: throw failure("goes through \(value.kind), which has no items", line: line)
        }
    }

    private func count(of value: TemplateValue) -> Int {
        switch value {
        case .list(let items): items.count
        case .mapping(let members): members.count
        case .text(let text): text.utf8.count
        default: 0
        }
    }

    /// The value as Python's `str` writes it.
    func text(of value: TemplateValue, line: Int) throws(ChatTemplateError) -> String {
        switch value {
        case .text(let text): return text
        case .undefined: return ""
        case .none: return "None"
        case .bool(let value): return value ? "True" : "False"
        case .integer(let value): return String(value)
        case .real, .list, .mapping, .namespace, .macro, .function, .method:
            throw failure(
                "prints \(value.kind), of which only tojson is supported", line: line, code: .unsupported)
        }
    }

    mutating func call(
        _ index: Int, _ positional: [TemplateValue], _ named: [(name: String, value: TemplateValue)], line: Int
    ) throws(ChatTemplateError) -> TemplateValue {
        let (macro, scope) = macros[index]
        guard callDepth < Limits.callDepth else {
            throw failure("calls macros more than \(Limits.callDepth) deep", line: line, code: .limit)
        }
        guard positional.count <= macro.parameters.count else {
            throw failure("gives the macro \(macro.name) too many arguments", line: line)
        }
        let inner = TemplateScope(within: scope)
        for (position, parameter) in macro.parameters.enumerated() {
            if position < positional.count {
                inner[parameter.name] = positional[position]
            } else if let given = named.first(where: { $0.name == parameter.name }) {
                inner[parameter.name] = given.value
            } else {
                inner[parameter.name] =
                    try parameter.value.map { (value) throws(ChatTemplateError) in
                        try evaluate(value, inner)
                    } ?? .undefined
            }
        }
        if let stray = named.first(where: { given in !macro.parameters.contains { $0.name == given.name } }) {
            throw failure("gives the macro \(macro.name) an argument '\(stray.name)' that it does not have", line: line)
        }
        callDepth += 1
        defer { callDepth -= 1 }
        var output = ""
        _ = try render(macro.body, inner, into: &output)
        return .text(output)
    }
}
