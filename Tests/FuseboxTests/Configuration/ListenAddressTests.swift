import Testing

@testable import fusebox

@Suite struct ListenAddressTests {
    @Test(
        "A listen address is a host and a port, with an IPv6 host in brackets",
        arguments: [
            ("127.0.0.1:7979", "127.0.0.1", 7979), ("[::1]:80", "::1", 80), ("localhost:0", "localhost", 0),
            ("0.0.0.0:65535", "0.0.0.0", 65_535), ("fuse.example:1", "fuse.example", 1), ("[::]:7979", "::", 7979),
        ]
    )
    func good(text: String, host: String, port: Int) throws {
        let address = try ListenAddress(text)
        #expect(address == ListenAddress(host: host, port: port))
        #expect(address.description == text)
    }

    @Test(
        "A listen address without a valid host and port is refused",
        arguments: [
            "", ":", "7979", ":7979", "localhost", "localhost:", "localhost:x", "localhost:-1", "localhost:65536",
            "localhost:+80", "::1:80", "[::1]", "[]:80", "[::1:80", "::1]:80", "local host:80", "http://localhost:80",
            "[127.0.0.1]:80", "localhost/a:80",
        ]
    )
    func bad(text: String) {
        #expect(throws: ListenAddress.Malformed.self) { try ListenAddress(text) }
    }

    @Test(
        "A listen address needs no tokens only if no other machine can reach it",
        arguments: [
            ("127.0.0.1", true), ("127.8.9.10", true), ("localhost", true), ("::1", true), ("0.0.0.0", false),
            ("::", false), ("10.0.0.1", false), ("128.0.0.1", false), ("127.evil.example", false), ("127.0.0", false),
            ("127.0.0.1.example", false), ("127.0.0.256", false), ("localhost.example", false),
        ]
    )
    func loopback(host: String, isLoopback: Bool) {
        #expect(ListenAddress(host: host, port: 1).isLoopback == isLoopback)
    }

    @Test(
        "A server that listens on all addresses is reached through the loopback address",
        arguments: [("0.0.0.0", "127.0.0.1"), ("::", "::1"), ("10.0.0.1", "10.0.0.1")]
    )
    func reachable(host: String, reachable: String) {
        #expect(ListenAddress(host: host, port: 1).reachable == ListenAddress(host: reachable, port: 1))
    }
}
