import BreakerAPI
import BreakerCore

/// The query parameters of a request's target, each at most once.
struct Query: Sendable {
    private var values: [(key: String, value: String)] = []

    /// - Parameter text: the text after the `?`; percent-encoded, with `+` for a space, as forms are sent.
    init(_ text: some StringProtocol) throws(Problem) { try self.init(bytes: Array(text.utf8)) }

    init(bytes: [UInt8]) throws(Problem) {
        let pairs = bytes.split(separator: UInt8(ascii: "&"))
        guard pairs.count <= HTTPLimits.parameters else {
            throw Problem(.invalidRequest, "a query may have at most \(HTTPLimits.parameters) parameters")
        }
        for pair in pairs {
            let equals = pair.firstIndex(of: UInt8(ascii: "="))
            guard let key = Self.decode(pair[..<(equals ?? pair.endIndex)]) else {
                throw Problem(.invalidRequest, "a parameter's name is not percent-encoded UTF-8")
            }
            guard let value = equals.map({ Self.decode(pair[($0 + 1)...]) }) ?? "" else {
                throw .invalid(key, "is not percent-encoded UTF-8")
            }
            guard self[key] == nil else { throw .invalid(key, "is repeated") }
            values.append((key, value))
        }
    }

    var isEmpty: Bool { values.isEmpty }

    /// The value of a parameter that is `true` or `false`.
    func flag(_ key: String, default value: Bool) throws(Problem) -> Bool {
        switch self[key] {
        case nil: return value
        case "true": return true
        case "false": return false
        default: throw .invalid(key, "must be true or false")
        }
    }

    var keys: [String] { values.map(\.key) }

    subscript(key: String) -> String? {
        values.first { $0.key == key }?.value
    }

    /// An instant; `nil` where the parameter is absent.
    func instant(_ key: String) throws(Problem) -> Instant? {
        guard let text = self[key] else { return nil }
        guard let instant = Instant(rfc3339: text), Self.years.contains(instant) else {
            throw .invalid(key, "must be an RFC 3339 time such as 2026-01-31T09:30:00Z, in the years 1970 to 9998")
        }
        return instant
    }

    /// The instants whose year has four digits, with room for a step of time around them.
    private static let years = Instant(milliseconds: 0)..<Instant(milliseconds: 253_370_764_800_000)

    /// - Returns: `nil` for a malformed escape, and for text that is not UTF-8 or not stream-safe after it is decoded.
    static func decode(_ text: some StringProtocol) -> String? { decode(Array(text.utf8)[...]) }

    private static func decode(_ text: ArraySlice<UInt8>) -> String? {
        // Most texts need no decoding.
        guard text.contains(where: { $0 == UInt8(ascii: "%") || $0 == UInt8(ascii: "+") }) else {
            return validated(text)
        }
        var bytes: [UInt8] = []
        var rest = text
        while let byte = rest.popFirst() {
            switch byte {
            case UInt8(ascii: "+"): bytes.append(UInt8(ascii: " "))
            case UInt8(ascii: "%"):
                guard let high = rest.popFirst()?.hexDigitValue, let low = rest.popFirst()?.hexDigitValue else {
                    return nil
                }
                bytes.append(high << 4 | low)
            default: bytes.append(byte)
            }
        }
        return validated(bytes)
    }

    private static func validated(_ bytes: some Collection<UInt8>) -> String? {
        StreamSafety.holds(bytes) ? String(validating: bytes, as: UTF8.self) : nil
    }
}
