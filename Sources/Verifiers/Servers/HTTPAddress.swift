// Where an HTTP request goes: host, port and target of an `http://` address.

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// The parts of `http://host:port/path?query` that a request needs.
struct HTTPAddress: Sendable, Equatable {
    /// A name or a numeric address, IPv6 without its brackets.
    let host: String
    /// As decimal digits; 80 unless written.
    let port: String
    /// Path and query, as the request's first line has them.
    let target: String
    /// Host and port as the header `Host` has them.
    let authority: String

    /// Nil unless the text is such an address; a user name, a password and a fragment are refused, too.
    init?(_ text: String) {
        // The parts go into lines of the request: what is not plain there is not sent.
        guard text.utf8.allSatisfy({ 0x21...0x7E ~= $0 }),
            let parts = URLComponents(string: text, encodingInvalidCharacters: false),
            parts.scheme?.lowercased() == "http", parts.user == nil, parts.password == nil, parts.fragment == nil,
            let name = parts.encodedHost, !name.isEmpty, !name.contains("%"), 1...65_535 ~= parts.port ?? 80
        else { return nil }
        host = name.hasPrefix("[") ? String(name.dropFirst().dropLast()) : name
        port = String(parts.port ?? 80)
        authority = parts.port.map { "\(name):\($0)" } ?? name
        let path = parts.percentEncodedPath.isEmpty ? "/" : parts.percentEncodedPath
        target = path + (parts.percentEncodedQuery.map { "?\($0)" } ?? "")
    }
}
