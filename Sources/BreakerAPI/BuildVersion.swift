/// The version of this build, the same for the server and its clients.
package enum BuildVersion {
    package static let current = "0.1.0"
}
