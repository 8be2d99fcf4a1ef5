/// The version of this build, the same for the server and its clients.
public enum BuildVersion {
    public static let current = "0.1.0"
}
