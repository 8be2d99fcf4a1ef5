import BreakerCore
import NIOConcurrencyHelpers
import Testing

@testable import BreakerEngine

/// Short forms of the calls that tests make most.
extension Engine {
    func acquire(_ name: String, from client: Client = .server) async throws -> Decision {
        let name = try #require(BreakerName(name))
        return try await acquire(name, from: client)
    }

    @discardableResult
    func report(_ report: Report, to name: String, from client: Client = .server) async throws -> ReportAnswer {
        let name = try #require(BreakerName(name))
        return try await waitForReply { self.report(report, to: name, from: client, reply: $0) }
    }

    func breaker(_ name: String) async throws -> BreakerView {
        try await breaker(try #require(BreakerName(name)))
    }

    /// Opens a breaker that has the built-in policy.
    func trip(_ name: String) async throws {
        for _ in 1...5 { try await report(Report(.failure, kind: "timeout"), to: name) }
        #expect(try await breaker(name).breaker.state == .open)
    }

    /// Follows the changes that are committed from here on.
    func changesFromHere() async throws -> Follower {
        let (follower, first) = try await follow()
        guard case .resync(.start, _) = first else {
            throw EngineError(.shuttingDown, "the follower received no panel at its start")
        }
        return follower
    }

    /// Whether the panel answers without the writer.
    func panelAnswers(_ name: String) throws -> Bool {
        panel.decision(for: try #require(BreakerName(name)), at: clock.now()) != nil
    }
}

extension Decision {
    var isAllowed: Bool {
        if case .allowed = self { true } else { false }
    }

    var permit: Permit? {
        if case .allowed(let permit, _, _, _) = self { permit } else { nil }
    }

    var retryAfterMs: Int64? {
        if case .denied(_, _, let milliseconds) = self { milliseconds } else { nil }
    }
}

extension Follower {
    /// The next changes; `nil` at the end. Any other event is an error.
    mutating func nextChanges() async throws -> [Journal.Change]? {
        switch try await next() {
        case nil: return nil
        case .changes(let changes)?: return changes
        case let other?: throw EngineError(.shuttingDown, "the follower received \(other) instead of changes")
        }
    }
}

extension Panel {
    /// Every name with its answer.
    var preparedAnswers: [BreakerName: PreparedAnswer] {
        entries.withLockedValue { $0.named.mapValues(\.preparedAnswer) }
    }
}
