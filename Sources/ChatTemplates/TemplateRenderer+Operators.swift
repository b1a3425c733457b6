// Arithmetic and comparisons of a template, with Python's rules.

extension TemplateRenderer {
    func binary(
        _ operation: String, _ left: TemplateValue, _ right: TemplateValue, line: Int
    ) throws(ChatTemplateError) -> TemplateValue {
        if operation == "~" {
            return .text(try joined([text(of: left, line: line), text(of: right, line: line)], by: "", line: line))
        }
        if operation == "+" {
            switch (left, right) {
            case (.text(let left), .text(let right)): return .text(try joined([left, right], by: "", line: line))
            case (.list(let left), .list(let right)):
                guard left.count + right.count <= Limits.items else {
                    throw failure("makes a list of more than \(Limits.items) items", line: line, code: .limit)
                }
                try spend(Cost.item * (left.count + right.count), line: line)
                return .list(left + right)
            default: break
            }
        }
        if operation == "*", case .text(let text) = left, let count = right.asInteger {
            guard count <= 0 || text.utf8.count <= Limits.textBytes / count else {
                throw failure("makes a text of more than \(Limits.textBytes) bytes", line: line, code: .limit)
            }
            try spend(text.utf8.count * max(0, count), line: line)
            return .text(String(repeating: text, count: max(0, count)))
        }
        if let left = left.asInteger, let right = right.asInteger, operation != "/" {
            return .integer(try whole(operation, left, right, line: line))
        }
        if let left = left.asReal, let right = right.asReal {
            switch operation {
            case "+": return .real(left + right)
            case "-": return .real(left - right)
            case "*": return .real(left * right)
            case "/" where right != 0: return .real(left / right)
            default: break
            }
        }
        throw failure("computes \(left.kind) \(operation) \(right.kind)", line: line)
    }

    private func whole(_ operation: String, _ left: Int, _ right: Int, line: Int) throws(ChatTemplateError) -> Int {
        let result: (partialValue: Int, overflow: Bool)
        switch operation {
        case "+": result = left.addingReportingOverflow(right)
        case "-": result = left.subtractingReportingOverflow(right)
        case "*": result = left.multipliedReportingOverflow(by: right)
        default:
            guard right != 0, !(left == .min && right == -1) else {
                throw failure("divides \(left) by \(right)", line: line)
            }
            // Python rounds towards minus infinity.
            let remainder = left % right
            let isBelow = remainder != 0 && (remainder < 0) != (right < 0)
            if operation == "%" { return isBelow ? remainder + right : remainder }
            return left / right - (isBelow ? 1 : 0)
        }
        guard !result.overflow else { throw failure("computes a number that is too large", line: line) }
        return result.partialValue
    }

    func compare(
        _ operation: String, _ left: TemplateValue, _ right: TemplateValue, line: Int
    ) throws(ChatTemplateError) -> Bool {
        switch operation {
        case "==": return try equal(left, right, line: line)
        case "!=": return try !equal(left, right, line: line)
        case "in": return try contains(right, left, line: line)
        case "not in": return try !contains(right, left, line: line)
        default: break
        }
        let isLess: Bool
        let isEqual = try equal(left, right, line: line)
        if case .text(let left) = left, case .text(let right) = right {
            // The order of UTF-8 is that of scalars.
            isLess = left.utf8.lexicographicallyPrecedes(right.utf8)
        } else if let left = left.asReal, let right = right.asReal {
            isLess = left < right
        } else {
            throw failure("compares \(left.kind) \(operation) \(right.kind)", line: line)
        }
        switch operation {
        case "<": return isLess
        case "<=": return isLess || isEqual
        case ">": return !isLess && !isEqual
        default: return !isLess
        }
    }

    private func contains(
        _ whole: TemplateValue, _ part: TemplateValue, line: Int
    ) throws(ChatTemplateError) -> Bool {
        try pass(over: whole, line: line)
        switch (whole, part) {
        case (.text(let text), .text(let part)):
            try pass(over: .text(part), line: line)
            return try firstPlace(of: part.scalars, in: text.scalars, line: line) != nil
        case (.list(let items), _):
            for item in items where try equal(item, part, line: line) { return true }
            return false
        case (.mapping(let members), .text(let key)): return members.contains { $0.key.isSameText(as: key) }
        case (.mapping, _), (.undefined, _): return false
        default: throw failure("looks for \(part.kind) in \(whole.kind)", line: line)
        }
    }

    func test(
        _ name: String, _ value: TemplateValue, _ arguments: [TemplateValue], line: Int
    ) throws(ChatTemplateError) -> Bool {
        let comparisons = [
            "equalto": "==", "eq": "==", "ne": "!=", "lt": "<", "le": "<=", "gt": ">", "ge": ">=", "in": "in",
        ]
        let wanted = comparisons[name] != nil || name == "divisibleby" ? 1 : 0
        guard arguments.count == wanted else {
            throw failure("gives the test \(name) \(arguments.count) arguments, not \(wanted)", line: line)
        }
        if let operation = comparisons[name] { return try compare(operation, value, arguments[0], line: line) }
        switch (name, value) {
        case ("defined", .undefined): return false
        case ("defined", _): return true
        case ("undefined", .undefined): return true
        case ("none", .none): return true
        case ("string", .text): return true
        case ("mapping", .mapping): return true
        case ("iterable", .text), ("iterable", .list), ("iterable", .mapping), ("iterable", .undefined): return true
        case ("sequence", .text), ("sequence", .list), ("sequence", .mapping), ("sequence", .undefined): return true
        case ("number", .integer), ("number", .real), ("number", .bool): return true
        case ("integer", .integer), ("float", .real), ("boolean", .bool): return true
        case ("true", .bool(let value)): return value
        case ("false", .bool(let value)): return !value
        case ("odd", _), ("even", _), ("divisibleby", _):
            guard let number = value.asInteger, let by = name == "divisibleby" ? arguments[0].asInteger : 2, by != 0
            else { throw failure("asks whether \(value.kind) is \(name)", line: line) }
            // The smallest number has no quotient by -1.
            return number.isMultiple(of: by) == (name != "odd")
        case ("undefined", _), ("none", _), ("string", _), ("mapping", _), ("iterable", _), ("sequence", _),
            ("number", _), ("integer", _), ("float", _), ("boolean", _), ("true", _), ("false", _):
            return false
        default: throw failure("uses the test \(name), which is not supported", line: line, code: .unsupported)
        }
    }
}
