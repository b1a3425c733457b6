// The filters of templates, `value | name(...)`.

extension TemplateRenderer {
    func filter(
        _ name: String, _ value: TemplateValue, _ positional: [TemplateValue],
        _ named: [(name: String, value: TemplateValue)], line: Int
    ) throws(ChatTemplateError) -> TemplateValue {
        try pass(over: value, line: line)
        if name == "tojson" { return .text(try json(value, positional, named, line: line)) }
        if name == "map" { return try attributes(value, positional, named, line: line) }
        let boolean = named.first { $0.name == "boolean" && ["default", "d"].contains(name) }
        guard named.isEmpty || (boolean != nil && named.count == 1) else {
            throw failure("names an argument of the filter \(name)", line: line, code: .unsupported)
        }
        let most = ["trim": 1, "join": 1, "default": 2, "d": 2, "replace": 3][name]
        if most ?? 0 < positional.count, !["select", "reject", "selectattr", "rejectattr"].contains(name) {
            throw failure("gives the filter \(name) too many arguments", line: line, code: .unsupported)
        }
        switch name {
        case "trim":
            let characters = try positional.first.map { (given) throws(ChatTemplateError) in
                try text(of: given, line: line)
            }
            return .text(try text(of: value, line: line).stripped(characters, left: true, right: true))
        case "upper": return .text(try text(of: value, line: line).pythonUpper)
        case "lower", "capitalize":
            return .text(try lower(try text(of: value, line: line), capitalises: name == "capitalize", line: line))
        case "string", "safe": return .text(try text(of: value, line: line))
        case "length", "count":
            if case .text(let text) = value { return .integer(text.unicodeScalars.count) }
            return .integer(try items(of: value, line: line).count)
        case "list": return .list(try items(of: value, line: line))
        case "first": return try items(of: value, line: line).first ?? .undefined
        case "last": return try items(of: value, line: line).last ?? .undefined
        case "reverse":
            if case .text(let text) = value { return .text(String(scalars: text.unicodeScalars.reversed())) }
            return .list(try items(of: value, line: line).reversed())
        case "join":
            let separator = try positional.first.map { (given) throws(ChatTemplateError) in
                try text(of: given, line: line)
            }
            return .text(try join(value, by: separator ?? "", line: line))
        case "items":
            if case .undefined = value { return .list([]) }
            return try method("items", of: value, [], line: line)
        case "default", "d":
            let asTruth = (boolean?.value ?? (positional.count > 1 ? positional[1] : .bool(false))).isTrue
            if case .undefined = value { return positional.first ?? .text("") }
            return asTruth && !value.isTrue ? positional.first ?? .text("") : value
        case "replace":
            guard positional.count >= 2 else { throw failure("gives the filter replace too few arguments", line: line) }
            return .text(
                try replace(
                    try text(of: value, line: line), try text(of: positional[0], line: line),
                    try text(of: positional[1], line: line), most: positional.count > 2 ? positional[2].asInteger : nil,
                    line: line))
        case "abs":
            guard let number = value.asInteger, number != .min else {
                throw failure("asks for the absolute value of \(value.kind)", line: line)
            }
            return .integer(abs(number))
        case "int":
            if case .text(let text) = value { return .integer(Int(text.stripped(nil, left: true, right: true)) ?? 0) }
            guard let number = value.asInteger else {
                throw failure("asks for the whole number of \(value.kind)", line: line, code: .unsupported)
            }
            return .integer(number)
        case "select", "reject", "selectattr", "rejectattr":
            return try chosen(name, value, positional, line: line)
        default: throw failure("uses the filter \(name), which is not supported", line: line, code: .unsupported)
        }
    }

    /// `map(attribute="a.b")`
    private func attributes(
        _ value: TemplateValue, _ positional: [TemplateValue], _ named: [(name: String, value: TemplateValue)],
        line: Int
    ) throws(ChatTemplateError) -> TemplateValue {
        guard positional.isEmpty, named.count == 1, named[0].name == "attribute", case .text(let path) = named[0].value
        else { throw failure("uses map without attribute=\"...\"", line: line, code: .unsupported) }
        return .list(try items(of: value, line: line).map { Self.part(path, of: $0) })
    }

    private static func part(_ path: String, of value: TemplateValue) -> TemplateValue {
        path.split(separator: ".").reduce(value) { $0.member(String($1)) ?? .undefined }
    }

    /// Items that pass a test, or fail it; themselves or one of their attributes.
    private func chosen(
        _ name: String, _ value: TemplateValue, _ positional: [TemplateValue], line: Int
    ) throws(ChatTemplateError) -> TemplateValue {
        var rest = positional[...]
        var path: String?
        if name.hasSuffix("attr") {
            guard case .text(let first)? = rest.popFirst() else {
                throw failure("gives the filter \(name) no attribute", line: line)
            }
            path = first
        }
        var test: String?
        if let first = rest.popFirst() {
            guard case .text(let word) = first else { throw failure("gives the filter \(name) no test", line: line) }
            test = word
        }
        var kept: [TemplateValue] = []
        for item in try items(of: value, line: line) {
            let subject = path.map { Self.part($0, of: item) } ?? item
            let passes: Bool
            if let test {
                passes = try self.test(test, subject, Array(rest), line: line)
            } else {
                passes = subject.isTrue
            }
            if passes == name.hasPrefix("select") { kept.append(item) }
        }
        return .list(kept)
    }
}
