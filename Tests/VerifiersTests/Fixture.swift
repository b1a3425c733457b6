// Fixtures are read by path.

import Foundation
import Trajectories

enum Fixture {
    static func read(_ name: String) throws -> JSONValue {
        let url = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("Fixtures").appendingPathComponent(name)
        return try JSONDecoder().decode(JSONValue.self, from: Data(contentsOf: url))
    }
}

extension JSONValue {
    subscript(key: String) -> JSONValue? {
        guard case .object(let fields) = self else { return nil }
        return fields[key]
    }

    var object: [String: JSONValue] {
        guard case .object(let fields) = self else { return [:] }
        return fields
    }
}
