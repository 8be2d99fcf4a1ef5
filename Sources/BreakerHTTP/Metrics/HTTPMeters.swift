import HTTPTypes
import NIOConcurrencyHelpers
import Synchronization

/// Counts connections, and requests as they are answered, by route, method and status.
///
/// The lane's successful answers are counted without a lock, all others under one.
final class HTTPMeters: Sendable {
    struct Request: Hashable {
        var method: String
        /// The route's template, never a path.
        var route: String
        var status: Int
    }

    private let acquires = Atomic<UInt64>(0)
    private let reports = Atomic<UInt64>(0)
    private let others = NIOLockedValueBox<[Request: UInt64]>([:])
    private let openConnections = Atomic<Int>(0)
    private let failures = NIOLockedValueBox<[AuthenticationFailure.Reason: UInt64]>([:])

    /// Counts a request that the lane answered.
    func answered(_ decision: DecisionKind, status: HTTPResponse.Status) {
        guard status == .ok else { return count(Self.request(decision, status: status.code)) }
        switch decision {
        case .acquire: acquires.add(1, ordering: .relaxed)
        case .report: reports.add(1, ordering: .relaxed)
        }
    }

    /// Counts a request that the router answered.
    ///
    /// - Parameter route: the template; `nil` where the path matches no route.
    func answered(_ method: HTTPRequest.Method, route: String?, status: Int) {
        let known = Self.methods.contains(method)
        count(Request(method: known ? method.rawValue : Self.other, route: route ?? Self.other, status: status))
    }

    /// Counts bytes that were not a request.
    func refused(status: Int) {
        count(Request(method: Self.other, route: Self.other, status: status))
    }

    func failed(_ reason: AuthenticationFailure.Reason) {
        failures.withLockedValue { $0[reason, default: 0] += 1 }
    }

    func connectionOpened() { openConnections.add(1, ordering: .relaxed) }

    func connectionClosed() { openConnections.subtract(1, ordering: .relaxed) }

    private func count(_ request: Request) {
        others.withLockedValue { $0[request, default: 0] += 1 }
    }

    // MARK: Reading

    var connections: Int { openConnections.load(ordering: .relaxed) }

    /// The count of each reason, also where it is 0.
    var authenticationFailures: [(reason: AuthenticationFailure.Reason, count: UInt64)] {
        let counts = failures.withLockedValue { $0 }
        return AuthenticationFailure.Reason.allCases.map { ($0, counts[$0, default: 0]) }
    }

    /// The counts in a fixed order, so that a series keeps its position.
    var requests: [(request: Request, count: UInt64)] {
        var counts = others.withLockedValue { $0 }
        counts[Self.request(.acquire, status: 200), default: 0] += acquires.load(ordering: .relaxed)
        counts[Self.request(.report, status: 200), default: 0] += reports.load(ordering: .relaxed)
        return counts.sorted {
            ($0.key.route, $0.key.method, $0.key.status) < ($1.key.route, $1.key.method, $1.key.status)
        }.map { (request: $0.key, count: $0.value) }
    }

    private static func request(_ decision: DecisionKind, status: Int) -> Request {
        Request(method: HTTPRequest.Method.post.rawValue, route: decision.path, status: status)
    }

    /// The label of all unknown routes and methods, whose number is unlimited.
    static let other = "other"
    private static let methods: Set<HTTPRequest.Method> = [
        .get, .head, .post, .put, .patch, .delete, .options, .trace, .connect,
    ]
}
