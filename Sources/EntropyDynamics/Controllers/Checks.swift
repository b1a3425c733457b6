// What every controller refuses: settings its law is not defined for, and measurements that are not numbers.

extension EntropyDynamicsError {
    static func badSetting(_ message: String, place: String) -> EntropyDynamicsError {
        EntropyDynamicsError(.badSetting, message, place: place)
    }
}

/// Throws `badSetting` unless the value is finite and inside the range.
func requireSetting(_ value: Double, in range: ClosedRange<Double>, _ controller: String, place: String) throws {
    guard value.isFinite, range.contains(value) else {
        let wanted: String
        switch (range.lowerBound.isFinite, range.upperBound.isFinite) {
        case (true, true): wanted = "a number from \(range.lowerBound) to \(range.upperBound)"
        case (true, false): wanted = "a finite number of at least \(range.lowerBound)"
        case (false, true): wanted = "a finite number of at most \(range.upperBound)"
        case (false, false): wanted = "a finite number"
        }
        throw EntropyDynamicsError.badSetting("\(controller) needs \(wanted) here, got \(value)", place: place)
    }
}

/// Throws `badSetting` unless the value is finite and above zero.
func requirePositive(_ value: Double, _ controller: String, place: String) throws {
    guard value.isFinite, value > 0 else {
        throw EntropyDynamicsError.badSetting(
            "\(controller) needs a finite number above zero here, got \(value)", place: place)
    }
}

/// Throws `badSetting` unless both ends are finite.
func requireFinite(_ range: ClosedRange<Double>, _ controller: String, place: String) throws {
    guard range.lowerBound.isFinite, range.upperBound.isFinite else {
        throw EntropyDynamicsError.badSetting(
            "\(controller) needs a range with two finite ends here, got \(range)", place: place)
    }
}

/// Throws `notANumber` unless the measurement is finite; the controller has then not moved.
func requireMeasurement(_ value: Double, _ controller: String, place: String) throws {
    guard value.isFinite else {
        throw EntropyDynamicsError(
            .notANumber, "\(controller) cannot act on a measurement of \(value); look for diverged weights",
            place: place)
    }
}

extension Comparable {
    /// The nearest value inside the range.
    func clamped(to range: ClosedRange<Self>) -> Self { min(max(self, range.lowerBound), range.upperBound) }
}
