/// An answer with the size and the fields of a closed breaker's answer to an acquire.
public enum StaticAnswer {
    public static let body = #"{"allowed":true,"state":"closed","permit":"1"}"#
    public static let contentType = "application/json"
    public static let cacheControl = "no-store"
    public static let requestID = "0123456789abcdef"
    public static let date = "Thu, 01 Jan 1970 00:00:00 GMT"

    /// The port, which is the only argument.
    public static func port(of arguments: [String]) -> Int {
        guard arguments.count == 2, let port = UInt16(arguments[1]), port > 0 else {
            fatalError("give the port to listen on as the only argument, not \(arguments.dropFirst())")
        }
        return Int(port)
    }
}
