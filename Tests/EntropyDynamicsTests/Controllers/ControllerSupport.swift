// What the controllers' tests share: states through JSON, sentences of refusals, random numbers in a range.

import EntropyDynamics
import Foundation
import Testing
import Trajectories

/// The value as a checkpoint gives it back.
func throughJSON<Value: Codable>(_ value: Value) throws -> Value {
    try JSONDecoder().decode(Value.self, from: JSONEncoder().encode(value))
}

/// The sentence with which the module refuses, nil if it does not.
func refusal(_ body: () throws -> Void) -> String? {
    do { try body() } catch let error as EntropyDynamicsError { return "\(error)" } catch { return "another: \(error)" }
    return nil
}

/// The code with which the module refuses, nil if it does not.
func refusalCode(_ body: () throws -> Void) -> EntropyDynamicsError.Code? {
    do { try body() } catch { return (error as? EntropyDynamicsError)?.code }
    return nil
}

extension RandomSource {
    /// Uniform in the range.
    mutating func uniform(in range: ClosedRange<Double>) -> Double {
        range.lowerBound + uniform() * (range.upperBound - range.lowerBound)
    }

    /// `count` standard normal numbers.
    mutating func normals(_ count: Int) -> [Double] { (0..<count).map { _ in normalPair().0 } }
}

func dot(_ a: [Double], _ b: [Double]) -> Double { zip(a, b).reduce(0) { $0 + $1.0 * $1.1 } }
