import Primitives

/// The paths of a server's routes.
public enum Paths {
    public static let breakers = "/v1/breakers"
    public static let policies = "/v1/policies"
    public static let reports = "/v1/reports"
    public static let transitions = "/v1/transitions"
    public static let audit = "/v1/audit"
    public static let events = "/v1/events"
    public static let gate = "/v1/gate"
    public static let session = "/v1/session"
    public static let backup = "/v1/backup"
    public static let livez = "/livez"
    public static let readyz = "/readyz"
    public static let version = "/version"
    public static let metrics = "/metrics"
    public static let openAPI = "/openapi.yaml"
    /// The operators' page and the files it loads.
    public static let dashboard = "/"
    public static let dashboardFile = "/dashboard/{file}"

    /// The placeholder for a breaker's name in a route.
    public static let namePlaceholder = "{name}"

    /// The path of a breaker.
    ///
    /// - Parameter name: a breaker's name, or the placeholder. Bytes that are not allowed in a name are
    ///   percent-encoded, so that an invalid name cannot produce the path of another route.
    public static func breaker(_ name: String) -> String { "\(breakers)/\(part(name))" }

    /// The path of a breaker's gate.
    ///
    /// - Parameter name: as for ``breaker(_:)``.
    public static func gate(_ name: String) -> String { "\(gate)/\(part(name))" }

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
    public static func acquire(_ name: String) -> String { breaker(name) + "/acquire" }
    public static func report(_ name: String) -> String { breaker(name) + "/report" }
}

/// The address on which the server listens by default.
public enum DefaultAddress {
    public static let host = "127.0.0.1"
    public static let port = 7979
}
