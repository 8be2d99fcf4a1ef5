/// What did not come true in time.
package struct NeverHappened: Error, CustomStringConvertible {
    package var description: String

    package init(description: String) {
        self.description = description
    }
}

/// Waits for something of which nothing tells us, for it happens in another process or task.
///
/// - Parameter seconds: when to give up. Hundreds of tests share the processors of a machine, and each step of what is
///   waited for may wait for all of them; so it ends a test that would never end, and by itself says nothing of how soon.
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
