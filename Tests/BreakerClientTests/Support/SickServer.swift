import AsyncHTTPClient
import BreakerHTTP
import HTTPTypes
import Hummingbird
import HummingbirdCore
import Logging
import NIOConcurrencyHelpers
import NIOCore
import NIOHTTP1
import TestSupport

/// A server that answers as the test says, in front of the real one. It shows a client the effects of a failing
/// network, an overloaded proxy or a full disk.
final class SickServer: Sendable {
    enum Conduct: Sendable {
        case healthy
        /// It answers with an HTTP status and a body.
        case answers(Int, _ body: String = "")
        /// It accepts the request and does not answer.
        case silent
        /// It begins its answer and never ends it.
        case stalls
        /// It executes the request at once, and answers when the test says so.
        case late
        /// It executes the request, and the answer is lost.
        case losesAnswer
    }

    private struct State {
        var conduct: @Sendable (_ path: String) -> Conduct = { _ in .healthy }
        var seen: [String: Int] = [:]
        var isLateOver = false
    }

    let port: Int
    private let state: NIOLockedValueBox<State>

    var url: String { "http://127.0.0.1:\(port)" }

    private init(port: Int, state: NIOLockedValueBox<State>) {
        self.port = port
        self.state = state
    }

    /// Sets the conduct from the next request on.
    func behaves(_ conduct: @escaping @Sendable (_ path: String) -> Conduct) {
        state.withLockedValue { state in
            state.conduct = conduct
            state.isLateOver = false
        }
    }

    /// Sends the answers that are late.
    func answerLate() { state.withLockedValue { $0.isLateOver = true } }

    /// The number of requests whose path ends with `end`.
    func requests(_ end: String) -> Int {
        state.withLockedValue { $0.seen.reduce(0) { $0 + ($1.key.hasSuffix(end) ? $1.value : 0) } }
    }

    /// Runs `body` with a sick server in front of `server`, and then stops it together with the requests that it never
    /// answered.
    static func with<Value: Sendable>(
        _ server: LiveServer,
        _ body: @Sendable (SickServer) async throws -> Value
    ) async throws -> Value {
        let state = NIOLockedValueBox(State())
        let (ports, portFound) = AsyncStream.makeStream(of: Int.self)
        var logger = Logger(label: "sick")
        logger.logLevel = .critical
        let application = Application(
            responder: CallbackResponder<BasicRequestContext> { request, _ in
                try await respond(to: request, from: server.url, state)
            },
            server: .plain,
            configuration: .init(address: .hostname("127.0.0.1", port: 0)),
            onServerRunning: { portFound.yield($0.localAddress?.port ?? 0) },
            logger: logger
        )
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try? await application.run() }
            guard let port = await ports.first(where: { _ in true }) else { preconditionFailure("no port") }
            let sick = SickServer(port: port, state: state)
            LiveServer.addClock(of: server, at: sick.url)
            defer { LiveServer.removeClock(at: sick.url) }
            let value = try await body(sick)
            group.cancelAll()
            return value
        }
    }

    private static func respond(
        to request: Request,
        from url: String,
        _ state: NIOLockedValueBox<State>
    ) async throws -> Response {
        let conduct = state.withLockedValue { state in
            state.seen[request.uri.path, default: 0] += 1
            return state.conduct(request.uri.path)
        }
        switch conduct {
        case .healthy: return try await pass(request, to: url)
        case .answers(let status, let body):
            return Response(status: .init(code: status), body: .init(byteBuffer: ByteBuffer(string: body)))
        case .silent:
            try await Task.sleep(for: .seconds(3_600))
            return Response(status: .gatewayTimeout)
        case .stalls:
            return Response(
                status: .ok,
                body: .init { writer in
                    try await writer.write(ByteBuffer(string: "{"))
                    try await Task.sleep(for: .seconds(3_600))
                    try await writer.finish(nil)
                }
            )
        case .late:
            let answer = try await pass(request, to: url)
            while !state.withLockedValue({ $0.isLateOver }) { try await Task.sleep(for: .milliseconds(5)) }
            return answer
        case .losesAnswer:
            _ = try await pass(request, to: url)
            return Response(status: .badGateway)
        }
    }

    private static func pass(_ request: Request, to url: String) async throws -> Response {
        var outgoing = HTTPClientRequest(url: url + request.uri.description)
        outgoing.method = .init(rawValue: request.method.rawValue)
        for field in request.headers
        where ["accept", "authorization", "last-event-id"].contains(field.name.canonicalName) {
            outgoing.headers.add(name: field.name.rawName, value: field.value)
        }
        outgoing.body = .bytes(try await request.body.collect(upTo: 1 << 22))
        let answer = try await HTTPClient.shared.execute(outgoing, deadline: .distantFuture)
        return Response(status: .init(code: Int(answer.status.code)), body: .init(asyncSequence: answer.body))
    }
}
