// What every chart is: a value that can be drawn.

/// A value that draws itself as one self-contained `<svg>` element, the same text every time.
///
/// Text and rules are drawn in `currentColor`, so that a chart follows the colours of the page it stands in.
public protocol Chart: Sendable {
    var title: String { get }
    var size: ChartSize { get }
    func svg() -> String
}

/// The size of a drawing, in CSS pixels.
public struct ChartSize: Sendable, Equatable {
    public var width: Double
    public var height: Double

    /// Below 200 by 120 a frame would have no inside; smaller sizes are raised to that.
    public init(width: Double = 560, height: Double = 340) {
        self.width = width.isFinite ? max(200, width) : 560
        self.height = height.isFinite ? max(120, height) : 340
    }
}

/// A line across a chart that marks a value of one axis.
public struct Annotation: Sendable, Equatable {
    public enum Place: Sendable, Equatable {
        case x(Double)
        case y(Double)
    }

    public var place: Place
    public var label: String

    public init(_ place: Place, label: String) {
        self.place = place
        self.label = label
    }
}
