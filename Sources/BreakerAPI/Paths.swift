import BreakerCore

/// The paths of a server's routes.
package enum Paths {
    package static let breakers = "/v1/breakers"
    package static let policies = "/v1/policies"
    package static let reports = "/v1/reports"
    package static let transitions = "/v1/transitions"
    package static let audit = "/v1/audit"
    package static let events = "/v1/events"
    package static let gate = "/v1/gate"
    package static let session = "/v1/session"
    package static let backup = "/v1/backup"
    package static let tokenReload = "/v1/tokens/reload"
    package static let livez = "/livez"
    package static let readyz = "/readyz"
    package static let version = "/version"
    package static let metrics = "/metrics"
    package static let openAPI = "/openapi.yaml"
    /// The operators' page and the files it loads.
    package static let dashboard = "/"
    package static let dashboardFile = "/dashboard/{file}"

    /// The placeholder for a breaker's name in a route.
    package static let namePlaceholder = "{name}"

    /// The path of a breaker.
    ///
    /// - Parameter name: a breaker's name, or the placeholder. Bytes that are not allowed in a name are
    ///   percent-encoded, so that an invalid name cannot produce the path of another route.
    package static func breaker(_ name: String) -> String { "\(breakers)/\(part(name))" }

    /// The path of a breaker's gate.
    ///
    /// - Parameter name: as for ``breaker(_:)``.
    package static func gate(_ name: String) -> String { "\(gate)/\(part(name))" }

    /// The path of a breaker's gate for a proxy that handles probes.
    package static func gateProbe(_ name: String) -> String { gate(name) + "/probe" }

    package static func acquire(_ name: String) -> String { breaker(name) + "/acquire" }
    package static func report(_ name: String) -> String { breaker(name) + "/report" }
    package static func reset(_ name: String) -> String { breaker(name) + "/reset" }
    package static func override(_ name: String) -> String { breaker(name) + "/override" }
    package static func explanation(_ name: String) -> String { breaker(name) + "/explain" }
    package static func history(_ name: String) -> String { breaker(name) + "/history" }
    package static func failures(_ name: String) -> String { breaker(name) + "/failures" }
    package static func failureSummary(_ name: String) -> String { failures(name) + "/summary" }
    package static func transitions(_ name: String) -> String { breaker(name) + "/transitions" }

    /// The paths of all routes, with placeholders for their variables.
    package static let templates: [String] = [
        acquire(namePlaceholder), report(namePlaceholder), reports, gate(namePlaceholder), gateProbe(namePlaceholder),
        breakers, policies, breaker(namePlaceholder), reset(namePlaceholder), override(namePlaceholder),
        explanation(namePlaceholder), history(namePlaceholder), failures(namePlaceholder),
        failureSummary(namePlaceholder), transitions(namePlaceholder), transitions, audit, events, session, backup,
        tokenReload, livez, readyz, version, metrics, openAPI, dashboard, dashboardFile,
    ]

    private static func part(_ name: String) -> String { name == namePlaceholder ? name : encoded(name) }

    private static func encoded(_ name: String) -> String {
        name.utf8.reduce(into: "") { path, byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: ":"),
                UInt8(ascii: "-"):
                path.unicodeScalars.append(Unicode.Scalar(byte))
            default: path += "%" + byte.hexadecimal.uppercased()
            }
        }
    }
}

/// The address on which the server listens by default.
package enum DefaultAddress {
    package static let host = "127.0.0.1"
    package static let port = 7979
}
