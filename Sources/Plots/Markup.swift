// Text and numbers as they may stand in XML and HTML.

/// Escaping for the two places where text can stand in SVG and HTML.
public enum Markup {
    /// `text` as element content. Control characters, which XML forbids even as references, become their pictures
    /// (U+2400 and on), other forbidden scalars the replacement character.
    public static func text(_ text: String) -> String {
        escape(text, inAttribute: false)
    }

    /// `text` as the content of an attribute in double or single quotes; line ends and tabs survive as references.
    public static func attribute(_ text: String) -> String {
        escape(text, inAttribute: true)
    }

    private static func escape(_ text: String, inAttribute: Bool) -> String {
        var result = ""
        result.reserveCapacity(text.utf8.count)
        for scalar in text.unicodeScalars {
            switch scalar.value {
            case 0x26: result += "&amp;"
            case 0x3C: result += "&lt;"
            case 0x3E: result += "&gt;"
            case 0x22: result += "&quot;"
            case 0x27: result += "&#39;"
            case 0x0D: result += "&#13;"
            case 0x09, 0x0A:
                if inAttribute {
                    result += "&#\(scalar.value);"
                } else {
                    result.unicodeScalars.append(scalar)
                }
            case 0x00...0x1F, 0x7F, 0x80...0x9F, 0xFFFE, 0xFFFF:
                result.unicodeScalars.append(picture(of: scalar))
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }

    /// A visible stand-in for a scalar that must not or cannot be shown.
    static func picture(of scalar: Unicode.Scalar) -> Unicode.Scalar {
        switch scalar.value {
        case 0x00...0x1F: Unicode.Scalar(0x2400 + scalar.value) ?? "\u{FFFD}"
        case 0x7F: "\u{2421}"
        default: "\u{FFFD}"
        }
    }
}

/// `value` with exactly `decimals` digits after the point, rounded half away from zero; never "-0", an en dash where it
/// is not finite. The same in every locale.
func fixed(_ value: Double, _ decimals: Int) -> String {
    guard value.isFinite else { return "–" }
    var power = 1.0
    for _ in 0..<decimals { power *= 10 }
    let scaled = (value.magnitude * power).rounded()
    guard scaled < 9e15 else { return "\(value)" }
    let digits = String(Int(scaled))
    let sign = value < 0 && scaled > 0 ? "-" : ""
    guard decimals > 0 else { return sign + digits }
    let padded = String(repeating: "0", count: max(0, decimals + 1 - digits.count)) + digits
    return sign + padded.dropLast(decimals) + "." + padded.suffix(decimals)
}

/// A coordinate in the drawing: a tenth of a pixel is enough, and keeps files small and equal between machines.
func coordinate(_ value: Double) -> String {
    let text = fixed(value, 1)
    return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
}

/// About how wide `text` will be, in pixels, at `size` in a proportional sans-serif face.
func estimatedWidth(_ text: String, size: Double = 12) -> Double {
    text.unicodeScalars.reduce(0) { sum, scalar in
        switch scalar.value {
        case 0x20, 0x21, 0x27, 0x2C, 0x2E, 0x3A, 0x3B, 0x69, 0x6A, 0x6C, 0x7C: sum + 0.3 * size
        case 0x41...0x5A, 0x40, 0x4D, 0x57, 0x6D, 0x77: sum + 0.72 * size
        case 0x1100...: sum + size
        default: sum + 0.57 * size
        }
    }
}
