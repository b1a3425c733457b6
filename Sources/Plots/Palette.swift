// Colours that stay apart for colour-blind readers, on light and on dark pages.

/// An sRGB colour.
public struct Color: Sendable, Equatable {
    public var red: UInt8
    public var green: UInt8
    public var blue: UInt8

    public init(red: UInt8, green: UInt8, blue: UInt8) {
        self.red = red
        self.green = green
        self.blue = blue
    }

    /// From `0xRRGGBB`; higher bits are ignored.
    public init(_ hex: UInt32) {
        self.init(
            red: UInt8(truncatingIfNeeded: hex >> 16), green: UInt8(truncatingIfNeeded: hex >> 8),
            blue: UInt8(truncatingIfNeeded: hex))
    }

    /// As CSS and SVG write it: `#rrggbb`.
    public var css: String {
        "#"
            + [red, green, blue].map { component in
                let digits = String(component, radix: 16)
                return digits.count == 1 ? "0" + digits : digits
            }.joined()
    }

    func css(opacity: Double) -> String {
        "rgba(\(red),\(green),\(blue),\(fixed(opacity, 3)))"
    }
}

/// The colours of Maxwell's charts: the hues of Okabe and Ito's set, in lightnesses that carry on white and on black.
public enum Palette {
    /// In the order in which series receive them; after the last it starts again.
    public static let series: [Color] = [
        blue, vermilion, green, purple, orange, sky,
    ]

    public static let blue = Color(0x1F78C8)
    public static let vermilion = Color(0xDB5A10)
    public static let green = Color(0x0C9C77)
    public static let purple = Color(0xB565A7)
    public static let orange = Color(0xDFA008)
    public static let sky = Color(0x53B4E6)
    /// For what the others are compared with.
    public static let neutral = Color(0x858B94)

    /// The colour of the series at `index`.
    public static func color(_ index: Int) -> Color {
        series[((index % series.count) + series.count) % series.count]
    }

    /// The background for a signed `value`: blue below zero, vermilion above, the stronger the nearer `limit`; clear at
    /// zero and for values that are not finite.
    public static func diverging(_ value: Double, limit: Double) -> String {
        guard value.isFinite, limit > 0, value != 0 else { return "transparent" }
        let strength = min(1, value.magnitude / limit)
        return (value < 0 ? blue : vermilion).css(opacity: 0.72 * strength)
    }
}
