public import AsyncHTTPClient
import BreakerCore
import Dispatch
public import Logging
import NIOConcurrencyHelpers
package import NIOCore
public import ServiceLifecycle
import Synchronization

/// The breakers of a Fusebox server, for a worker that protects its calls by them.
///
/// ```swift
/// let fusebox = Fusebox(url: "http://127.0.0.1:7979", token: secret)
/// let payments = fusebox.breaker("payments")
/// let receipt = try await payments.call { try await provider.charge(order) }
/// ```
///
/// One for a process is enough; it may be used by any task. Run it as a service, or in a task of its own, and it decides
/// in this process (see <doc:LocalDecisions>). Without that it asks the server for each call.
public final class Fusebox: Service, Sendable {
    public let configuration: Configuration
    /// The configuration's, cut to what the server takes.
    let reporter: String
    let client: FuseboxClient
    let clock: any WorkerClock
    let logger: Logger
    let panel = LocalPanel()
    let outlet: Outlet
    /// Whether the server decides.
    let reachability = NIOLockedValueBox(Reachability())
    /// Whether the server has taken outcomes since it was asked for a decision in vain.
    let hasTakenOutcomes = Atomic<Bool>(false)
    /// Those who ask the server, be it that nobody waits for the answer any more.
    let lateAttempts = DispatchGroup()
    /// The last instant as of which the panel is known to be true.
    let heardNs = Atomic<Int64>(never)
    /// When the stream said anything last, be it old.
    let readNs = Atomic<Int64>(never)
    let hasBegun = Atomic<Bool>(false)
    let isRunning = Atomic<Bool>(false)
    let isConnected = Atomic<Bool>(false)
    let hasStreamBeenRefused = Atomic<Bool>(false)
    let maxStalenessNs: Int64
    /// So long ago that it is stale, and not so long that a difference overflows.
    static let never = Int64.min / 2
    /// Tells ``run()`` that a breaker's policy is not known.
    let policyRequests = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))

    /// - Parameters:
    ///   - url: where the server is: `http://127.0.0.1:7979`.
    ///   - token: the secret of a token of a worker; `nil` for a server that has none.
    ///   - configuration: where calls are decided, how old what they are decided by may be, what happens without a server.
    ///   - http: what sends the requests; one that all share where it is `nil`.
    ///   - logger: told when the server goes away and when it is back.
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

    /// - Parameter longestRequest: the server's answer is waited for so long, by nobody but this library.
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
            "what the stream told is good for 1 s to an hour, not \(staleness)"
        )
        self.configuration = configuration
        self.clock = clock
        self.logger = logger
        client = FuseboxClient(url: url, token: token, timeout: longestRequest, http: http)
        outlet = Outlet(capacity: configuration.waitingOutcomes)
        maxStalenessNs = staleness.inNs
        reporter = cut(configuration.reporter, toLength: Limits.reporterLength)
        willSendAtExit()
    }

    /// Long enough for a commit on a disk that is busy, and short enough that who sends outcomes goes on.
    package static let longestRequest = TimeAmount.seconds(10)

    // MARK: Breakers

    /// Whether a breaker may have this name: 1 to 128 characters of `A-Z a-z 0-9 . _ : -`, the first a letter or a digit.
    public static func isName(_ name: String) -> Bool { BreakerName(name) != nil }

    /// The breaker of this name, which all workers share. A name that the server does not know gets a breaker with the
    /// first call.
    ///
    /// - Parameters:
    ///   - name: one that ``isName(_:)`` admits.
    ///   - classify: how an error that ended a call counts; ``CallOutcome/standard(_:)-(Error)`` unless it is given.
    public func breaker(
        _ name: String,
        classify: @escaping @Sendable (any Error) -> CallOutcome = CallOutcome.standard
    ) -> SharedBreaker {
        SharedBreaker(fusebox: self, entry: entry(name), classify: classify)
    }

    /// The same for calls that return a `Value`, which may count as failures too, and may be replaced.
    ///
    /// - Parameters:
    ///   - name: one that ``isName(_:)`` admits.
    ///   - type: what the calls return.
    ///   - classify: how the end of a call counts: what it returned, or the error that ended it.
    ///   - fallback: what is returned in place of a denied or failed call; nothing unless it is given.
    public func breaker<Value: Sendable>(
        _ name: String,
        of type: Value.Type = Value.self,
        classify: @escaping @Sendable (Result<Value, any Error>) -> CallOutcome = CallOutcome.standard,
        fallback: Fallback<Value>? = nil
    ) -> ValueBreaker<Value> {
        ValueBreaker(fusebox: self, entry: entry(name), classify: classify, fallback: fallback)
    }

    private func entry(_ name: String) -> BreakerEntry {
        precondition(Self.isName(name), "\(name) is no name of a breaker")
        let entry = panel.entry(name)
        policyRequests.continuation.yield()
        return entry
    }
}
