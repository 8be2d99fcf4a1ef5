/// The `x-request-id` of an answer: the client's own, or one made here.
enum RequestID {
    /// - Parameter given: what the request says; taken if it is short and visible.
    static func of(_ given: String?) -> String {
        guard let given, HTTPLimits.requestIDLength.contains(given.utf8.count),
            given.utf8.allSatisfy({ (0x21...0x7e).contains($0) })
        else { return make() }
        return given
    }

    static func make() -> String { String(UInt64.random(in: 0...(.max)), radix: 16) }
}
