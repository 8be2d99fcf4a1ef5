import AsyncHTTPClient
import BreakerAPI
import Foundation
import NIOCore

/// Follows a server's changes, and takes them up where they were left, whatever becomes of the connection: each is told
/// once, in order, and none is missed.
struct ChangeFollower {
    enum Event {
        /// A line of the stream, and what it says.
        case line(Data, ChangeDocument)
        /// The connection is lost; it is tried again.
        case away(any Error)
    }

    private var client: OperatorClient
    private let filter: OperatorClient.Query
    /// The id, or from a server that knows no epochs the revision, of the last change that was told or passed over by
    /// the filter.
    private var position: String?
    private var hasBegun = false
    private var pauses = Pauses()

    /// How often a stream in which nothing happens says that it lives, and for how long it may be silent until it is
    /// given up.
    static let heartbeat = Duration.seconds(2)
    private static let silence = TimeAmount.seconds(8)

    /// - Parameter filter: `name` or `prefix`, as the stream takes them.
    init(_ place: ServerPlace, _ filter: OperatorClient.Query) {
        client = OperatorClient(place: place, silence: Self.silence)
        self.filter = filter
    }

    /// - Throws: where the first attempt fails, where the server refuses, and what `take` throws; else it goes on until
    ///   it is cancelled.
    mutating func follow(_ take: (Event) async throws -> Void) async throws {
        while true {
            do {
                try await connect(take)
                throw ServerFailure(description: "\(client.place.url) ended the stream", isUnreachable: true)
            } catch {
                guard !Task.isCancelled else { throw CancellationError() }
                guard hasBegun, Self.mayPass(error) else { throw error }
                try await take(.away(error))
                try await Task.sleep(for: pauses.next())
            }
        }
    }

    private mutating func connect(_ take: (Event) async throws -> Void) async throws {
        let heartbeat: OperatorClient.Query = [("heartbeat_ms", "\(Int64(Self.heartbeat.seconds * 1_000))")]
        let decoder = OperatorJSON.decoder()
        try await client.lines(Paths.events, filter + heartbeat + [("after", position)]) { line in
            let change = try OperatorClient.Reply(body: line).decoded(as: ChangeDocument.self, by: decoder)
            hasBegun = true
            pauses = Pauses()
            try await take(.line(line, change))
            position = change.id ?? change.revision.map(String.init) ?? position
            return true
        }
    }

    /// A server that is away, or about to start, or has no room: it will be back.
    static func mayPass(_ error: any Error) -> Bool {
        if let problem = error as? ServerProblem { return problem.status >= 500 || problem.status == 429 }
        return (error as? ServerFailure)?.isUnreachable ?? false
    }
}

/// How long to wait before each further attempt: twice as long each time, and never as long as another client.
struct Pauses {
    private var longest = Duration.milliseconds(500)
    private static let limit = Duration.seconds(5)

    /// Between half of the longest pause and all of it.
    mutating func next() -> Duration {
        defer { longest = min(longest * 2, Self.limit) }
        return longest * Double.random(in: 0.5...1)
    }
}
