/// Where things are on a server.
public enum Paths {
    public static let breakers = "/v1/breakers"
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
    /// The page for operators, and what it loads.
    public static let dashboard = "/"
    public static let dashboardFile = "/dashboard/{file}"

    /// What stands in a route where a request has a breaker's name.
    public static let namePlaceholder = "{name}"

    /// - Parameter name: a breaker's name, or the placeholder. Bytes that no name has are percent-encoded, so that what
    ///   is no name leads nowhere else.
    public static func breaker(_ name: String) -> String { "\(breakers)/\(part(name))" }

    /// - Parameter name: as ``breaker(_:)`` takes it.
    public static func gate(_ name: String) -> String { "\(gate)/\(part(name))" }

    private static func part(_ name: String) -> String { name == namePlaceholder ? name : encoded(name) }

    private static func encoded(_ name: String) -> String {
        name.utf8.reduce(into: "") { path, byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: ":"),
                UInt8(ascii: "-"):
                path.unicodeScalars.append(Unicode.Scalar(byte))
            default:
                path += (byte < 16 ? "%0" : "%") + String(byte, radix: 16, uppercase: true)
            }
        }
    }
    public static func acquire(_ name: String) -> String { breaker(name) + "/acquire" }
    public static func report(_ name: String) -> String { breaker(name) + "/report" }
}

/// Where the service listens unless it is told otherwise.
public enum DefaultAddress {
    public static let host = "127.0.0.1"
    public static let port = 7979
}
