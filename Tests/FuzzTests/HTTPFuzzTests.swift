// Spoiled answers of HTTP servers: read or refused, in any pieces alike.

import Testing
import Trajectories

@testable import Verifiers

@Suite struct HTTPFuzzTests {
    @Test func `a spoiled answer is refused, or is the same in two pieces`() {
        let corpus = [
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 13\r\n\r\n{\"reward\": 1}",
            "HTTP/1.0 201 Fine\nserver: x\n\n{\"reward\": 0.5, \"correct\": true, \"reason\": \"odd\"}",
            "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{\"rew\r\n8;x=y\r\n"
                + "ard\": 1}\r\n0\r\nT: t\r\n\r\n",
        ]
        let words = [
            "HTTP/1.1 ", "200", "Content-Length: ", "Transfer-Encoding: chunked\r\n", "\r\n", "\r\n\r\n", "0\r\n\r\n",
            "FFFFFFFFFFFFFFFF\r\n", "7FFFFFFFFFFFFFFF\r\n", ";", "HTTP/1.1 103 Early\r\n\r\n",
        ]
        Fuzzing.run("http-answer", Mutation(corpus, words: words), cases: 5_000, own: [HTTPFault.self]) { bytes in
            func read(_ pieces: [ArraySlice<UInt8>]) -> Result<[UInt8], HTTPFault> {
                var response = HTTPResponse(maximumBody: 10_000)
                do throws(HTTPFault) {
                    for piece in pieces { try response.receive(piece) }
                    try response.end()
                    return .success(response.body)
                } catch {
                    return .failure(error)
                }
            }
            let whole = read([bytes[...]])
            let cut = bytes.count / 2
            try Broken.unless(whole == read([bytes[..<cut], bytes[cut...]]), "pieces do not matter")
            let body = try whole.get()
            try Broken.unless(body.count <= 10_000, "\(body.count) bytes are within the limit")
            if let verdict = VerdictAnswer.verdict(in: body) {
                try Broken.unless(verdict.reward.isFinite, "the reward is a number")
            }
        }
    }
}
