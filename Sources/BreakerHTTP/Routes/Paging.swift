import BreakerCore

/// A page of a list: its size and where it begins.
struct Page: Sendable {
    var size: Int
    /// The key of the last item of the previous page; `nil` for the first page.
    var after: String?

    /// Reads `page_size` and `page_token`.
    ///
    /// - Parameter filters: the filters of the list. A page token is valid only with the filters that it was given for.
    init(_ query: Query, filters: [String]) throws(Problem) {
        size = HTTPLimits.defaultPageSize
        if let given = try query.integer("page_size") {
            guard given >= 1 else { throw .invalid("page_size", "must be 1 to \(HTTPLimits.pageSize.upperBound)") }
            size = min(Int(clamping: given), HTTPLimits.pageSize.upperBound)
        }
        guard let token = query["page_token"], !token.isEmpty else { return }
        guard let parts = Self.decode(token), parts.dropLast() == filters[...] else {
            throw .invalid("page_token", "is not a token of this list with these filters")
        }
        after = parts.last
    }

    /// The number after which the page begins; `nil` for the first page.
    func afterNumber() throws(Problem) -> Int64? {
        guard let after else { return nil }
        guard let number = Int64(after) else {
            throw .invalid("page_token", "is not a token of this list")
        }
        return number
    }

    /// Cuts `items` to the page. If there are more items than the page has, `items` has one more.
    ///
    /// - Returns: the page, and the token of the next page; the token is empty where there is none.
    func cut<Item>(_ items: [Item], filters: [String], key: (Item) -> String) -> (items: [Item], next: String) {
        guard items.count > size, let last = items.prefix(size).last else { return (items, "") }
        return (Array(items.prefix(size)), Self.token(after: key(last), filters: filters))
    }

    /// The token of the page after the item with this key.
    static func token(after key: String, filters: [String]) -> String { encode(filters + [key]) }

    // A token consists of its parts in hexadecimal with hyphens between them. It is opaque, and needs no escape in a
    // query.

    private static func encode(_ parts: [String]) -> String {
        parts.map { $0.utf8.hexadecimal }.joined(separator: "-")
    }

    private static func decode(_ token: String) -> [String]? {
        var parts: [String] = []
        for part in token.split(separator: "-", omittingEmptySubsequences: false) {
            guard let bytes = [UInt8](hexadecimal: part), let text = String(validating: bytes, as: UTF8.self) else {
                return nil
            }
            parts.append(text)
        }
        return parts
    }
}
