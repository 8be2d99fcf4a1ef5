import BreakerAPI

/// A host and a port: `127.0.0.1:7979`, `[::1]:7979`, `localhost:0`.
struct ListenAddress: Hashable, CustomStringConvertible {
    struct Malformed: Error {}

    var host: String
    var port: Int

    static let `default` = ListenAddress(host: DefaultAddress.host, port: DefaultAddress.port)

    init(host: String, port: Int) {
        self.host = host
        self.port = port
    }

    init(_ text: String) throws(Malformed) {
        guard let colon = text.lastIndex(of: ":"), let port = UInt16(text[text.index(after: colon)...]),
            text[text.index(after: colon)...].first != "+"
        else { throw Malformed() }
        var host = text[..<colon]
        let isBracketed = host.hasPrefix("[") && host.hasSuffix("]")
        if isBracketed { host = host.dropFirst().dropLast() }
        guard !host.isEmpty, host.contains(":") == isBracketed,
            host.utf8.allSatisfy({ $0 > UInt8(ascii: " ") && $0 < 0x7f && !"[]/".utf8.contains($0) })
        else { throw Malformed() }
        self.init(host: String(host), port: Int(port))
    }

    /// Whether only this machine can connect to the address.
    var isLoopback: Bool {
        if host == "localhost" || host == "::1" { return true }
        let parts = host.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4 && parts[0] == "127" && parts.allSatisfy { UInt8($0) != nil }
    }

    /// The address under which this machine reaches a server that listens here.
    var reachable: ListenAddress {
        switch host {
        case "0.0.0.0": ListenAddress(host: "127.0.0.1", port: port)
        case "::": ListenAddress(host: "::1", port: port)
        default: self
        }
    }

    var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
}
