// How rotary frequencies are stretched for longer contexts, and how `config.json` says so.

import Foundation

/// A change of the rotary frequencies θ_i = base^(−2i/d).
public enum RotaryScaling: Sendable, Equatable {
    case none
    /// θ / factor (2306.15595, eq. 4).
    case linear(factor: Double)
    /// Llama 3.1 to 3.3: wavelengths 2π/θ beyond original/low are stretched by `factor`, those below original/high stay,
    /// and θ is interpolated in between (transformers, `modeling_rope_utils.py`).
    case llama3(factor: Double, low: Double, high: Double, original: Int)

    /// One frequency, in the float32 arithmetic of transformers.
    func applied(to frequency: Float) -> Float {
        switch self {
        case .none: return frequency
        case .linear(let factor): return frequency / Float(factor)
        case .llama3(let factor, let low, let high, let original):
            let wavelength = Float(2 * Double.pi) / frequency
            if wavelength > Float(Double(original) / low) { return frequency / Float(factor) }
            if wavelength < Float(Double(original) / high) { return frequency }
            let smooth = (Float(original) / wavelength - Float(low)) / Float(high - low)
            return (1 - smooth) * frequency / Float(factor) + smooth * frequency
        }
    }

    var json: [String: Any] {
        switch self {
        case .none: ["rope_type": "default"]
        case .linear(let factor): ["rope_type": "linear", "factor": factor]
        case .llama3(let factor, let low, let high, let original):
            [
                "rope_type": "llama3", "factor": factor, "low_freq_factor": low, "high_freq_factor": high,
                "original_max_position_embeddings": original,
            ]
        }
    }
}

extension ConfigFields {
    /// Base and scaling, where transformers 4 writes them (`rope_theta`, `rope_scaling`) or 5 (`rope_parameters`).
    func rotary(default base: Double) throws -> (base: Double, scaling: RotaryScaling) {
        try requireWholeRotation()
        var own = ConfigFields(try object("rope_parameters") ?? [:], path: path, prefix: "rope_parameters.")
        // families with two kinds of layers have one object for each
        if let full = try own.object("full_attention") {
            own = ConfigFields(full, path: path, prefix: own.prefix + "full_attention.")
        }
        try own.requireWholeRotation()
        let older = try object("rope_scaling").map { ConfigFields($0, path: path, prefix: "rope_scaling.") }
        let found =
            present("rope_theta") == nil ? try own.number("rope_theta", default: base) : try number("rope_theta")
        return (found, try (older ?? own).rotaryScaling())
    }

    private func rotaryScaling() throws -> RotaryScaling {
        let kind = present("rope_type") ?? present("type") ?? "default"
        switch kind as? String {
        case "default": return .none
        case "linear": return .linear(factor: try number("factor"))
        case "llama3":
            let (low, high) = (try number("low_freq_factor"), try number("high_freq_factor"))
            guard low < high else {
                throw refuse(
                    .malformed,
                    "'\(prefix)low_freq_factor' (\(low)) must be below '\(prefix)high_freq_factor' (\(high))")
            }
            return .llama3(
                factor: try number("factor"), low: low, high: high,
                original: try integer("original_max_position_embeddings", atMost: 1 << 31))
        default:
            throw refuse(
                .unsupported, "'\(prefix.dropLast())' is \(kind); the supported ones are default, linear and llama3")
        }
    }

    private func requireWholeRotation() throws {
        let share = try number("partial_rotary_factor", default: 1)
        guard share == 1 else {
            throw refuse(.unsupported, "'\(prefix)partial_rotary_factor' is \(share); only whole heads are rotated")
        }
    }
}
