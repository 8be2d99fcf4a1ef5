/// A row of the failure log: one or more applied failures.
package struct Failure: Hashable, Sendable {
    /// The row's number in the breaker's log: 1, 2, 3 and so on, never reused while the breaker exists.
    package var number: Int64
    package var at: Instant
    package var kind: String?
    package var detail: String?
    package var reporter: String?
    package var durationMs: Int64?
    /// How many consecutive failures this row represents.
    package var count: Int

    package init(
        number: Int64,
        at: Instant,
        kind: String?,
        detail: String?,
        reporter: String?,
        durationMs: Int64?,
        count: Int
    ) {
        self.number = number
        self.at = at
        self.kind = kind
        self.detail = detail
        self.reporter = reporter
        self.durationMs = durationMs
        self.count = count
    }
}
