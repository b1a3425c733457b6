// Answers of servers, read in pieces: the pieces cannot matter, and what is no answer has its fault.

import Testing

@testable import Verifiers

@Suite struct HTTPResponseTests {
    private static func read(_ pieces: [ArraySlice<UInt8>]) -> Result<[UInt8], HTTPFault> {
        var response = HTTPResponse(maximumBody: 64)
        do throws(HTTPFault) {
            for piece in pieces { try response.receive(piece) }
            try response.end()
            return .success(response.body)
        } catch {
            return .failure(error)
        }
    }

    private static let cases: [(text: String, result: Result<String, HTTPFault>)] = [
        ("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabcdef", .success("abc")),
        ("HTTP/1.1 200 OK\r\nCONTENT-LENGTH:3 \r\nContent-Length: 3\r\n\r\nabc", .success("abc")),
        ("HTTP/1.1 200 OK\r\n\r\nabc", .success("abc")),
        (
            "HTTP/1.1 200 OK\r\ntransfer-encoding: Chunked\r\n\r\n2\r\nab\r\nA \r\n0123456789\r\n00\r\n\r\n",
            .success("ab0123456789")
        ),
        ("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nab\r\n", .failure(.malformed)),
        ("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nabc\r\n0\r\n\r\n", .failure(.malformed)),
        ("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n-2\r\nab", .failure(.malformed)),
        ("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n7fffffffffffffff\r\nab", .failure(.malformed)),
        ("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n41\r\nab", .failure(.tooLarge)),
        ("HTTP/1.1 200 OK\r\ntransfer-encoding: gzip, chunked\r\n\r\n0\r\n\r\n", .failure(.malformed)),
        ("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\ncontent-length: 0\r\n\r\n", .failure(.malformed)),
        ("HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabc", .failure(.malformed)),
        ("HTTP/1.1 200 OK\r\nContent-Length: +3\r\n\r\nabc", .failure(.malformed)),
        ("HTTP/1.1 200 OK\r\nContent-Length: 9223372036854775808\r\n\r\nabc", .failure(.malformed)),
        ("HTTP/1.1 200 OK\r\nContent-Length: 65\r\n\r\nabc", .failure(.tooLarge)),
        ("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nabc", .failure(.malformed)),
        ("HTTP/1.1 200 OK\r\n\r\n" + String(repeating: "a", count: 65), .failure(.tooLarge)),
        ("HTTP/1.1 200 OK\r\n folded\r\n\r\n", .failure(.malformed)),
        ("HTTP/2 200 OK\r\n\r\n", .failure(.malformed)), ("HTTP/1.1 99 OK\r\n\r\n", .failure(.malformed)),
        ("HTTP/1.1 101 Switching\r\n\r\n", .failure(.malformed)), ("HTTP/1.1 20x OK\r\n\r\n", .failure(.malformed)),
        ("", .failure(.malformed)), ("HTTP/1.1 200 OK\r\nA: b\r\n", .failure(.malformed)),
        ("HTTP/1.1 200 " + String(repeating: "a", count: 1 << 16), .failure(.tooLarge)),
    ]

    @Test func `an answer is what it is, in one piece and in any two`() {
        for (text, result) in Self.cases {
            let bytes = Array(text.utf8)
            let expected = result.map { Array($0.utf8) }
            #expect(Self.read([bytes[...]]) == expected, "\(text.prefix(100).debugDescription)")
            for cut in stride(from: 0, through: bytes.count, by: bytes.count > 1_000 ? 997 : 1) {
                #expect(Self.read([bytes[..<cut], bytes[cut...]]) == expected, "cut at \(cut)")
            }
            #expect(Self.read(bytes.indices.map { bytes[$0...$0] }) == expected, "byte by byte")
        }
    }
}
