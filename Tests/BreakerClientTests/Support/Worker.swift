import Logging
import NIOConcurrencyHelpers
import NIOCore
import TestSupport

@testable import BreakerClient

/// A worker's client with a clock that the test sets.
struct Worker: Sendable {
    let fusebox: Fusebox
    let clock: ManualWorkerClock
    let log: LogBook

    init(url: String, token: String? = nil, _ configure: (inout Fusebox.Configuration) -> Void = { _ in }) {
        var configuration = Fusebox.Configuration()
        configuration.reporter = "worker-1"
        // With this bound heartbeats are so rare that none arrives while a test waits.
        configuration.maxStaleness = .seconds(600)
        configure(&configuration)
        let clock = ManualWorkerClock(server: LiveServer.clock(ofServerAt: url))
        let log = LogBook()
        self.clock = clock
        self.log = log
        fusebox = Fusebox(
            url: url,
            token: token,
            configuration: configuration,
            logger: Logger(label: "worker") { _ in log },
            clock: clock,
            // No test reaches this time-out: every other wait ends sooner.
            longestRequest: .minutes(10)
        )
    }

    /// Runs the client during `body`, which begins when the stream is connected.
    func running<Value>(_ body: () async throws -> Value) async throws -> Value {
        let fusebox = fusebox
        let run = Task { try await fusebox.run() }
        let result: Result<Value, any Error>
        do {
            if fusebox.configuration.mode == .local { try await untilConnected() }
            result = .success(try await body())
        } catch {
            result = .failure(error)
        }
        run.cancel()
        try await run.value
        return try result.get()
    }

    /// Waits until the stream is connected; the first attempt needs no time to pass.
    func untilConnected() async throws {
        try await eventually("the stream is connected") { fusebox.statistics.isConnected }
    }

    /// Waits until the server has answered all outcomes, and moves the clock past the interval in which they gather.
    func untilSent() async throws {
        var looks = 0
        try await eventually("all outcomes are sent") {
            // The clock moves seldom, because an outcome in flight seems to end later when the server's clock moves.
            if looks.isMultiple(of: 50) { clock.advance(by: .milliseconds(50)) }
            looks += 1
            return fusebox.statistics.waitingOutcomes == 0
        }
    }

    /// Waits until this many calls wait for the server's decision; then the clock may be moved past their patience.
    func untilPatient(_ count: Int) async throws {
        let patiences = Set([false, true].map(fusebox.configuration.patience(mayNeedCommit:)))
        try await eventually("\(count) are patient") {
            patiences.reduce(0) { $0 + clock.sleepers($1) } >= count
        }
    }

    /// Ends the patience of this many calls that wait for the server's decision.
    func endPatience(of count: Int) async throws {
        try await untilPatient(count)
        clock.advance(by: fusebox.configuration.patience(mayNeedCommit: true))
    }

    /// Moves the clock past the silence bound of this many late requests, so that the server counts as away.
    func endSilence(of count: Int) async throws {
        let silence = Duration.nanoseconds(Fusebox.longestSilenceNs)
        try await eventually("\(count) are late") { clock.sleepers(silence) >= count }
        clock.advance(by: silence)
        try await eventually("the server counts as away") { fusebox.statistics.isAway }
    }

    func untilKnown(_ breaker: SharedBreaker, is state: BreakerState?) async throws {
        try await eventually("the stream says that \(breaker.name) is \(String(describing: state))") {
            breaker.knownState == state && breaker.entry.state.withLockedValue { !$0.isAhead }
        }
    }
}

/// Keeps the log messages at `notice` and above.
struct LogBook: LogHandler {
    private let messages = NIOLockedValueBox<[String]>([])
    private let values = NIOLockedValueBox<[String]>([])
    var metadata: Logger.Metadata = [:]
    var logLevel = Logger.Level.notice

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    var lines: [String] { messages.withLockedValue { $0 } }
    /// The values of the messages' metadata.
    var texts: [String] { values.withLockedValue { $0 } }

    func log(event: LogEvent) {
        let texts = (event.metadata ?? [:]).values.map(\.description)
        messages.withLockedValue { $0.append("\(event.message)") }
        values.withLockedValue { $0 += texts }
    }
}

/// The errors that a protected call may throw.
enum Trouble: Error {
    case timeout
    case badRequest
}
