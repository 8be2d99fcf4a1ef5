/// Where things are on a server.
public enum Paths {
    public static let breakers = "/v1/breakers"
    public static let reports = "/v1/reports"
    public static let transitions = "/v1/transitions"
    public static let backup = "/v1/backup"
    public static let livez = "/livez"
    public static let readyz = "/readyz"
    public static let version = "/version"
    public static let openAPI = "/openapi.yaml"

    /// - Parameter name: a breaker's name; every character that one may have can stand in a path as it is.
    public static func breaker(_ name: String) -> String { "\(breakers)/\(name)" }
    public static func acquire(_ name: String) -> String { breaker(name) + "/acquire" }
    public static func report(_ name: String) -> String { breaker(name) + "/report" }
}

/// Where the service listens unless it is told otherwise.
public enum DefaultAddress {
    public static let host = "127.0.0.1"
    public static let port = 7979
}
