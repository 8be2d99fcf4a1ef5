import BreakerCore

/// The host and the port of an authority: `fusebox:7979`, `[::1]:7979`, `fusebox.example` (RFC 3986, section 3.2).
struct HostName: Hashable {
    /// In lower case; an IPv6 address has its brackets.
    private(set) var name: String
    let port: String

    /// - Returns: `nil` for an empty authority, and for one that is not a host with or without a port.
    init?(_ authority: String, defaultPort: String = "") {
        guard let end = Self.hostEnd(in: authority.utf8), end > authority.startIndex else { return nil }
        name = authority[..<end].lowercased()
        let port = String(authority[end...].dropFirst())
        self.port = port.isEmpty ? defaultPort : port
        if name.hasSuffix(".") { name.removeLast() }
        if name.isEmpty { return nil }
    }

    /// Whether `value` is a valid value of the field `host`, which may be empty.
    static func isField(_ value: some BidirectionalCollection<UInt8>) -> Bool {
        guard let end = hostEnd(in: value) else { return false }
        return end > value.startIndex || value.isEmpty
    }

    /// Whether no third party's name server can point this name at another machine: it is an address, a name without a
    /// dot, or a name below a domain that is never registered (RFC 6761, RFC 6762, and `internal`).
    var isLocal: Bool {
        if name.hasPrefix("[") || !name.contains(".") { return true }
        let labels = name.split(separator: ".", omittingEmptySubsequences: false)
        if labels.count == 4, labels.allSatisfy(Self.isByte) { return true }
        return ["localhost", "local", "internal"].contains(labels.last)
    }

    /// Whether this name always means the client's own machine (RFC 6761, section 6.3).
    var isLoopback: Bool {
        let labels = name.split(separator: ".", omittingEmptySubsequences: false)
        if labels.count == 4, labels.allSatisfy(Self.isByte) { return labels[0] == "127" }
        return name == "[::1]" || labels.last == "localhost"
    }

    /// Whether the label is one number of an IPv4 address. `UInt8` alone would also read a sign.
    private static func isByte(_ label: Substring) -> Bool { label.utf8.allSatisfy(isDigit) && UInt8(label) != nil }

    /// The index at which the host ends, and at which its port begins if it has one.
    ///
    /// - Returns: `nil` where the bytes are not a host with or without a port. User information, escapes and the
    ///   punctuation that RFC 3986 allows in names are rejected: no host on the Internet has them.
    private static func hostEnd<Bytes: BidirectionalCollection<UInt8>>(in bytes: Bytes) -> Bytes.Index? {
        var end = bytes.startIndex
        if bytes.first == UInt8(ascii: "[") {
            guard let close = bytes.firstIndex(of: UInt8(ascii: "]")), isAddress(bytes[..<close].dropFirst()) else {
                return nil
            }
            end = bytes.index(after: close)
        } else {
            while end < bytes.endIndex, isNameByte(bytes[end]) { bytes.formIndex(after: &end) }
        }
        guard end < bytes.endIndex else { return end }
        let port = bytes[end...].dropFirst()
        guard bytes[end] == UInt8(ascii: ":"), port.count <= 5, port.allSatisfy(isDigit) else { return nil }
        return port.reduce(0, { $0 * 10 + Int($1 - UInt8(ascii: "0")) }) <= UInt16.max ? end : nil
    }

    /// Whether the bytes have the form of an IPv6 address, with or without a zone.
    private static func isAddress(_ bytes: some BidirectionalCollection<UInt8>) -> Bool {
        let address = bytes.prefix { $0 != UInt8(ascii: "%") }
        return address.contains(UInt8(ascii: ":"))
            && address.allSatisfy { $0.hexDigitValue != nil || $0 == UInt8(ascii: ":") || $0 == UInt8(ascii: ".") }
            && bytes.dropFirst(address.count + 1).allSatisfy(isNameByte)
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "-"),
            UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "~"):
            true
        default: isDigit(byte)
        }
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }
}
