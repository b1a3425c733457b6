// One HTTP POST over a socket of its own, under a deadline and a bound on the answer.

#if canImport(Glibc)
    import Glibc

    /// A request and everything it needs; nothing outlives `send`.
    ///
    /// Not `URLSession`: where time-outs and refused connections are to cost one completion, swift-corelibs-foundation's
    /// has ended the process on them (its issue 4791, mended in Swift 6.2.1).
    struct HTTPRequest {
        var address: HTTPAddress
        /// Name and value of each, beside those that `bytes` writes.
        var headers: [(name: String, value: String)]
        var body: [UInt8]

        /// As it goes over the wire.
        func bytes() -> [UInt8] {
            let own = [
                ("Host", address.authority), ("Content-Type", "application/json"),
                ("Content-Length", String(body.count)), ("Accept", "application/json"),
                ("Accept-Encoding", "identity"), ("User-Agent", "maxwell"), ("Connection", "close"),
            ]
            // One that the configuration names replaces ours.
            let kept = own.filter { ours in !headers.contains { $0.name.lowercased() == ours.0.lowercased() } }
            let lines = kept + headers.map { ($0.name, $0.value) }
            let head =
                "POST \(address.target) HTTP/1.1\r\n" + lines.map { "\($0): \($1)\r\n" }.joined() + "\r\n"
            return Array(head.utf8) + body
        }

        /// The server's answer, whatever its status.
        /// - Parameter seconds: for everything but the look-up of the host's name, by the clock.
        func send(seconds: Double, maximumBody: Int) throws(HTTPFault) -> HTTPResponse {
            let places = try Places(address)
            let deadline = Self.now + seconds
            let socket = try places.connect(deadline)
            socket.write(bytes(), deadline)
            var response = HTTPResponse(maximumBody: maximumBody)
            while !response.isComplete {
                let part = try socket.read(deadline)
                if part.isEmpty { try response.end() } else { try response.receive(part[...]) }
            }
            return response
        }

        fileprivate static var now: Double {
            var time = timespec()
            clock_gettime(CLOCK_MONOTONIC, &time)
            return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
        }
    }

    /// The addresses of a host, as the system's resolver knows them.
    private final class Places {
        private var first: UnsafeMutablePointer<addrinfo>?

        init(_ address: HTTPAddress) throws(HTTPFault) {
            var hints = addrinfo()
            hints.ai_family = AF_UNSPEC
            hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
            guard getaddrinfo(address.host, address.port, &hints, &first) == 0 else { throw .unreachable }
        }

        deinit {
            if let first { freeaddrinfo(first) }
        }

        /// A connection to the first one that takes it: a host may have several where not all answer.
        func connect(_ deadline: Double) throws(HTTPFault) -> Socket {
            var fault = HTTPFault.unreachable
            var place = first
            while let current = place?.pointee {
                do throws(HTTPFault) {
                    return try Socket(current, deadline)
                } catch {
                    fault = error
                }
                place = current.ai_next
            }
            throw fault
        }
    }

    /// A connection that never blocks longer than up to a deadline.
    private final class Socket {
        private let descriptor: Int32

        init(_ place: addrinfo, _ deadline: Double) throws(HTTPFault) {
            let kind = Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
            descriptor = socket(place.ai_family, kind, place.ai_protocol)
            guard descriptor >= 0 else { throw .unreachable }
            if connect(descriptor, place.ai_addr, place.ai_addrlen) != 0 {
                guard errno == EINPROGRESS else { throw .unreachable }
                try wait(for: POLLOUT, deadline)
            }
            var code: Int32 = 0
            var size = socklen_t(MemoryLayout<Int32>.size)
            guard getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &code, &size) == 0, code == 0 else {
                throw .unreachable
            }
        }

        deinit {
            if descriptor >= 0 { close(descriptor) }
        }

        private func wait(for event: Int32, _ deadline: Double) throws(HTTPFault) {
            while true {
                let remaining = deadline - HTTPRequest.now
                guard remaining > 0 else { throw .timedOut }
                var waiting = pollfd(fd: descriptor, events: Int16(event), revents: 0)
                if poll(&waiting, 1, Int32(min(remaining * 1_000, 60_000)) + 1) > 0 { return }
            }
        }

        /// Writes as much as the server takes: one that answers early may take less, and its answer counts.
        func write(_ bytes: [UInt8], _ deadline: Double) {
            var offset = 0
            while offset < bytes.count, (try? wait(for: POLLOUT, deadline)) != nil {
                let count = bytes[offset...].withUnsafeBytes {
                    Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
                }
                if count < 0, errno != EAGAIN, errno != EINTR { return }
                offset += max(0, count)
            }
        }

        /// The next bytes; none at the end.
        func read(_ deadline: Double) throws(HTTPFault) -> [UInt8] {
            while true {
                try wait(for: POLLIN, deadline)
                var failure: Int32 = 0
                let bytes = [UInt8](unsafeUninitializedCapacity: 1 << 16) { buffer, count in
                    let result = recv(descriptor, buffer.baseAddress, buffer.count, 0)
                    failure = result < 0 ? errno : 0
                    count = max(0, result)
                }
                if failure == 0 { return bytes }
                guard failure == EAGAIN || failure == EINTR else { throw .unreachable }
            }
        }
    }
#endif
