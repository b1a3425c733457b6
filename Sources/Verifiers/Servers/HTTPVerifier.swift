// The verifier that asks a server: one POST a completion, with a deadline, retries and a bounded answer.

public import ConfigCoding
public import Trajectories

#if canImport(Glibc)
    import Glibc
#endif

/// Asks a server that the user trusts, by `http://`.
///
/// It posts `{"id", "prompt", "completion", "fields"}` and expects status 200 to 299 with `{"reward": 0.5}` and optional
/// `"correct"` (reward is 1 or more) and `"reason"`, as `ExternalCommand` does. No answer in time, a refused connection,
/// another status (redirects are not followed, no cookie is kept) and any other text are tried again, after a quarter
/// of a second and twice as long each time; after the last try the verdict is 0 with the reason `verifier_failed`.
public struct HTTPVerifier: Verifier {
    private let address: HTTPAddress
    private let headers: [(name: String, value: String)]
    private let seconds: Double
    private let retries: Int

    /// Reads `url`; `seconds` (30) for each try; `retries` (2) after the first; `headers`, names and values;
    /// `headers_from_environment`, names of headers and of the variables that hold their values, so that no secret
    /// stands in a configuration.
    /// - Throws: `ConfigError`; `VerifierError` `.unreadable` off Linux.
    public init(from section: ConfigSection) throws {
        #if !canImport(Glibc)
            throw VerifierError(
                .unreadable, "servers are asked on Linux only; judge the completions there", place: "http")
        #endif
        let url = try section.required("url", as: String.self)
        guard !url.lowercased().hasPrefix("https:") else {
            throw section.fault(
                .outOfRange, "url",
                "must begin with http://, since encrypted connections are not supported; use the verifier command with "
                    + "a program that speaks https, such as [curl, --fail, --silent, --data-binary, \"@-\", \(url)]")
        }
        guard let address = HTTPAddress(url) else {
            throw section.fault(.outOfRange, "url", "must be like http://127.0.0.1:8000/judge, got \(url)")
        }
        self.address = address
        seconds = try section.value("seconds", default: 30, in: 0.01...86_400)
        retries = try section.value("retries", default: 2, in: 0...100)
        let own = try Self.headers(in: section.section("headers"))
        let named = try Self.headers(in: section.section("headers_from_environment"))
        headers =
            own
            + (try named.map { name, variable in
                // The value is a secret: no message shows it.
                guard let value = Self.environment(variable), Self.isPlain(value) else {
                    throw try section.section("headers_from_environment").fault(
                        .outOfRange, name,
                        "must name a variable of the environment with one line of ASCII, and "
                            + "\(variable) is not set or is none; set it")
                }
                return (name, value)
            })
    }

    /// Names and values of a section; what would break the request's lines or its framing is refused.
    private static func headers(in section: ConfigSection) throws -> [(name: String, value: String)] {
        try section.keys.map { name in
            let letters = Set("!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyz")
            guard !name.isEmpty, name.lowercased().allSatisfy(letters.contains) else {
                throw section.fault(.outOfRange, name, "must be the name of a header, letters, digits and hyphens")
            }
            let framing = ["host", "content-length", "transfer-encoding", "connection", "expect"]
            guard !framing.contains(name.lowercased()) else {
                throw section.fault(.outOfRange, name, "must be left to the request itself; leave it out")
            }
            let value = try section.required(name, as: String.self)
            guard isPlain(value) else { throw section.fault(.outOfRange, name, "must be one line of ASCII") }
            return (name, value)
        }
    }

    private static func isPlain(_ value: String) -> Bool {
        !value.isEmpty && value.utf8.allSatisfy { 0x20...0x7E ~= $0 }
    }

    private static func environment(_ name: String) -> String? {
        #if canImport(Glibc)
            return getenv(name).map { String(cString: $0) }
        #else
            return nil
        #endif
    }

    public func check(_ problem: Problem) throws {}

    public func verdict(on completion: String, for problem: Problem) -> Verdict {
        #if canImport(Glibc)
            guard let body = VerdictQuestion(completion, for: problem).json() else { return .failed("verifier_failed") }
            let request = HTTPRequest(address: address, headers: headers, body: body)
            for attempt in 0...retries {
                if attempt > 0 { usleep(Self.pause << UInt32(min(attempt - 1, 4))) }
                if let response = try? request.send(seconds: seconds, maximumBody: VerdictAnswer.maximumBytes),
                    200...299 ~= response.status, let verdict = VerdictAnswer.verdict(in: response.body)
                {
                    return verdict
                }
            }
        #endif
        return .failed("verifier_failed")
    }

    /// Before the first retry, microseconds; at most sixteen times as much before a later one.
    private static let pause: UInt32 = 250_000
}
