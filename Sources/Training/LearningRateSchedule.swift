// The learning rate of each update: linear warm-up, then constant, linear or cosine decay.

/// A pure function from the update's index to its learning rate.
public struct LearningRateSchedule: Sendable, Equatable {
    public enum Shape: String, Sendable, CaseIterable { case constant, linear, cosine }

    public var peak: Double
    public var shape: Shape
    public var warmup: Int
    public var total: Int

    public init(peak: Double, shape: Shape, warmup: Int, total: Int) {
        self.peak = peak
        self.shape = shape
        self.warmup = warmup
        self.total = total
    }

    /// - Parameter update: 0 for the first. Warm-up rises over `warmup` updates and reaches the peak at the last of them;
    ///   decay ends at 0 one update after the last, so that every update moves.
    public func rate(at update: Int) -> Double {
        if update < warmup { return peak * Double(update + 1) / Double(warmup) }
        let progress = Double(update - warmup) / Double(max(1, total - warmup))
        switch shape {
        case .constant: return peak
        case .linear: return peak * max(0, 1 - progress)
        case .cosine: return peak * 0.5 * (1 + cosine(.pi * min(1, progress)))
        }
    }
}

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif
private func cosine(_ x: Double) -> Double { cos(x) }
