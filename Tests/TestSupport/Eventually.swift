/// An error for a condition that did not become true in time.
package struct NeverHappened: Error, CustomStringConvertible {
    package var description: String

    package init(description: String) {
        self.description = description
    }
}

/// Polls every 10 ms until a condition is true, for events in another process or task that send no notification.
///
/// - Parameter seconds: When to give up. Hundreds of tests share the machine's processors, and each step towards the
///   condition may wait for all of them. So this limit only ends a test that would never end; it does not assert how
///   soon the condition becomes true.
package func eventually(
    _ what: String,
    within seconds: Double = 60,
    _ condition: () async throws -> Bool
) async throws {
    let end = ContinuousClock.now + .seconds(seconds)
    while try await !condition() {
        guard ContinuousClock.now < end else { throw NeverHappened(description: "not within \(seconds) s: \(what)") }
        try await Task.sleep(for: .milliseconds(10))
    }
}
