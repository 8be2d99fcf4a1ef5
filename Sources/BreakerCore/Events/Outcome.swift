/// The outcome of a call.
package enum Outcome: String, CaseIterable, Sendable {
    case success
    case failure
    /// Not the downstream's fault: a caller's bad request, a cancellation, a permit not used.
    case ignored
}
