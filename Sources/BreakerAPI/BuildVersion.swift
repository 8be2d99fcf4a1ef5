/// The version of server and clients alike.
public enum BuildVersion {
    public static let current = "0.1.0"
}
