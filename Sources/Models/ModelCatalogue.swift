// The closed list of model families, by the `model_type` of their `config.json`.

/// All families, one line each.
public enum ModelCatalogue {
    public static let families: [ModelFamily] = [
        .qwen2,
        .qwen3,
        .llama,
        .mistral,
        .gemma3,
    ]

    /// The names in the order of the catalogue.
    public static var names: [String] { families.map(\.name) }

    /// The family of a `model_type`; nil for an unknown one.
    public static func family(_ name: String) -> ModelFamily? { families.first { $0.name == name } }
}
