// The exponent of a power law, read off a log-log plot.

import Analysis

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// Least-squares slope of log |y| over log x; points that have no logarithm are left out.
///
/// - Throws: `AnalysisError` if fewer than two points remain.
func logLogSlope(_ x: [Double], _ y: [Double]) throws -> Double {
    let points = zip(x, y).map { (log($0), log($1.magnitude)) }.filter { $0.0.isFinite && $0.1.isFinite }
    return try PredictionQuality(predicted: points.map(\.0), measured: points.map(\.1)).slope
}
