// The verifier that asks a server: what it sends, what it takes for an answer, what it tries again, what it refuses.

#if canImport(Glibc)
    import ConfigCoding
    import Foundation
    import Testing
    import Trajectories

    @testable import Verifiers

    @Suite struct HTTPVerifierTests {
        private let problem = Problem(id: "p/1", prompt: "1+1?", fields: ["answer": .number(2)])
        private let failed = Verdict(reward: 0, isCorrect: false, reason: "verifier_failed")

        private func verifier(_ url: String, _ keys: String = "retries: 0") throws -> any Verifier {
            let section = try ConfigSection.parse("verifier: http\nurl: '\(url)'\n\(keys)", name: "t.yaml")
            let verifier = try VerifierCatalogue.verifier(from: section)
            try section.finish()
            return verifier
        }

        private func verdict(_ server: LocalServer, _ keys: String = "retries: 0") throws -> Verdict {
            try verifier("http://127.0.0.1:\(server.port)/judge?a=1", keys).verdict(on: "it is \"2\"\n", for: problem)
        }

        private static func ok(_ body: String) -> String {
            "HTTP/1.1 200 OK\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)"
        }

        @Test(
            "answers become verdicts, however they are framed",
            arguments: [
                ok(#"{"reward": 1}"#),
                "HTTP/1.0 201 Fine\nserver: x\n\n{\"reward\": 1}",
                "HTTP/1.1 100 Continue\r\n\r\n" + ok(#"{"reward": 1}"#),
                "HTTP/1.1 200\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{\"rew\r\n8;x=y\r\nard\": 1}\r\n0\r\nT: t\r\n\r\n",
            ])
        func success(_ answer: String) throws {
            let server = try LocalServer([.say(answer)])
            defer { server.stop() }
            #expect(try verdict(server) == Verdict(reward: 1, isCorrect: true, reason: "correct"))
        }

        @Test func `reward, correctness and reason are the server's`() throws {
            let server = try LocalServer([.say(Self.ok(#"{"reward": -0.5, "correct": true, "reason": "odd"}"#))])
            defer { server.stop() }
            #expect(try verdict(server) == Verdict(reward: -0.5, isCorrect: true, reason: "odd"))
        }

        @Test func `the request has the question, the headers, and secrets by name`() throws {
            let server = try LocalServer([.say(Self.ok(#"{"reward": 1}"#))])
            defer { server.stop() }
            setenv("HTTP_VERIFIER_TEST_TOKEN", "Bearer abc", 1)
            let keys = """
                retries: 0
                headers: {X-Team: red, user-agent: mine}
                headers_from_environment: {Authorization: HTTP_VERIFIER_TEST_TOKEN}
                """
            #expect(try verdict(server, keys).reward == 1)
            let body = #"{"completion":"it is \"2\"\n","fields":{"answer":2},"id":"p\/1","prompt":"1+1?"}"#
            #expect(
                server.requests == [
                    "POST /judge?a=1 HTTP/1.1\r\nHost: 127.0.0.1:\(server.port)\r\nContent-Type: application/json\r\n"
                        + "Content-Length: \(body.utf8.count)\r\nAccept: application/json\r\nAccept-Encoding: identity\r\n"
                        + "Connection: close\r\nX-Team: red\r\nuser-agent: mine\r\nAuthorization: Bearer abc\r\n\r\n"
                        + body
                ])
        }

        @Test(
            "what is no answer costs the completion",
            arguments: [
                .say("HTTP/1.1 500 Oh\r\nContent-Length: 13\r\n\r\n{\"reward\": 1}"),
                .say("HTTP/1.1 404 No\r\n\r\n{\"reward\": 1}"),
                .say(ok("{\"reward\": ")), .say(ok("{\"reward\": \"1\"}")), .say(ok("{\"reward\": 1e999}")),
                .say(ok("1")), .say(ok("{\"reward\": 1} x")), .say(ok("")), .say(ok("{\"correct\": true}")),
                .say("{\"reward\": 1}"), .say("HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{\"reward\": 1}"),
                .say("HTTP/1.1 204 None\r\n\r\n{\"reward\": 1}"),
                .close, .hang, .sayForever("HTTP/1.1 200 OK\r\n"), .sayForever("x"),
                .sayForever("HTTP/1.1 200 OK\r\n\r\n" + String(repeating: " ", count: 1 << 16)),
            ] as [LocalServer.Step])
        func failures(_ step: LocalServer.Step) throws {
            let server = try LocalServer([step])
            defer { server.stop() }
            #expect(try verdict(server, "retries: 0\nseconds: 0.5") == failed)
            #expect(server.requests.count == 1)
        }

        @Test func `a server that fails at first is asked again, as often as configured`() throws {
            for (retries, reward) in [(2, 1.0), (1, 0)] {
                let server = try LocalServer([
                    .close, .say("HTTP/1.1 503 Busy\r\n\r\n"), .say(Self.ok(#"{"reward": 1}"#)),
                ])
                defer { server.stop() }
                #expect(try verdict(server, "retries: \(retries)").reward == reward)
                #expect(server.requests.count == retries + 1)
            }
        }

        @Test func `a redirect is not followed`() throws {
            let other = try LocalServer([.say(Self.ok(#"{"reward": 1}"#))])
            defer { other.stop() }
            for status in [301, 302, 307, 308] {
                let server = try LocalServer([
                    .say(
                        "HTTP/1.1 \(status) X\r\nLocation: http://127.0.0.1:\(other.port)/\r\nContent-Length: 0\r\n\r\n"
                    )
                ])
                defer { server.stop() }
                #expect(try verdict(server) == failed)
            }
            #expect(other.requests.isEmpty)
        }

        @Test func `each fault is told from the others`() throws {
            func fault(_ step: LocalServer.Step) throws -> HTTPFault? {
                let server = try LocalServer([step])
                defer { server.stop() }
                let address = try #require(HTTPAddress("http://127.0.0.1:\(server.port)"))
                let request = HTTPRequest(address: address, headers: [], body: [])
                do throws(HTTPFault) { _ = try request.send(seconds: 0.5, maximumBody: 100) } catch { return error }
                return nil
            }
            #expect(try fault(.hang) == .timedOut)
            #expect(try fault(.close) == .malformed)
            #expect(try fault(.say(Self.ok("x"))) == nil)
            #expect(try fault(.say(Self.ok(String(repeating: "x", count: 101)))) == .tooLarge)
            #expect(try fault(.sayForever("HTTP/1.1 200 OK\r\n\r\nx")) == .tooLarge)
        }

        @Test func `a refused connection and an unknown host cost the completion`() throws {
            let server = try LocalServer([.hang])
            server.stop()
            // Its thread closes the listener; until then a connection may still wait in the queue.
            #expect(try verdict(server, "retries: 0\nseconds: 0.5") == failed)
            #expect(try verifier("http://no-such-host.invalid/").verdict(on: "", for: problem) == failed)
        }

        @Test(
            "what cannot be asked is refused by its key",
            arguments: [
                ("url: 'https://a/b'", "url must begin with http://"),
                ("url: 'ftp://a/b'", "url must be like http://127.0.0.1:8000/judge, got ftp://a/b"),
                ("url: 'http://u:p@a/'", "url must be like"), ("url: 'http://a:0/'", "url must be like"),
                ("url: \"http://a/x\\r\\ny\"", "url must be like"), ("url: 'http:///x'", "url must be like"),
                ("", "url is required"), ("url: 'http://a/'\nretries: -1", "retries must"),
                ("url: 'http://a/'\nheaders: {Host: b}", "headers.Host must be left"),
                ("url: 'http://a/'\nheaders: {\"a b\": c}", "headers.a b must be the name"),
                ("url: 'http://a/'\nheaders: {A: \"b\\nc\"}", "headers.A must be one line"),
                (
                    "url: 'http://a/'\nheaders_from_environment: {A: NOT_SET_ANYWHERE}",
                    "headers_from_environment.A must name a variable of the environment"
                ),
            ])
        func refusals(_ keys: String, _ sentence: String) throws {
            let error = try #require(throws: ConfigError.self) {
                try VerifierCatalogue.verifier(from: try .parse("verifier: http\n\(keys)", name: "t.yaml"))
            }
            #expect(error.description.contains(sentence), "\(error)")
        }
    }
#endif
