import BreakerEngine
import HummingbirdCore
import Logging
import NIOConcurrencyHelpers
import NIOCore
import Synchronization

/// The connections of a server, bounded in number.
///
/// At the limit the server closes one connection for each new one: the longest idle of those whose client has shown no
/// token, or one that was removed since. If all clients have shown a valid one, it closes the longest idle connection
/// of the token that has the most, except those that wait for the server: a client that leaves its answers unread does
/// not. A server without tokens treats all connections alike. So there always is a descriptor for the next client.
///
/// The newest connections of strangers stay until newer ones follow, or for a second if no other can be closed.
/// Otherwise, of the connections that are accepted in one round, only the last could stay to show its token while
/// clients with tokens have all others.
final class OpenConnections: Sendable {
    private struct State {
        /// Connections of strangers: clients that have shown no token, or one that was removed. A connection that the
        /// server has asked to close is in no collection.
        var strangers: [ObjectIdentifier: OpenConnection] = [:]
        /// The newest connections of strangers, in order.
        private var newest: [OpenConnection] = []
        private(set) var authenticated: [ObjectIdentifier: OpenConnection] = [:]
        /// The number of authenticated connections of each client.
        private(set) var countByClient: [Client: Int] = [:]
        /// The strangers' connections that may be closed, the longest idle last, as of the last scan of all of them.
        var candidates: [(connection: OpenConnection, activeAt: NIODeadline)] = []
        /// The number of connections that are accepted and not closed, as the accepting event loop counts them.
        var count = 0
        /// The number of connections that were asked to close since the last line in the log.
        var unlogged = 0
        var isLogging = false
        var isRetrying = false

        mutating func addAuthenticated(_ connection: OpenConnection) {
            authenticated[ObjectIdentifier(connection.channel)] = connection
            if let client = connection.identity?.client { countByClient[client, default: 0] += 1 }
        }

        mutating func removeAuthenticated(_ id: ObjectIdentifier) {
            guard let client = authenticated.removeValue(forKey: id)?.identity?.client else { return }
            let rest = countByClient[client, default: 1] - 1
            countByClient[client] = rest > 0 ? rest : nil
        }

        /// - Parameter limit: the number of newest connections that stay.
        mutating func addStranger(_ connection: OpenConnection, keepingNewest limit: Int) {
            newest.append(connection)
            if newest.count > limit {
                let oldest = newest.removeFirst()
                strangers[ObjectIdentifier(oldest.channel)] = oldest
            }
        }

        /// Lets the newest connections of strangers be closed like their others.
        mutating func releaseNewest() {
            for connection in newest { strangers[ObjectIdentifier(connection.channel)] = connection }
            newest = []
        }

        /// Removes and returns the connection of a stranger; `nil` if there is none with this id.
        mutating func removeStranger(_ id: ObjectIdentifier) -> OpenConnection? {
            if let index = newest.firstIndex(where: { ObjectIdentifier($0.channel) == id }) {
                return newest.remove(at: index)
            }
            return strangers.removeValue(forKey: id)
        }

        /// Whether there is no room for another connection, after `more` others.
        func isFull(_ limit: Int, with more: Int = 0) -> Bool {
            strangers.count + newest.count + authenticated.count + more >= limit
        }
    }

    private let state = NIOLockedValueBox(State())
    private let limit: Int
    /// The number of newest connections of strangers that stay: those of one round, but not most of all connections.
    private var keptNewest: Int { min(Int(HTTPLimits.acceptsPerRound), limit / 8) }
    private let gatekeeper: Gatekeeper
    /// Whether clients have to show a token.
    private let hasTokens: Bool
    private let eventLoop: any EventLoop
    private let logger: Logger

    private static let retryInterval = TimeAmount.seconds(1)
    private static let logInterval = TimeAmount.minutes(1)

    /// - Parameters:
    ///   - limit: the maximum number of open connections.
    ///   - gatekeeper: has the tokens that clients have to show.
    ///   - eventLoop: schedules the lines of the log and the retries.
    init(limit: Int, gatekeeper: Gatekeeper, eventLoop: any EventLoop, logger: Logger) {
        self.limit = limit
        self.gatekeeper = gatekeeper
        hasTokens = gatekeeper.hasTokens
        self.eventLoop = eventLoop
        self.logger = logger
    }

    /// Adds a connection, and closes others if it needs room. Call this on the event loop of `channel`.
    func add(_ channel: any Channel) -> OpenConnection {
        let connection = OpenConnection(channel, isStranger: hasTokens)
        setBounds(ofStranger: hasTokens, channel)
        makeRoom(adding: connection)
        let id = ObjectIdentifier(channel)
        channel.closeFuture.whenComplete { [self] _ in
            state.withLockedValue { state in
                if state.removeStranger(id) == nil { state.removeAuthenticated(id) }
            }
        }
        return connection
    }

    /// The client of `channel` has shown a token, which gives it `access`.
    func authenticate(_ channel: any Channel, as client: Client, by access: Access) {
        guard hasTokens else { return }
        let id = ObjectIdentifier(channel)
        let isFirst = state.withLockedValue { state in
            // The token may have been removed since the request was checked.
            guard gatekeeper.knows(access), let connection = state.removeStranger(id) else { return false }
            connection.identity = (client, access)
            state.addAuthenticated(connection)
            return true
        }
        if isFirst { setBounds(ofStranger: false, channel) }
    }

    /// The tokens were replaced. A client whose token is gone is a stranger until it shows another one.
    func tokensChanged() {
        let gone = state.withLockedValue { state in
            let gone = state.authenticated.filter { !isKnown($0.value) }
            for (id, connection) in gone {
                state.removeAuthenticated(id)
                connection.identity = nil
                state.strangers[id] = connection
            }
            // The next scan puts these connections among the others, by the time for which they have been idle.
            state.candidates = []
            return Array(gone.values)
        }
        for connection in gone { setBounds(ofStranger: true, connection.channel) }
    }

    /// Whether the client has shown a token that is still one of the server's.
    private func isKnown(_ connection: OpenConnection) -> Bool {
        connection.identity.map { gatekeeper.knows($0.access) } ?? false
    }

    /// Limits the bytes of unread answers that the server and its kernel hold for a client.
    private func setBounds(ofStranger isStranger: Bool, _ channel: any Channel) {
        let bytes = HTTPLimits.strangerUnreadBytes
        let mark =
            isStranger ? ChannelOptions.Types.WriteBufferWaterMark(low: bytes / 2, high: bytes) : HTTPLimits.writeMark
        channel.setOption(.writeBufferWaterMark, value: mark).whenFailure { _ in }
        channel.limitUnsentBytes(to: isStranger ? bytes : HTTPLimits.writeMark.high)
    }

    // MARK: Room

    /// Closes connections until the next one fits.
    ///
    /// - Parameter new: the connection that has just begun, which is not closed.
    private func makeRoom(adding new: OpenConnection? = nil) {
        let (leaving, mustRetry, logs) = state.withLockedValue { state in
            var leaving: [OpenConnection] = []
            let more = new == nil ? 0 : 1
            while state.isFull(limit, with: more), let connection = nextToClose(&state) { leaving.append(connection) }
            let mustRetry = state.isFull(limit, with: more) && !state.isRetrying
            if mustRetry { state.isRetrying = true }
            let logs = (mustRetry || !leaving.isEmpty) && !state.isLogging
            if logs { state.isLogging = true }
            state.unlogged += leaving.count
            if let new { state.addStranger(new, keepingNewest: keptNewest) }
            return (leaving, mustRetry, logs)
        }
        for connection in leaving { connection.channel.pipeline.fireUserInboundEventTriggered(RoomNeeded()) }
        if logs { log() }
        guard mustRetry else { return }
        eventLoop.scheduleTask(in: Self.retryInterval) { [weak self] in
            guard let self else { return }
            state.withLockedValue { state in
                state.isRetrying = false
                // Their clients have had the time to show a token. While all others wait for the server, idle strangers
                // would otherwise keep every new client out.
                state.releaseNewest()
            }
            makeRoom()
        }
    }

    /// Removes and returns the connection that must close next; `nil` where each waits for an answer.
    private func nextToClose(_ state: inout State) -> OpenConnection? {
        for isSecondLook in [false, true] {
            if isSecondLook {
                state.candidates = state.strangers.values.filter { !$0.waitsForServer || hasTokens }
                    .map { ($0, $0.activeAt) }
                    .sorted { $0.activeAt > $1.activeAt }
            }
            while let (connection, activeAt) = state.candidates.popLast() {
                let isSame = connection.activeAt == activeAt && (!connection.waitsForServer || hasTokens)
                guard isSame, state.strangers.removeValue(forKey: ObjectIdentifier(connection.channel)) != nil else {
                    continue
                }
                return connection
            }
        }
        let idle = state.authenticated.values.filter { !$0.waitsForServer }
        let largest = state.countByClient.max { $0.value < $1.value }?.key
        let ofLargest = idle.filter { $0.identity?.client == largest }
        let oldest = (ofLargest.isEmpty ? idle : ofLargest).min { $0.activeAt < $1.activeAt }
        if let oldest { state.removeAuthenticated(ObjectIdentifier(oldest.channel)) }
        return oldest
    }

    /// Adds a connection again that was asked to close but waits for an answer. Call this on its event loop.
    func keep(_ connection: OpenConnection) {
        let id = ObjectIdentifier(connection.channel)
        state.withLockedValue { state in
            if isKnown(connection) {
                state.addAuthenticated(connection)
            } else {
                if hasTokens { connection.identity = nil }
                state.strangers[id] = connection
            }
        }
        // Deferred, because this is called while room is made, and each kept connection makes another one close.
        connection.channel.eventLoop.execute { self.makeRoom() }
    }

    /// Logs a line, and then one a minute while the limit is reached.
    private func log() {
        let count = state.withLockedValue { state in
            defer { state.unlogged = 0 }
            return state.unlogged
        }
        logger.warning(
            "The connection limit is reached; the longest idle connections are closed",
            metadata: ["closed": "\(count)", "limit": "\(limit)"]
        )
        eventLoop.scheduleTask(in: Self.logInterval) { [weak self] in
            guard let self else { return }
            let goesOn = state.withLockedValue { state in
                state.isLogging = state.unlogged > 0 || state.isFull(limit)
                return state.isLogging
            }
            if goesOn { log() }
        }
    }
}

extension OpenConnections: AvailableConnectionsDelegate {
    func connectionOpened() { state.withLockedValue { $0.count += 1 } }

    func connectionClosed() { state.withLockedValue { $0.count -= 1 } }

    func isAcceptingNewConnections() -> Bool { state.withLockedValue { $0.count < limit } }
}

/// The state of a connection that all threads can read.
final class OpenConnection: Sendable {
    let channel: any Channel
    private let activeAtNs = Atomic(NIODeadline.now().uptimeNanoseconds)
    private let served = Atomic(false)
    private let stalledAtNs = Atomic<UInt64>(0)
    private let stranger: Synchronization.Atomic<Bool>
    private let identityBox = NIOLockedValueBox<(client: Client, access: Access)?>(nil)
    private let certificateName = NIOLockedValueBox<String?>(nil)

    /// The connection whose requests this task answers.
    @TaskLocal static var current: OpenConnection?

    init(_ channel: any Channel, isStranger: Bool) {
        self.channel = channel
        stranger = Atomic(isStranger)
    }

    /// Whether the client has not shown a token yet, or one that was removed.
    var isStranger: Bool { stranger.load(ordering: .relaxed) }

    /// The client and its access, once it has shown a token; `nil` again when that token is removed.
    var identity: (client: Client, access: Access)? {
        get { identityBox.withLockedValue { $0 } }
        set {
            identityBox.withLockedValue { $0 = newValue }
            stranger.store(newValue == nil, ordering: .relaxed)
        }
    }

    /// The common name of the client's certificate, once TLS has verified it.
    var certificate: String? {
        get { certificateName.withLockedValue { $0 } }
        set { certificateName.withLockedValue { $0 = newValue } }
    }

    /// The time at which a request last began or an answer last ended.
    var activeAt: NIODeadline { .uptimeNanoseconds(activeAtNs.load(ordering: .relaxed)) }

    func touch() { activeAtNs.store(NIODeadline.now().uptimeNanoseconds, ordering: .relaxed) }

    /// Whether the client waits for an answer that only the server delays.
    var waitsForServer: Bool { isServed && !isStalled }

    /// Whether the router or the lane has a complete request of the connection.
    var isServed: Bool {
        get { served.load(ordering: .relaxed) }
        set { served.store(newValue, ordering: .relaxed) }
    }

    /// Whether the client has left an answer unread for some seconds, so that the server writes no more of it.
    var isStalled: Bool {
        let since = stalledAtNs.load(ordering: .relaxed)
        return since > 0 && NIODeadline.uptimeNanoseconds(since) + HTTPLimits.unreadTime <= .now()
    }

    /// Notes whether the connection takes more bytes.
    func noteWritability(_ isWritable: Bool) {
        stalledAtNs.store(isWritable ? 0 : NIODeadline.now().uptimeNanoseconds, ordering: .relaxed)
    }
}

/// The event that asks a connection to close to make room for another.
struct RoomNeeded: Sendable {}
