/// How much history a store keeps. The newest failure and transition of a breaker always stay.
package struct Retention: Hashable, Sendable {
    package var failuresPerBreaker = 1_000
    /// Of all breakers together; those with the longest logs give way first.
    package var failures = 1_000_000
    /// In milliseconds: 7 days.
    package var failureAgeMs: Int64 = 604_800_000
    package var transitionsPerBreaker = 1_000
    /// Minutes of calls, in milliseconds: 7 days.
    package var callAgeMs: Int64 = 604_800_000
    /// Minutes of calls of all breakers together, at 30 bytes each: a week of 500 breakers that are never idle.
    package var callMinutes = 5_000_000
    /// Report ids of all clients together, at 140 bytes each in the database: 15 minutes of 5 000 a second. Beyond it the
    /// client with the most loses its oldest.
    package var receipts = 4_500_000
    /// The newest changes of all breakers together, which a stream can be taken up behind.
    package var changes = 100_000
    /// Orders of operators, of all breakers together, deleted ones included. Beyond it those older than ``auditAgeMs`` go
    /// first, then the oldest of the author with the most.
    package var audit = 100_000
    /// In milliseconds: 90 days.
    package var auditAgeMs: Int64 = 7_776_000_000

    package init() {}
}
