// The answer of an HTTP server, read piece by piece as it comes in (RFC 9112).

/// Why a request has no answer.
enum HTTPFault: Error, Equatable {
    /// No connection, or it broke.
    case unreachable
    case timedOut
    /// What came is no HTTP answer, or ended early.
    case malformed
    /// Head or body is longer than it may be.
    case tooLarge
}

/// A state machine over bytes: lines of the head, then a body of known length, in chunks, or up to the end.
struct HTTPResponse {
    private enum State: Equatable {
        case statusLine
        case headers
        case body(remaining: Int)
        case bodyToTheEnd
        case chunkSize
        case chunk(remaining: Int)
        case chunkEnd
        case trailers
        case complete
    }

    /// 100...599, once the head is there.
    private(set) var status = 0
    private(set) var body: [UInt8] = []
    private var state = State.statusLine
    private var line: [UInt8] = []
    private var lineBytes = 0
    private var length: Int?
    private var isChunked = false
    private let maximumBody: Int
    /// Of all lines together: head, chunk sizes and trailers.
    private static let maximumLineBytes = 1 << 16

    init(maximumBody: Int) { self.maximumBody = maximumBody }

    var isComplete: Bool { state == .complete }

    /// Takes the next bytes; what follows a complete answer is ignored.
    mutating func receive(_ bytes: ArraySlice<UInt8>) throws(HTTPFault) {
        var rest = bytes
        while !rest.isEmpty, state != .complete {
            switch state {
            case .body(let remaining): state = try take(&rest, remaining, next: .complete) { .body(remaining: $0) }
            case .chunk(let remaining): state = try take(&rest, remaining, next: .chunkEnd) { .chunk(remaining: $0) }
            case .bodyToTheEnd: _ = try take(&rest, .max, next: .bodyToTheEnd) { _ in .bodyToTheEnd }
            default:
                let byte = rest.removeFirst()
                lineBytes += 1
                guard lineBytes <= Self.maximumLineBytes else { throw .tooLarge }
                if byte != UInt8(ascii: "\n") {
                    line.append(byte)
                    continue
                }
                if line.last == UInt8(ascii: "\r") { line.removeLast() }
                let text = String(decoding: line, as: UTF8.self)
                line.removeAll(keepingCapacity: true)
                state = try after(text)
            }
        }
    }

    /// Takes the end of the connection.
    mutating func end() throws(HTTPFault) {
        if state == .bodyToTheEnd { state = .complete }
        guard state == .complete else { throw .malformed }
    }

    private mutating func take(
        _ rest: inout ArraySlice<UInt8>, _ remaining: Int, next: State, otherwise: (Int) -> State
    ) throws(HTTPFault) -> State {
        let part = rest.prefix(remaining)
        guard part.count <= maximumBody - body.count else { throw .tooLarge }
        body += part
        rest = rest.dropFirst(part.count)
        return part.count == remaining ? next : otherwise(remaining - part.count)
    }

    /// The state after a line.
    private mutating func after(_ text: String) throws(HTTPFault) -> State {
        switch state {
        case .statusLine:
            let words = text.split(separator: " ", maxSplits: 2, omittingEmptySubsequences: false)
            guard words.count >= 2, words[0] == "HTTP/1.1" || words[0] == "HTTP/1.0", words[1].utf8.count == 3,
                let code = Self.number(words[1]), 100...599 ~= code
            else { throw .malformed }
            status = code
            return .headers
        case .headers:
            if text.isEmpty { return try afterHead() }
            try header(text)
            return .headers
        case .chunkSize:
            let size = text.prefix { $0 != ";" }.trimmed
            guard 1...15 ~= size.utf8.count, size.allSatisfy(\.isHexDigit), let count = Int(size, radix: 16) else {
                throw .malformed
            }
            guard count <= maximumBody else { throw .tooLarge }
            return count == 0 ? .trailers : .chunk(remaining: count)
        case .chunkEnd:
            guard text.isEmpty else { throw .malformed }
            return .chunkSize
        case .trailers: return text.isEmpty ? .complete : .trailers
        case .body, .bodyToTheEnd, .chunk, .complete: return state
        }
    }

    private mutating func header(_ text: String) throws(HTTPFault) {
        guard let colon = text.firstIndex(of: ":"), colon > text.startIndex else { throw .malformed }
        let value = text[text.index(after: colon)...].trimmed
        switch text[..<colon].lowercased() {
        case "content-length":
            guard let count = Self.number(value), length == nil || length == count else { throw .malformed }
            length = count
        case "transfer-encoding":
            guard value.lowercased() == "chunked", !isChunked else { throw .malformed }
            isChunked = true
        default: break
        }
    }

    private mutating func afterHead() throws(HTTPFault) -> State {
        if status < 200 {
            // Another answer follows an interim one; 101 is a protocol that was not asked for.
            guard status != 101 else { throw .malformed }
            (length, isChunked) = (nil, false)
            return .statusLine
        }
        if status == 204 || status == 304 { return .complete }
        // Both together are how requests are smuggled; neither is believed.
        guard !isChunked || length == nil else { throw .malformed }
        if isChunked { return .chunkSize }
        guard let length else { return .bodyToTheEnd }
        guard length <= maximumBody else { throw .tooLarge }
        return length == 0 ? .complete : .body(remaining: length)
    }

    /// Decimal digits alone, so that signs and spaces are no number.
    private static func number(_ text: Substring) -> Int? {
        1...15 ~= text.utf8.count && text.utf8.allSatisfy { 0x30...0x39 ~= $0 } ? Int(text) : nil
    }
}

extension Substring {
    /// Without the spaces and tabs around it.
    fileprivate var trimmed: Substring {
        let front = drop { $0 == " " || $0 == "\t" }
        guard let last = front.lastIndex(where: { $0 != " " && $0 != "\t" }) else { return "" }
        return front[...last]
    }
}
