// A server on 127.0.0.1 that says what a test wants it to say, byte for byte.

#if canImport(Glibc)
    import Foundation
    import Synchronization

    /// Answers the n-th connection with the n-th step of a script, the last one again and again, in a thread of its own.
    final class LocalServer: Sendable {
        /// What becomes of a connection, once its request is there.
        enum Step: Sendable {
            /// These bytes, then the end.
            case say(String)
            /// The same bytes until nobody listens any more.
            case sayForever(String)
            /// Nothing, until the other side goes.
            case hang
            /// The end at once.
            case close
        }

        let port: UInt16
        private let listener: Int32
        private let received = Mutex<[String]>([])
        private let isStopped = Atomic(false)

        init(_ script: [Step]) throws {
            listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
            var size = socklen_t(MemoryLayout<sockaddr_in>.size)
            let listener = listener
            let isListening = withUnsafeMutablePointer(to: &address) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    bind(listener, $0, size) == 0 && listen(listener, 64) == 0 && getsockname(listener, $0, &size) == 0
                }
            }
            guard isListening else { throw POSIXError(.EADDRNOTAVAIL) }
            port = UInt16(bigEndian: address.sin_port)
            Thread.detachNewThread { [self] in serve(script) }
        }

        /// The requests so far, as they came.
        var requests: [String] { received.withLock { $0 } }

        /// Ends the thread after the connection it serves, and refuses further ones.
        func stop() {
            isStopped.store(true, ordering: .sequentiallyConsistent)
            shutdown(listener, Int32(SHUT_RDWR))
        }

        private func serve(_ script: [Step]) {
            var number = 0
            while !isStopped.load(ordering: .sequentiallyConsistent) {
                let connection = accept(listener, nil, nil)
                guard connection >= 0 else { break }
                received.withLock { $0.append(Self.request(connection)) }
                answer(connection, script[min(number, script.count - 1)])
                close(connection)
                number += 1
            }
            close(listener)
        }

        private func answer(_ connection: Int32, _ step: Step) {
            switch step {
            case .say(let text): _ = Self.write(connection, Array(text.utf8))
            case .sayForever(let text):
                let bytes = Array(text.utf8)
                while Self.write(connection, bytes) {}
            case .hang:
                var byte: UInt8 = 0
                while recv(connection, &byte, 1, 0) > 0 {}
            case .close: break
            }
        }

        private static func write(_ connection: Int32, _ bytes: [UInt8]) -> Bool {
            var offset = 0
            while offset < bytes.count {
                let count = bytes[offset...].withUnsafeBytes {
                    send(connection, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
                }
                guard count > 0 else { return false }
                offset += count
            }
            return true
        }

        /// Head and body of one request, by its `Content-Length`.
        private static func request(_ connection: Int32) -> String {
            var bytes: [UInt8] = []
            var buffer = [UInt8](repeating: 0, count: 1 << 16)
            while true {
                let count = recv(connection, &buffer, buffer.count, 0)
                guard count > 0 else { break }
                bytes += buffer[..<count]
                let text = String(decoding: bytes, as: UTF8.self)
                guard let end = text.range(of: "\r\n\r\n"), let field = text.range(of: "Content-Length: "),
                    let length = Int(text[field.upperBound...].prefix { $0.isNumber })
                else { continue }
                if text[end.upperBound...].utf8.count >= length { break }
            }
            return String(decoding: bytes, as: UTF8.self)
        }
    }
#endif
