// JSON values as values of a template, for chat_template_kwargs.

import Trajectories

extension TemplateValue {
    /// - Throws: `ChatTemplateError` for an object, whose order is lost, and for a number with a fraction.
    init(_ value: JSONValue, name: String) throws(ChatTemplateError) {
        switch value {
        case .null: self = .none
        case .bool(let value): self = .bool(value)
        case .string(let value): self = .text(value)
        case .array(let values):
            var items: [TemplateValue] = []
            for value in values { items.append(try TemplateValue(value, name: name)) }
            self = .list(items)
        case .number:
            guard let number = value.integer else {
                throw ChatTemplateError(.unsupported, "\(name) is a number with a fraction", place: name)
            }
            self = .integer(number)
        case .object:
            throw ChatTemplateError(
                .unsupported, "\(name) is an object; only texts, truth values, whole numbers and lists are supported",
                place: name)
        }
    }
}
