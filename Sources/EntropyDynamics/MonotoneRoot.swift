// Where an increasing function crosses zero, for the inverses of this module that have no closed form.

/// The root of an increasing function inside a bracket: Newton's method, replaced by bisection where it would leave the
/// bracket or does not halve its last step, so that flat tails cost bisections, not failure.
///
/// - Parameters: `tolerance` is the |value| that rounding makes indistinguishable from 0; `evaluate` gives the value and
///   the slope at a point, and where one is not finite the step is a bisection.
/// - Returns: the end of the bracket nearer to the root if the function does not cross zero inside it.
func monotoneRoot(
    from low: Double, to high: Double, startingAt start: Double, tolerance: Double = 0,
    _ evaluate: (Double) throws -> (value: Double, slope: Double)
) rethrows -> Double {
    var (low, high) = (low, high)
    var point = min(high, max(low, start))
    var lastStep = high - low
    for _ in 0..<400 {
        let (value, slope) = try evaluate(point)
        if abs(value) <= tolerance { return point }
        if value < 0 { low = point } else { high = point }
        var next = point - value / slope
        let isNewtonUsable = next > low && next < high && abs(next - point) <= 0.5 * abs(lastStep)
        if !isNewtonUsable { next = low + 0.5 * (high - low) }
        lastStep = next - point
        if next == point || next <= low || next >= high || abs(lastStep) <= 0.5 * point.ulp { return next }
        point = next
    }
    return point
}

/// The root of an increasing function in `range`, looked for from `start` outwards by doubling strides; nil if the
/// function has one sign on all of it.
func increasingRoot(
    near start: Double, in range: ClosedRange<Double>, tolerance: Double,
    of function: (Double) throws -> (value: Double, slope: Double)
) rethrows -> Double? {
    let first = try function(start).value
    if abs(first) <= tolerance { return start }
    let direction: Double = first < 0 ? 1 : -1
    var (inner, outer, stride) = (start, start, 1.0)
    while true {
        inner = outer
        outer = min(range.upperBound, max(range.lowerBound, outer + direction * stride))
        guard outer != inner else { return nil }
        let value = try function(outer).value
        if abs(value) <= tolerance { return outer }
        if value * direction > 0 { break }
        stride *= 2
    }
    return try monotoneRoot(
        from: min(inner, outer), to: max(inner, outer), startingAt: 0.5 * (inner + outer), tolerance: tolerance,
        function)
}
