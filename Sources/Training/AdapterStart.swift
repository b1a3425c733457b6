// `lora:` low-rank adapters are trained in place of the model's own weights.

import ConfigCoding
public import Models

/// What adapters a run trains: new ones, or those of a PEFT folder.
public enum AdapterStart: Sendable, Equatable {
    case fresh(AdapterSettings)
    case folder(String)

    /// Where a checkpoint, a model folder of merged weights, has its adapters.
    static let checkpointFolder = "adapter"

    /// Reads the section `lora`; nil where there is none.
    init?(_ root: ConfigSection) throws {
        guard root.has("lora") else { return nil }
        let section = try root.section("lora")
        if let folder = try section.optional("adapter", as: String.self) {
            self = .folder(folder)
            return
        }
        let standard = AdapterSettings()
        let targets = try section.list("target_modules", default: standard.targets)
        guard !targets.isEmpty, Set(targets).count == targets.count,
            targets.allSatisfy(AdapterSettings.modules.contains)
        else {
            throw section.fault(
                .unknownChoice, "target_modules",
                "must name some of \(AdapterSettings.modules.joined(separator: ", ")), each once; got "
                    + "\(targets.isEmpty ? "none" : targets.joined(separator: ", "))")
        }
        let settings = AdapterSettings(
            rank: try section.value("rank", default: standard.rank, in: 1...4096),
            alpha: try section.value("alpha", default: standard.alpha, in: 1e-6...1e6), targets: targets)
        let dropout = try section.value("dropout", default: 0.0)
        guard dropout == 0 else {
            throw section.fault(
                .outOfRange, "dropout",
                "must be 0, got \(dropout): with dropout the policy that is trained is not the one that samples")
        }
        self = .fresh(settings)
    }

    /// The frozen model of a folder with these adapters.
    func model(base: String, seed: UInt64) throws -> AdaptedModel {
        switch self {
        case .fresh(let settings): try AdapterFolder.fresh(settings, base: base, seed: seed)
        case .folder(let folder): try AdapterFolder.load(folder, base: base)
        }
    }

    /// Rank, scale and targets.
    /// - Throws: `ModelError` about the PEFT folder.
    public func settings() throws -> AdapterSettings {
        switch self {
        case .fresh(let settings): settings
        case .folder(let folder): try AdapterSettings(folder: folder)
        }
    }
}

extension RunSession.Origin {
    /// A model folder, or its frozen weights with adapters.
    init(base: String, adapters: AdapterStart?, seed: UInt64) {
        guard let adapters else {
            self.init(companions: base) { try ModelFolder.load(base) }
            return
        }
        self.init(
            companions: base, load: { try adapters.model(base: base, seed: seed) },
            reopen: { try AdapterFolder.load($0 + "/" + AdapterStart.checkpointFolder, base: base) }, base: base)
    }
}
