public import AsyncHTTPClient
import BreakerCore
import BreakerText
import Dispatch
public import Logging
import NIOConcurrencyHelpers
package import NIOCore
public import ServiceLifecycle
import Synchronization

/// The breakers of a Fusebox server, for a worker that protects its calls with them.
///
/// ```swift
/// let fusebox = Fusebox(url: "http://127.0.0.1:7979", token: secret)
/// let payments = fusebox.breaker("payments")
/// let receipt = try await payments.call { try await provider.charge(order) }
/// ```
///
/// One instance per process is enough; any task may use it. Run it as a service, or in a task of its own, and it
/// decides in this process (see <doc:LocalDecisions>). If it does not run, it asks the server before each call.
public final class Fusebox: Service, Sendable {
    public let configuration: Configuration
    /// The configuration's reporter, cut to the length that the server accepts.
    let reporter: String
    let client: FuseboxClient
    let clock: any WorkerClock
    private let logger: Logger
    let panel = LocalPanel()
    let reportSender: ReportSender
    /// Whether the server answers requests for decisions.
    let reachability = NIOLockedValueBox(Reachability())
    /// Whether the server has accepted outcomes since a request for a decision last failed.
    let hasTakenOutcomes = Atomic<Bool>(false)
    /// The requests for decisions that are in progress, including those whose caller has stopped waiting.
    let lateAttempts = DispatchGroup()
    /// The last instant as of which the panel is known to be correct.
    let confirmedNs = Atomic<Int64>(never)
    /// When the last bytes of the stream arrived, however old their content.
    let readNs = Atomic<Int64>(never)
    let hasBegun = Atomic<Bool>(false)
    let isRunning = Atomic<Bool>(false)
    let isConnected = Atomic<Bool>(false)
    let hasStreamBeenRefused = Atomic<Bool>(false)
    /// Whether the server does not know counts of decisions.
    let hasRefusedDecisions = Atomic<Bool>(false)
    let maxStalenessNs: Int64
    /// An instant far enough in the past to be stale, and recent enough that a difference does not overflow.
    static let never = Int64.min / 2
    /// Asks ``run()`` to fetch policies that are due.
    let policyRequests = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))

    /// - Parameters:
    ///   - url: the server's URL: `http://127.0.0.1:7979`.
    ///   - token: the secret of a worker's token; `nil` for a server without tokens.
    ///   - configuration: where calls are decided, how stale the panel may be, and what decides without a server.
    ///   - http: the client that sends the requests; if `nil`, one that all instances share.
    ///   - logger: logs when the server becomes unreachable and when it is back.
    public convenience init(
        url: String,
        token: String? = nil,
        configuration: Configuration = Configuration(),
        http: HTTPClient? = nil,
        logger: Logger = Logger(label: "fusebox")
    ) {
        self.init(
            url: url,
            token: token,
            configuration: configuration,
            http: http,
            logger: logger,
            clock: SystemClock()
        )
    }

    /// - Parameter longestRequest: how long the library waits for the server's answer; callers stop waiting earlier.
    package init(
        url: String,
        token: String? = nil,
        configuration: Configuration = Configuration(),
        http: HTTPClient? = nil,
        logger: Logger,
        clock: any WorkerClock,
        longestRequest: TimeAmount = Fusebox.longestRequest
    ) {
        let staleness = configuration.maxStaleness
        precondition(
            staleness >= .seconds(1) && staleness <= .seconds(3_600),
            "maxStaleness must be 1 s to an hour, not \(staleness)"
        )
        self.configuration = configuration
        self.clock = clock
        self.logger = logger
        client = FuseboxClient(url: url, token: token, timeout: longestRequest, http: http)
        reportSender = ReportSender(capacity: configuration.waitingOutcomes)
        maxStalenessNs = staleness.inNs
        reporter = cut(configuration.reporter, toLength: Limits.reporterLength)
        willSendAtExit()
    }

    /// Logs a message.
    /// - Parameter texts: the metadata. It is made printable, because the server may have sent it.
    func log(
        _ level: Logger.Level,
        _ message: Logger.Message,
        _ texts: @autoclosure () -> [String: String] = [:],
        file: String = #fileID,
        function: String = #function,
        line: UInt = #line
    ) {
        logger.log(
            level: level,
            message,
            metadata: texts().mapValues { Logger.MetadataValue.string($0.printable) },
            file: file,
            function: function,
            line: line
        )
    }

    /// Long enough for a commit on a busy disk, and short enough not to hold up the sending of outcomes.
    package static let longestRequest = TimeAmount.seconds(10)

    // MARK: Breakers

    /// Whether a breaker may have this name: 1 to 128 characters of `A-Z a-z 0-9 . _ : -`, starting with a letter or
    /// digit.
    public static func isName(_ name: String) -> Bool { BreakerName(name) != nil }

    /// The breaker of this name, which all workers share. If the server does not know the name, the first call creates
    /// the breaker.
    ///
    /// - Parameters:
    ///   - name: a name that ``isName(_:)`` accepts.
    ///   - classify: how an error that ended a call counts; ``CallOutcome/standard(_:)-(Error)`` by default.
    public func breaker(
        _ name: String,
        classify: @escaping @Sendable (any Error) -> CallOutcome = CallOutcome.standard
    ) -> SharedBreaker {
        SharedBreaker(fusebox: self, entry: entry(name), classify: classify)
    }

    /// The breaker of this name, for calls that return a `Value`. A returned value may count as a failure, and a
    /// fallback may replace it.
    ///
    /// - Parameters:
    ///   - name: a name that ``isName(_:)`` accepts.
    ///   - type: the type that the calls return.
    ///   - classify: how a call's result counts: the returned value, or the error that ended the call.
    ///   - fallback: supplies a value if a call is denied or fails; none by default.
    public func breaker<Value: Sendable>(
        _ name: String,
        of type: Value.Type = Value.self,
        classify: @escaping @Sendable (Result<Value, any Error>) -> CallOutcome = CallOutcome.standard,
        fallback: Fallback<Value>? = nil
    ) -> ValueBreaker<Value> {
        ValueBreaker(fusebox: self, entry: entry(name), classify: classify, fallback: fallback)
    }

    private func entry(_ name: String) -> BreakerEntry {
        precondition(Self.isName(name), "\(name) is not a breaker's name")
        let entry = panel.entry(name)
        policyRequests.continuation.yield()
        return entry
    }
}
