// Expressions of a template evaluated as Python would.

extension TemplateRenderer {
    mutating func evaluate(
        _ expression: TemplateExpression, _ scope: TemplateScope
    ) throws(ChatTemplateError) -> TemplateValue {
        let line = expression.line
        nesting += 1
        defer { nesting -= 1 }
        guard nesting <= Limits.nesting else {
            throw failure("nests its work more than \(Limits.nesting) deep", line: line, code: .limit)
        }
        try spend(Cost.step, line: line)
        switch expression.kind {
        case .literal(let value): return value
        case .name(let name):
            return scope[name] ?? (Self.functions.contains(name) ? .function(name) : .undefined)
        case .list(let items):
            var values: [TemplateValue] = []
            for item in items { values.append(try evaluate(item, scope)) }
            try spend(Cost.item * values.count, line: line)
            return .list(values)
        case .mapping(let members):
            var values: [(key: String, value: TemplateValue)] = []
            for (key, value) in members {
                guard case .text(let key) = try evaluate(key, scope) else {
                    throw failure("has a mapping with a key that is no text", line: line, code: .unsupported)
                }
                values.removeAll { $0.key.isSameText(as: key) }
                values.append((key, try evaluate(value, scope)))
            }
            return .mapping(values)
        case .attribute(let value, let name):
            return try attribute(name, of: try evaluate(value, scope), line: line)
        case .item(let value, let index):
            return try item(try evaluate(index, scope), of: try evaluate(value, scope), line: line)
        case .slice(let value, let from, let to, let step):
            return try slice(try evaluate(value, scope), try bounds([from, to, step], scope, line: line), line: line)
        case .call(let function, let arguments):
            return try call(try evaluate(function, scope), arguments, scope, line: line)
        case .filter(let value, let name, let arguments):
            let (positional, named) = try evaluate(arguments, scope)
            return try filter(name, try evaluate(value, scope), positional, named, line: line)
        case .test(let value, let name, let arguments, let isNegated):
            let (positional, named) = try evaluate(arguments, scope)
            guard named.isEmpty else { throw failure("names an argument of the test \(name)", line: line) }
            return .bool(try test(name, try evaluate(value, scope), positional, line: line) != isNegated)
        case .not(let value): return .bool(try !evaluate(value, scope).isTrue)
        case .negative(let value): return try binary("-", .integer(0), try evaluate(value, scope), line: line)
        case .binary(let operation, let left, let right):
            return try binary(operation, try evaluate(left, scope), try evaluate(right, scope), line: line)
        case .and(let left, let right):
            let value = try evaluate(left, scope)
            return value.isTrue ? try evaluate(right, scope) : value
        case .or(let left, let right):
            let value = try evaluate(left, scope)
            return value.isTrue ? value : try evaluate(right, scope)
        case .comparison(let first, let rest):
            var left = try evaluate(first, scope)
            for (operation, right) in rest {
                let right = try evaluate(right, scope)
                guard try compare(operation, left, right, line: line) else { return .bool(false) }
                left = right
            }
            return .bool(true)
        case .conditional(let value, let condition, let otherwise):
            if try evaluate(condition, scope).isTrue { return try evaluate(value, scope) }
            return try otherwise.map { (other) throws(ChatTemplateError) in try evaluate(other, scope) } ?? .undefined
        }
    }

    private mutating func evaluate(
        _ arguments: TemplateExpression.Arguments, _ scope: TemplateScope
    ) throws(ChatTemplateError) -> (positional: [TemplateValue], named: [(name: String, value: TemplateValue)]) {
        var positional: [TemplateValue] = []
        var named: [(name: String, value: TemplateValue)] = []
        for argument in arguments.positional { positional.append(try evaluate(argument, scope)) }
        for (name, argument) in arguments.named { named.append((name, try evaluate(argument, scope))) }
        return (positional, named)
    }

    private mutating func call(
        _ function: TemplateValue, _ arguments: TemplateExpression.Arguments, _ scope: TemplateScope, line: Int
    ) throws(ChatTemplateError) -> TemplateValue {
        let (positional, named) = try evaluate(arguments, scope)
        switch function {
        case .macro(let index): return try call(index, positional, named, line: line)
        case .function("namespace"):
            guard positional.isEmpty else { throw failure("gives namespace an argument without name", line: line) }
            try spend(Cost.record, line: line)
            namespaces.append(named.map { ($0.name, $0.value) })
            return .namespace(namespaces.count - 1)
        case .function(let name):
            guard named.isEmpty else { throw failure("names an argument of \(name)", line: line, code: .unsupported) }
            return try call(name, positional, line: line)
        case .method(let value, let name):
            guard named.isEmpty else { throw failure("names an argument of \(name)", line: line, code: .unsupported) }
            return try method(name, of: value, positional, line: line)
        default: throw failure("calls \(function.kind), which is no function", line: line)
        }
    }

    /// `a.b`: methods before members, as Jinja looks them up.
    private func attribute(
        _ name: String, of value: TemplateValue, line: Int
    ) throws(ChatTemplateError) -> TemplateValue {
        if case .mapping(let members) = value { try spend(Cost.byte * members.count, line: line) }
        switch value {
        case .undefined: throw failure("reads '\(name)' of an undefined value", line: line)
        case .namespace(let index): return namespaces[index].first { $0.key == name }?.value ?? .undefined
        case .text where Self.textMethods.contains(name): return .method(value, name)
        case .mapping where Self.mappingMethods.contains(name): return .method(value, name)
        case .mapping: return value.member(name) ?? .undefined
        default: return .undefined
        }
    }

    /// `a[b]`
    private func item(
        _ index: TemplateValue, of value: TemplateValue, line: Int
    ) throws(ChatTemplateError) -> TemplateValue {
        if case .list = value {} else { try pass(over: value, line: line) }
        switch (value, index) {
        case (.undefined, _): throw failure("reads an item of an undefined value", line: line)
        case (.mapping, .text(let key)): return value.member(key) ?? .undefined
        case (.list(let items), _):
            guard let index = index.asInteger else { return .undefined }
            let place = index < 0 ? items.count + index : index
            return items.indices.contains(place) ? items[place] : .undefined
        case (.text(let text), _):
            guard let index = index.asInteger else { return .undefined }
            let scalars = text.scalars
            let place = index < 0 ? scalars.count + index : index
            return scalars.indices.contains(place) ? .text(String(scalars[place])) : .undefined
        case (.namespace(let position), .text(let key)):
            return namespaces[position].first { $0.key == key }?.value ?? .undefined
        default: return .undefined
        }
    }

    private mutating func bounds(
        _ expressions: [TemplateExpression?], _ scope: TemplateScope, line: Int
    ) throws(ChatTemplateError) -> [Int?] {
        var bounds: [Int?] = []
        for expression in expressions {
            let value = try expression.map { (found) throws(ChatTemplateError) in try evaluate(found, scope) } ?? .none
            if case .none = value {
                bounds.append(nil)
            } else if let bound = value.asInteger {
                // No text or list is longer, and nothing overflows.
                bounds.append(min(max(bound, -1 << 40), 1 << 40))
            } else {
                throw failure("slices from \(value.kind)", line: line)
            }
        }
        return bounds
    }

    private func slice(
        _ value: TemplateValue, _ bounds: [Int?], line: Int
    ) throws(ChatTemplateError) -> TemplateValue {
        try pass(over: value, line: line)
        switch value {
        case .list(let items): return .list(try Self.indices(bounds, items.count, self, line).map { items[$0] })
        case .text(let text):
            let scalars = text.scalars
            return .text(String(scalars: try Self.indices(bounds, scalars.count, self, line).map { scalars[$0] }))
        default: throw failure("slices \(value.kind)", line: line)
        }
    }

    /// Python's rule of slices.
    private static func indices(
        _ bounds: [Int?], _ count: Int, _ renderer: TemplateRenderer, _ line: Int
    ) throws(ChatTemplateError) -> [Int] {
        let step = bounds[2] ?? 1
        guard step != 0 else { throw renderer.failure("slices with step 0", line: line) }
        let (low, high) = step > 0 ? (0, count) : (-1, count - 1)
        func clamped(_ bound: Int?, _ fallback: Int) -> Int {
            guard let bound else { return fallback }
            return min(max(bound < 0 ? bound + count : bound, low), high)
        }
        let start = clamped(bounds[0], step > 0 ? low : high)
        let stop = clamped(bounds[1], step > 0 ? high : low)
        return Array(stride(from: start, to: stop, by: step))
    }
}
