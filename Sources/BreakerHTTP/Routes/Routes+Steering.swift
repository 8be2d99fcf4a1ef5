import BreakerAPI
import BreakerCore
import BreakerEngine
import HTTPTypes

extension Routes {
    /// Routes that reset and override breakers.
    static func steering(_ engine: Engine) -> [Route] {
        [
            Route(.post, Paths.reset(Route.name), .steer, parameters: ["to"]) { context in
                let name = try context.breakerName()
                guard context.body.isEmpty else { throw Problem.invalid("body", "must be empty: use ?to=half_open") }
                let target = try resetTarget(context.query)
                return .breaker(try await engine.reset(name, to: target, actor: context.author))
            },
            Route(
                .put,
                Paths.override(Route.name),
                .steer,
                parameters: ["create"],
                takesQueryAndBody: true
            ) { context in
                let name = try context.breakerName()
                let order = try OverrideBody(context.body)
                let creates = try context.query.flag("create", default: false)
                return .breaker(
                    try await engine.setOverride(
                        order.mode,
                        of: name,
                        reason: order.reason,
                        expiresInMs: order.expiresInMs,
                        actor: context.author,
                        creates: creates
                    )
                )
            },
            Route(.delete, Paths.override(Route.name), .steer) { context in
                let name = try context.breakerName()
                return .breaker(try await engine.clearOverride(of: name, actor: context.author))
            },
        ]
    }

    private static func resetTarget(_ query: Query) throws(Problem) -> Breaker.ResetTarget {
        guard let text = query["to"] else { return .closed }
        guard let target = Breaker.ResetTarget(rawValue: text) else {
            throw .invalid("to", "must be closed or half_open")
        }
        return target
    }
}

/// An ``OverrideOrderDocument`` after it is checked.
struct OverrideBody: Sendable {
    var mode: Override.Mode
    var reason: String
    /// `nil` for an override that lasts until it is cleared.
    var expiresInMs: Int64?

    init(_ body: [UInt8]) throws(Problem) {
        let document = try JSON(body: body, members: OverrideOrderDocument.CodingKeys.names)
        let fields = try JSONFields(document, at: "")
        guard let text = try fields.text("mode"), let mode = Override.Mode(rawValue: text) else {
            throw .invalid("mode", "must be force_open, force_closed or shadow")
        }
        self.mode = mode
        guard let reason = try fields.text("reason"), reason.contains(where: { !$0.isWhitespace }) else {
            throw .invalid("reason", "is required")
        }
        guard Limits.reasonLength.contains(reason.unicodeScalars.count) else {
            throw .invalid("reason", "must be at most \(Limits.reasonLength.upperBound) characters")
        }
        self.reason = reason
        expiresInMs = Limits.defaultOverrideMs
        switch fields.object["expires_in_ms"] {
        case nil: break
        case .null: expiresInMs = nil
        case .some:
            let range = Limits.overrideMs
            guard let given = try fields.integer("expires_in_ms"), range.contains(given) else {
                throw .invalid(
                    "expires_in_ms",
                    "must be \(range.lowerBound) to \(range.upperBound), or null for no expiry"
                )
            }
            expiresInMs = given
        }
    }
}
