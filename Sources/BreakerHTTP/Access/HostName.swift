/// The host and the port of an authority: `fusebox:7979`, `[::1]:7979`, `fusebox.example` (RFC 3986, section 3.2).
struct HostName: Hashable {
    /// In lower case; an IPv6 address has its brackets.
    private(set) var name: String
    let port: String

    /// - Returns: `nil` for an empty one, and for what is no host, with or without a port.
    init?(_ authority: String, defaultPort: String = "") {
        guard let end = Self.hostEnd(in: authority.utf8), end > authority.startIndex else { return nil }
        name = authority[..<end].lowercased()
        let port = String(authority[end...].dropFirst())
        self.port = port.isEmpty ? defaultPort : port
        if name.hasSuffix(".") { name.removeLast() }
        if name.isEmpty { return nil }
    }

    /// Whether this is a good value of the field `host`, which may be empty.
    static func isField(_ value: some BidirectionalCollection<UInt8>) -> Bool {
        guard let end = hostEnd(in: value) else { return false }
        return end > value.startIndex || value.isEmpty
    }

    /// Whether nobody can have a name server of theirs lead this name to another machine: an address, a name without a
    /// dot, or one below a domain that is never registered (RFC 6761, RFC 6762, and `internal`).
    var isLocal: Bool {
        if name.hasPrefix("[") || !name.contains(".") { return true }
        let labels = name.split(separator: ".", omittingEmptySubsequences: false)
        if labels.count == 4, labels.allSatisfy(Self.isByte) { return true }
        return ["localhost", "local", "internal"].contains(labels.last)
    }

    /// Whether this always names the machine that asks (RFC 6761, section 6.3).
    var isLoopback: Bool {
        let labels = name.split(separator: ".", omittingEmptySubsequences: false)
        if labels.count == 4, labels.allSatisfy(Self.isByte) { return labels[0] == "127" }
        return name == "[::1]" || labels.last == "localhost"
    }

    /// Whether this is a part of an IPv4 address. `UInt8` would read a sign as well.
    private static func isByte(_ label: Substring) -> Bool { label.utf8.allSatisfy(isDigit) && UInt8(label) != nil }

    /// Where the host ends, and its port begins if it has one.
    ///
    /// - Returns: `nil` where the bytes are something else. User information, escapes and the punctuation that RFC 3986
    ///   grants to names are refused: no host on the Internet has them.
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

    /// Whether this is written as an IPv6 address, with or without a zone.
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
