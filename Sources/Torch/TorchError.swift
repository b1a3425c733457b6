// What went wrong in libtorch, as a value; and the scope in which operators may fail.

internal import CTorch

/// A failure of a tensor operation, of a weights file, or of the device.
public struct TorchError: Error, Sendable, CustomStringConvertible {
    public enum Code: Sendable {
        /// libtorch refused the arguments (shape, dtype, index).
        case invalid
        case outOfMemory
        /// Not available on this device or in this build.
        case unsupported
        case internalFailure
        /// A safetensors file that is missing, truncated or malformed.
        case file
    }

    public var code: Code
    public var message: String
    public var cause: (any Error)?
    public var place: String

    public init(_ code: Code, _ message: String, place: String, cause: (any Error)? = nil) {
        self.code = code
        self.message = message
        self.place = place
        self.cause = cause
    }

    public var description: String { message }
}

/// Holds the first failure inside a `withTorchErrors` scope; later operators see it and do nothing.
final class FailureBox {
    var first: TorchError?
}

/// The scope of the current thread. Every tensor lives on one thread, so a thread-local is exact.
enum FailureScope {
    @TaskLocal static var current: Unchecked<FailureBox>?

    /// Whether an operator has failed: what follows must not write.
    static var hasFailed: Bool { current?.value.first != nil }

    /// The box is created and read by one synchronous call tree on one thread; nothing else can reach it.
    struct Unchecked<Value>: @unchecked Sendable {
        let value: Value
    }
}

/// Runs tensor code whose operators do not throw; the first failure inside ends in one thrown `TorchError`.
///
/// Operators outside any such scope stop the process with libtorch's sentence: a programming error, never bad input, since
/// every command runs inside one.
public func withTorchErrors<Result>(_ body: () throws -> Result) throws -> Result {
    let box = FailureBox()
    return try FailureScope.$current.withValue(FailureScope.Unchecked(value: box)) {
        let result: Result
        do {
            result = try body()
        } catch {
            // what was thrown after a failed operator is its echo
            throw box.first ?? error
        }
        if let failure = box.first { throw failure }
        return result
    }
}

/// Turns a status into a recorded failure; returns whether the call succeeded.
@discardableResult
func check(_ status: ct_status, _ operation: StaticString) -> Bool {
    if status == CT_OK { return true }
    record(failure(status, operation))
    return false
}

/// Runs a call that writes in place, unless an operator before it has failed.
func change(_ operation: StaticString, _ body: () -> ct_status) {
    if !FailureScope.hasFailed { check(body(), operation) }
}

/// Turns a status into a thrown error, for calls that are fallible by nature.
func throwing(_ status: ct_status, _ operation: StaticString) throws {
    if status != CT_OK { throw failure(status, operation) }
}

private func failure(_ status: ct_status, _ operation: StaticString) -> TorchError {
    let code: TorchError.Code =
        switch status {
        case CT_INVALID: .invalid
        case CT_MEMORY: .outOfMemory
        case CT_UNSUPPORTED: .unsupported
        default: .internalFailure
        }
    return TorchError(code, "\(operation): \(String(cString: ct_last_message()))", place: "\(operation)")
}

func record(_ error: TorchError) {
    guard let box = FailureScope.current?.value else {
        preconditionFailure("tensor operation outside withTorchErrors failed: \(error.message)")
    }
    if box.first == nil { box.first = error }
}
