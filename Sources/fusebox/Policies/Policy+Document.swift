import BreakerCore

extension Policy {
    /// The policy in the server's document of a breaker. Fields of a later version are ignored.
    init(_ document: [String: Double?]) throws(PolicyError) {
        let known = document.filter { PolicyField(rawValue: $0.key) != nil }
        self = try Policy().applying(
            known.mapValues { value in
                guard let value else { return .null }
                return Int64(exactly: value).map { .integer($0) } ?? .decimal(value)
            }
        )
    }
}
