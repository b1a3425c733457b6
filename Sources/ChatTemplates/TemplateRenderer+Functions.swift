// The functions and methods that templates call.

extension TemplateRenderer {
    static let functions: Set<String> = ["range", "namespace", "raise_exception", "strftime_now"]
    static let mappingMethods: Set<String> = ["items", "keys", "values", "get"]
    static let textMethods: Set<String> = [
        "strip", "lstrip", "rstrip", "split", "rsplit", "startswith", "endswith", "replace", "upper", "lower",
        "capitalize", "removeprefix", "removesuffix", "join", "find", "count",
    ]

    func call(_ name: String, _ arguments: [TemplateValue], line: Int) throws(ChatTemplateError) -> TemplateValue {
        switch name {
        case "raise_exception":
            guard arguments.count == 1, case .text(let message) = arguments[0] else {
                throw failure("calls raise_exception without a text", line: line)
            }
            throw ChatTemplateError(
                .refusedByTemplate, "the chat template refuses these messages: \(message)",
                place: "\(self.name):\(line)")
        case "strftime_now":
            throw failure(
                "writes today's date into every prompt (strftime_now), so that no run could be repeated; give the date in "
                    + "chat_template_kwargs, as date_string where the template reads that", line: line,
                code: .unsupported)
        case "range":
            let numbers = arguments.compactMap(\.asInteger)
            guard (1...3).contains(numbers.count), numbers.count == arguments.count,
                numbers.count < 3 || numbers[2] != 0
            else { throw failure("calls range with something else than one to three numbers", line: line) }
            let (from, to) = numbers.count == 1 ? (0, numbers[0]) : (numbers[0], numbers[1])
            var values: [TemplateValue] = []
            try spend(Cost.step, line: line)
            for value in stride(from: from, to: to, by: numbers.count == 3 ? numbers[2] : 1) {
                guard values.count < Limits.items else {
                    throw failure("makes a range of more than \(Limits.items) numbers", line: line, code: .limit)
                }
                try spend(Cost.item, line: line)
                values.append(.integer(value))
            }
            return .list(values)
        default: throw failure("calls \(name), which is not supported", line: line, code: .unsupported)
        }
    }

    func method(
        _ name: String, of value: TemplateValue, _ arguments: [TemplateValue], line: Int
    ) throws(ChatTemplateError) -> TemplateValue {
        try pass(over: value, line: line)
        for argument in arguments { try pass(over: argument, line: line) }
        switch value {
        case .mapping(let members): return try method(name, of: members, arguments, line: line)
        case .text(let text): return try method(name, of: text, arguments, line: line)
        default: throw failure("calls \(name) of \(value.kind)", line: line)
        }
    }

    private func method(
        _ name: String, of members: [(key: String, value: TemplateValue)], _ arguments: [TemplateValue], line: Int
    ) throws(ChatTemplateError) -> TemplateValue {
        switch (name, arguments.count) {
        case ("items", 0): return .list(members.map { .list([.text($0.key), $0.value]) })
        case ("keys", 0): return .list(members.map { .text($0.key) })
        case ("values", 0): return .list(members.map(\.value))
        case ("get", 1...2):
            if case .text(let key) = arguments[0], let found = members.first(where: { $0.key.isSameText(as: key) }) {
                return found.value
            }
            return arguments.count > 1 ? arguments[1] : .none
        default: throw failure("calls \(name) of a mapping with \(arguments.count) arguments", line: line)
        }
    }

    private func method(
        _ name: String, of text: String, _ arguments: [TemplateValue], line: Int
    ) throws(ChatTemplateError) -> TemplateValue {
        if name == "join", arguments.count == 1 { return .text(try join(arguments[0], by: text, line: line)) }
        if ["startswith", "endswith"].contains(name), arguments.count == 1, case .list(let choices) = arguments[0] {
            for choice in choices {
                try pass(over: .text(text), line: line)
                try pass(over: choice, line: line)
                if try method(name, of: text, [choice], line: line).isTrue { return .bool(true) }
            }
            return .bool(false)
        }
        var texts: [String] = []
        var number: Int?
        for (index, argument) in arguments.enumerated() {
            if case .text(let text) = argument {
                texts.append(text)
            } else if index > 0, index == arguments.count - 1, let count = argument.asInteger {
                number = count
            } else if case .none = argument, arguments.count == 1 {
                continue  // as if not given
            } else {
                throw failure("gives \(name) of a text \(argument.kind)", line: line)
            }
        }
        switch (name, texts.count) {
        case ("upper", 0): return .text(text.pythonUpper)
        case ("lower", 0), ("capitalize", 0):
            return .text(try lower(text, capitalises: name == "capitalize", line: line))
        case ("strip", 0...1), ("lstrip", 0...1), ("rstrip", 0...1):
            return .text(text.stripped(texts.first, left: name != "rstrip", right: name != "lstrip"))
        case ("split", 0) where number == nil:
            let words = text.words
            try spend(Cost.item * words.count, line: line)
            return .list(words.map { .text($0) })
        case ("split", 1), ("rsplit", 1):
            let separator = texts[0].scalars
            guard !separator.isEmpty else { throw failure("splits a text at an empty one", line: line) }
            let most = number.map { $0 < 0 ? Int.max : $0 } ?? Int.max
            return .list(
                try split(text, at: separator, most: most, fromEnd: name == "rsplit", line: line).map { .text($0) })
        case ("startswith", 1): return .bool(text.scalars.starts(with: texts[0].scalars))
        case ("endswith", 1): return .bool(text.scalars.reversed().starts(with: texts[0].scalars.reversed()))
        case ("removeprefix", 1):
            let isThere = text.scalars.starts(with: texts[0].scalars)
            return .text(isThere ? String(scalars: text.scalars.dropFirst(texts[0].scalars.count)) : text)
        case ("removesuffix", 1):
            let isThere = text.scalars.reversed().starts(with: texts[0].scalars.reversed())
            return .text(isThere ? String(scalars: text.scalars.dropLast(texts[0].scalars.count)) : text)
        case ("find", 1) where number == nil:
            return .integer(try firstPlace(of: texts[0].scalars, in: text.scalars, line: line) ?? -1)
        case ("count", 1) where number == nil && !texts[0].isEmpty:
            return .integer(try split(text, at: texts[0].scalars, most: .max, fromEnd: false, line: line).count - 1)
        case ("replace", 2): return .text(try replace(text, texts[0], texts[1], most: number, line: line))
        default:
            throw failure(
                "calls \(name) of a text with arguments that are not supported", line: line, code: .unsupported)
        }
    }

    func replace(
        _ text: String, _ old: String, _ new: String, most: Int?, line: Int
    ) throws(ChatTemplateError) -> String {
        guard !old.isEmpty else { throw failure("replaces an empty text", line: line, code: .unsupported) }
        let most = most.map { $0 < 0 ? .max : $0 } ?? .max
        return try joined(
            try split(text, at: old.scalars, most: most, fromEnd: false, line: line), by: new, line: line)
    }

    func join(_ value: TemplateValue, by separator: String, line: Int) throws(ChatTemplateError) -> String {
        var parts: [String] = []
        for item in try items(of: value, line: line) { parts.append(try text(of: item, line: line)) }
        return try joined(parts, by: separator, line: line)
    }

    func lower(_ text: String, capitalises: Bool, line: Int) throws(ChatTemplateError) -> String {
        // Its lower case depends on its place in the word.
        guard !text.unicodeScalars.contains("\u{3A3}") else {
            throw failure("asks for the lower case of a Greek capital sigma", line: line, code: .unsupported)
        }
        var result = ""
        for (index, scalar) in text.unicodeScalars.enumerated() {
            let isFirst = capitalises && index == 0
            result += isFirst ? scalar.properties.titlecaseMapping : scalar.properties.lowercaseMapping
        }
        return result
    }
}

extension String {
    var pythonUpper: String { unicodeScalars.map(\.properties.uppercaseMapping).joined() }

    /// The stretches without white space.
    var words: [String] { unicodeScalars.split(whereSeparator: \.isPythonSpace).map { String($0) } }

    /// Without white space, or any of the given characters, at its ends.
    func stripped(_ characters: String?, left: Bool, right: Bool) -> String {
        let wanted = characters.map { Set($0.unicodeScalars) }
        func goes(_ scalar: Unicode.Scalar) -> Bool { wanted.map { $0.contains(scalar) } ?? scalar.isPythonSpace }
        var kept = scalars[...]
        if left { kept = kept.drop(while: goes) }
        if right { while let last = kept.last, goes(last) { kept.removeLast() } }
        return String(scalars: kept)
    }
}
