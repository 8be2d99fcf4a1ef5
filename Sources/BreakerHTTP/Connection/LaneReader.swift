/// Reads the head of a request in the subset of HTTP that the lane knows.
struct LaneReader {
    private let bytes: UnsafeRawBufferPointer
    /// The number of bytes that have been read.
    private(set) var position = 0

    /// - Parameter bytes: must be valid as long as the reader is used.
    init(_ bytes: UnsafeRawBufferPointer) {
        self.bytes = bytes
    }

    /// Steps over `expected`, if it comes next.
    mutating func take(_ expected: StaticString) -> Bool {
        let count = expected.utf8CodeUnitCount
        guard position + count <= bytes.count else { return false }
        for offset in 0..<count where bytes[position + offset] != expected.utf8Start[offset] { return false }
        position += count
        return true
    }

    /// Steps over the bytes for which `condition` is true.
    mutating func take(while condition: (UInt8) -> Bool) -> Range<Int> {
        let start = position
        while position < bytes.count, condition(bytes[position]) { position += 1 }
        return start..<position
    }

    func bytes(_ range: Range<Int>) -> [UInt8] { Array(bytes[range]) }

    func slice(_ range: Range<Int>) -> Slice<UnsafeRawBufferPointer> { bytes[range] }

    func text(_ range: Range<Int>) -> String { String(decoding: bytes[range], as: UTF8.self) }

    /// Whether the bytes of a range are `text`.
    func isText(_ range: Range<Int>, _ text: String) -> Bool {
        text.utf8.count == range.count && text.utf8.elementsEqual(bytes[range])
    }

    /// Whether the bytes of a range begin with `text`.
    func beginsWith(_ range: Range<Int>, _ text: StaticString) -> Bool {
        guard range.count >= text.utf8CodeUnitCount else { return false }
        for offset in 0..<text.utf8CodeUnitCount where bytes[range.lowerBound + offset] != text.utf8Start[offset] {
            return false
        }
        return true
    }

    /// Whether the bytes of a range are a field's name, in any case.
    /// - Parameter name: in lower case.
    func isName(_ range: Range<Int>, _ name: StaticString) -> Bool {
        range.count == name.utf8CodeUnitCount && beginsWithName(range, name)
    }

    /// Whether the bytes of a range begin with the beginning of a field's name, in any case.
    /// - Parameter start: in lower case.
    func beginsWithName(_ range: Range<Int>, _ start: StaticString) -> Bool {
        guard range.count >= start.utf8CodeUnitCount else { return false }
        // In a name of letters, digits and hyphens, this bit distinguishes capital letters from small ones, and nothing
        // else.
        for offset in 0..<start.utf8CodeUnitCount
        where bytes[range.lowerBound + offset] | 0x20 != start.utf8Start[offset] {
            return false
        }
        return true
    }

    /// The range without the spaces at its ends.
    func trimmed(_ range: Range<Int>) -> Range<Int> {
        let space = UInt8(ascii: " ")
        var (start, end) = (range.lowerBound, range.upperBound)
        while start < end, bytes[start] == space { start += 1 }
        while start < end, bytes[end - 1] == space { end -= 1 }
        return start..<end
    }
}

/// The header fields that matter to a decision.
struct LaneFields {
    private(set) var authorization: Range<Int>?
    private(set) var requestID: Range<Int>?
    private var contentLength: Range<Int>?
    private var host: Range<Int>?

    /// Reads all fields, and the empty line after them.
    ///
    /// - Returns: `nil` where the fields do not end; where a field has an unusual form, is repeated, announces a body,
    ///   or asks for anything beyond an answer on a persistent connection; where there is no host; and where the
    ///   request has a browser's marks (``BrowserMarks``) or a cookie.
    init?(_ reader: inout LaneReader) {
        for _ in 0..<HTTPLimits.laneFields {
            if reader.take("\r\n") {
                guard host != nil else { return nil }
                return
            }
            let name = reader.take(while: Self.isNameByte)
            guard !name.isEmpty, reader.take(":") else { return nil }
            let value = reader.trimmed(reader.take(while: Self.isValueByte))
            guard reader.take("\r\n"), note(name, value, reader) else { return nil }
        }
        return nil
    }

    /// - Returns: whether the lane may go on.
    private mutating func note(_ name: Range<Int>, _ value: Range<Int>, _ reader: LaneReader) -> Bool {
        if reader.beginsWithName(name, "sec-fetch-") { return reader.isName(name, "sec-fetch-mode") }
        switch name.count {
        case 4 where reader.isName(name, "host"):
            return HostName.isField(reader.slice(value)) && Self.set(&host, value)
        case 6:
            return !reader.isName(name, "expect") && !reader.isName(name, "origin") && !reader.isName(name, "cookie")
        case 7: return !reader.isName(name, "upgrade") && !reader.isName(name, "referer")
        case 10 where reader.isName(name, "user-agent"): return !reader.beginsWith(value, "Mozilla/")
        case 10 where reader.isName(name, "connection"): return reader.isName(value, "keep-alive")
        case 12 where reader.isName(name, "x-request-id"): return Self.set(&requestID, value)
        case 13 where reader.isName(name, "authorization"): return Self.set(&authorization, value)
        case 14 where reader.isName(name, "content-length"):
            return reader.isText(value, "0") && Self.set(&contentLength, value)
        case 16: return !reader.isName(name, "proxy-connection")
        case 17: return !reader.isName(name, "transfer-encoding")
        default: return true
        }
    }

    private static func set(_ field: inout Range<Int>?, _ value: Range<Int>) -> Bool {
        defer { field = value }
        return field == nil
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"):
            true
        default: false
        }
    }

    /// Whether a value may have this byte. Tabs are excluded, because the decoder accepts them in some positions only.
    private static func isValueByte(_ byte: UInt8) -> Bool { (0x20...0x7e).contains(byte) }
}
