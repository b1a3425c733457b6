// The settings that Clip_B and Clip_V share, as they are written in a configuration.

import ConfigCoding

/// Named starting points of an interval rule; explicit keys override them.
public enum IntervalPreset: String, Sendable, CaseIterable {
    /// The vetted setting.
    case vetted = "default"
    /// The two-sided mask the paper states, blind to the sign of the advantage.
    case paperInterval = "paper-interval"
    /// What the published code does.
    case trinity
}

extension IntervalRule.Settings {
    /// Reads `mu_neg`, `mu_pos`, `advantages`, `centre`, `zero_advantage` and `max_frac` over these defaults.
    func reading(_ section: ConfigSection) throws -> IntervalRule.Settings {
        var settings = self
        settings.muNeg = try section.value("mu_neg", default: muNeg, in: 0...Double.infinity)
        settings.muPos = try section.value("mu_pos", default: muPos, in: 0...Double.infinity)
        settings.advantages = try section.choice("advantages", default: advantages)
        settings.centre = try section.value("centre", default: centre)
        settings.zeroAdvantage = try section.choice("zero_advantage", default: zeroAdvantage)
        settings.maxFrac = try section.value("max_frac", default: maxFrac, in: 0...1)
        return settings
    }
}
