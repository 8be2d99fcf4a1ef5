import AsyncHTTPClient
import BreakerAPI
import Foundation
import NIOCore

/// Follows a server's changes, and resumes after a lost connection: each change is delivered once, in order, and none
/// is missed.
struct ChangeFollower {
    enum Event {
        /// A line of the stream, and its document.
        case line(Data, EventDocument)
        /// The connection is lost; the follower reconnects.
        case away(any Error)
    }

    private var client: OperatorClient
    private let filter: OperatorClient.Query
    /// The id of the last change that was delivered or filtered out; the revision if the server sends no epochs.
    private var position: String?
    private var hasBegun = false
    private var delays = RetryDelays()

    /// The interval of heartbeats on an idle stream, and the silence after which the connection is given up.
    static let heartbeat = Duration.seconds(2)
    private static let silence = TimeAmount.seconds(8)

    /// - Parameter filter: the stream's query parameter `name` or `prefix`.
    init(_ address: ServerAddress, _ filter: OperatorClient.Query) {
        client = OperatorClient(address: address, silence: Self.silence)
        self.filter = filter
    }

    /// Follows the changes until the task is cancelled.
    /// - Throws: if the first attempt fails or the server refuses, and the errors of `take`.
    mutating func follow(_ take: (Event) async throws -> Void) async throws {
        while true {
            do {
                try await connect(take)
                throw ServerFailure(description: "\(client.address.url) ended the stream", isUnreachable: true)
            } catch {
                guard !Task.isCancelled else { throw CancellationError() }
                guard hasBegun, Self.mayPass(error) else { throw error }
                try await take(.away(error))
                try await Task.sleep(for: delays.next())
            }
        }
    }

    private mutating func connect(_ take: (Event) async throws -> Void) async throws {
        let heartbeat: OperatorClient.Query = [("heartbeat_ms", "\(Int64(Self.heartbeat.seconds * 1_000))")]
        try await client.lines(Paths.events, filter + heartbeat + [("after", position)]) { line in
            let event = try OperatorClient.Reply(body: line).decoded(as: EventDocument.self)
            hasBegun = true
            delays = RetryDelays()
            try await take(.line(line, event))
            position = event.id ?? event.revision.map { String($0) } ?? position
            return true
        }
    }

    /// Whether an error is temporary: the server is unreachable, starting, or overloaded.
    static func mayPass(_ error: any Error) -> Bool {
        if let problem = error as? ServerProblem { return problem.status >= 500 || problem.status == 429 }
        return (error as? ServerFailure)?.isUnreachable ?? false
    }
}

/// The delays before further attempts. They double from 0.5 s up to 5 s, and are jittered so that clients do not retry
/// together.
struct RetryDelays {
    private var longest = Duration.milliseconds(500)
    private static let limit = Duration.seconds(5)

    /// A random time from half of the longest delay to all of it.
    mutating func next() -> Duration {
        defer { longest = min(longest * 2, Self.limit) }
        return longest * Double.random(in: 0.5...1)
    }
}
