import BreakerCore

/// The documents that operators see. Fields without a value are `null`, never absent.
extension JSON {
    init(_ value: PolicyValue) {
        self =
            switch value {
            case .null, .unsuitable: .null
            case .integer(let value): .integer(value)
            case .decimal(let value): .decimal(value)
            }
    }

    init(_ failure: Failure) {
        self = [
            "kind": JSON(failure.kind),
            "detail": JSON(failure.detail),
            "reporter": JSON(failure.reporter),
            "duration_ms": JSON(failure.durationMs),
            "count": JSON(failure.count),
            "at": JSON(failure.at),
        ]
    }

    /// - Parameter name: the breaker's name, in a list of several breakers' transitions.
    init(_ transition: Transition, of name: BreakerName? = nil) {
        let named: [Member] = name.map { [Member(key: "name", value: .string($0.value))] } ?? []
        self = .object(
            named + [
                Member(key: "revision", value: JSON(transition.revision)),
                Member(key: "from", value: .string(transition.from.rawValue)),
                Member(key: "to", value: .string(transition.to.rawValue)),
                Member(key: "cause", value: .string(transition.cause.rawValue)),
                Member(key: "detail", value: .string(transition.detail)),
                Member(key: "actor", value: JSON(transition.actor)),
                Member(key: "at", value: JSON(transition.at)),
            ]
        )
    }

    init(_ instant: Instant?) {
        self = instant.map { .string($0.timestamp) } ?? .null
    }
}
