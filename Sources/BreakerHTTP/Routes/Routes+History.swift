import BreakerAPI
import BreakerCore
import BreakerEngine
import HTTPTypes
import Hummingbird
import NIOCore

extension Routes {
    /// The logs of failures and transitions, newest first.
    static func logs(_ engine: Engine) -> [Route] {
        [
            Route(.get, Paths.failures(Route.name), .read) { context in
                let name = try context.breakerName()
                let filters = ["failures", name.value]
                let page = try Page(context.query, filters: filters)
                let before = try page.afterNumber()
                let failures = try await engine.failures(of: name, before: before, limit: page.size)
                let (items, next) = page.cut(failures, filters: filters) { String($0.number) }
                let documents = items.map { FailureDocument($0) }
                return .json(FailureListDocument(failures: documents, nextPageToken: next))
            },
            Route(.get, Paths.transitions(Route.name), .read) { context in
                let name = try context.breakerName()
                let filters = ["transitions", name.value]
                let page = try Page(context.query, filters: filters)
                let before = try page.afterNumber()
                let transitions = try await engine.transitions(of: name, before: before, limit: page.size)
                let (items, next) = page.cut(transitions, filters: filters) { String($0.revision) }
                let documents = items.map { TransitionDocument($0) }
                return .json(TransitionListDocument(transitions: documents, nextPageToken: next))
            },
            Route(.get, Paths.transitions, .read) { context in
                let filters = ["transitions", context.access.scope.description]
                let page = try Page(context.query, filters: filters)
                let before = try page.afterNumber()
                let rows = try await engine.transitions(
                    visible: context.access.scope,
                    before: before,
                    limit: page.size
                )
                let (items, next) = page.cut(rows, filters: filters) { String($0.transition.revision) }
                let documents = items.map { NamedTransitionDocument($0.transition, of: $0.name) }
                return .json(TransitionListDocument(transitions: documents, nextPageToken: next))
            },
        ]
    }

    static func explanation(_ engine: Engine) -> [Route] {
        [
            Route(.get, Paths.explanation(Route.name), .read) { context in
                let name = try context.breakerName()
                return .json(ExplanationDocument(try await engine.explanation(of: name)))
            }
        ]
    }

    /// The history of calls, and the summary of failures.
    static func history(_ engine: Engine) -> [Route] {
        [
            Route(.get, Paths.history(Route.name), .read) { context in
                let name = try context.breakerName()
                let minutes = HTTPLimits.historyMinutes
                let period = try Period(
                    context.query,
                    defaultMinutes: 60,
                    maximumMinutes: minutes,
                    now: engine.clock.now()
                )
                let length = try context.query.step()
                let steps = CallHistory.Steps(from: period.from, to: period.to, length: length)
                let history = try await engine.history(of: name, in: steps)
                return .json(HistoryDocument(history, of: name))
            },
            Route(.get, Paths.failureSummary(Route.name), .read) { context in
                let name = try context.breakerName()
                let period = try Period(
                    context.query,
                    defaultMinutes: HTTPLimits.historyMinutes,
                    maximumMinutes: nil,
                    now: engine.clock.now()
                )
                let summary = try await engine.failureSummary(of: name, from: period.from, to: period.to)
                return .json(FailureSummaryDocument(summary, of: name, from: period.from, to: period.to))
            },
        ]
    }

    /// The items of a list, each with the history of its calls in the last hour.
    static func withHistory(_ engine: Engine, _ views: [BreakerView]) async throws -> [ListedBreakerDocument] {
        let steps = CallHistory.Steps(
            endingAt: engine.clock.now(),
            length: HTTPLimits.listHistoryStep,
            count: Int(HTTPLimits.listHistoryMinutes / HTTPLimits.listHistoryStep)
        )
        let histories = try await engine.histories(of: views, in: steps)
        return zip(views, histories).map { view, history in
            ListedBreakerDocument(BreakerDocument(view), history: ListedBreakerDocument.History(history))
        }
    }
}

/// The period between two instants.
struct Period {
    let from: Instant
    /// The end of the period, which is not a part of it.
    let to: Instant

    /// Reads `from` and `to`.
    ///
    /// - Parameters:
    ///   - defaultMinutes: the length of the period if the query does not set it.
    ///   - maximumMinutes: the maximum length; `nil` for no limit.
    init(_ query: Query, defaultMinutes: Int64, maximumMinutes: Int64?, now: Instant) throws(Problem) {
        // The period includes the present instant.
        let to = try query.instant("to") ?? now.advanced(byMilliseconds: 1)
        let from = try query.instant("from") ?? to.advanced(byMilliseconds: -defaultMinutes * Minute.milliseconds)
        guard from < to else { throw .invalid("from", "must be before to, which is \(to.timestamp)") }
        // Only full minutes count, so that a client which counts back from a moment ago does not exceed the limit.
        if let maximumMinutes, from.milliseconds(until: to) / Minute.milliseconds > maximumMinutes {
            throw .invalid("from", "must be at most \(maximumMinutes / 1_440) days before to, which is \(to.timestamp)")
        }
        (self.from, self.to) = (from, to)
    }
}

extension Query {
    /// The length of a step in minutes, from `1m`, `5m`, `1h` or `1d`; one minute unless the query sets it.
    fileprivate func step() throws(Problem) -> Int64 {
        guard let text = self["step"] else { return 1 }
        let units: [Character: Int64] = ["m": 1, "h": 60, "d": 1_440]
        guard let unit = text.last.flatMap({ units[$0] }), let count = Int64(text.dropLast()),
            text.first?.isASCII == true, text.first?.isNumber == true,
            (1...HTTPLimits.historyMinutes / unit).contains(count)
        else { throw .invalid("step", "must be minutes, hours or days as in 5m, 1h or 1d, at most 7d") }
        return count * unit
    }
}

extension Routes {
    /// The audit log: operators' orders and their authors.
    ///
    /// - Parameter gatekeeper: decides how long a client may read an export.
    static func audit(_ engine: Engine, gatekeeper: Gatekeeper) -> [Route] {
        [
            Route(sending: .get, Paths.audit, .read) { context in
                let wanted = context.fields[.accept] ?? ""
                guard wanted.lowercased().contains(linesType) else {
                    return .whole(try await page(engine, try AuditFilter(context, context.access), context))
                }
                let access = try LastingAccess(
                    gatekeeper,
                    context.fields,
                    certificate: context.certificate,
                    at: engine.clock.now()
                )
                try access.access.require(.read)
                let filter = try AuditFilter(context, access.access)
                return .pieces([.contentType: linesType]) { try await export(engine, filter, access, to: &$0) }
            }
        ]
    }

    private static let linesType = "application/x-ndjson"

    private static func page(
        _ engine: Engine,
        _ filter: AuditFilter,
        _ context: RequestContext
    ) async throws -> Answer {
        let names = ["breaker", "prefix", "actor", "action", "from", "to"]
        let filters = ["audit", context.access.scope.description] + names.map { context.query[$0] ?? "" }
        let page = try Page(context.query, filters: filters)
        let before = try page.afterNumber()
        let entries = try await engine.audit(filter, before: before, limit: page.size)
        let (items, next) = page.cut(entries, filters: filters) { String($0.revision) }
        return .json(AuditListDocument(audit: items.map { AuditEntryDocument($0) }, nextPageToken: next))
    }

    /// Writes all entries as lines, with at most one page of them in memory. A client that reads slowly may take long,
    /// so each page needs an access that is still valid.
    private static func export(
        _ engine: Engine,
        _ filter: AuditFilter,
        _ access: LastingAccess,
        to writer: inout any ResponseBodyWriter
    ) async throws {
        var access = access
        var before: Int64?
        let size = HTTPLimits.pageSize.upperBound
        while true {
            try access.require(at: engine.clock.now())
            let entries = try await engine.audit(filter, before: before, limit: size)
            var lines: [UInt8] = []
            for entry in entries.prefix(size) {
                AuditEntryDocument(entry).write(into: &lines)
                lines.append(UInt8(ascii: "\n"))
            }
            if !lines.isEmpty { try await writer.write(ByteBuffer(bytes: lines)) }
            guard entries.count > size else { return }
            before = entries[size - 1].revision
        }
    }
}

extension AuditFilter {
    /// - Parameter access: limits the entries to the breakers that it may use.
    fileprivate init(_ context: RequestContext, _ access: Access) throws(Problem) {
        self.init()
        let query = context.query
        breaker = try query["breaker"].map { name throws(Problem) in
            try DecisionRequest.name(name, field: "breaker")
        }
        prefix = query["prefix"] ?? ""
        visible = access.scope
        actor = query["actor"]
        if let text = query["action"] {
            action = AuditEntry.Action(rawValue: text)
            guard action != nil else {
                let actions = AuditEntry.Action.allCases.map(\.rawValue).joined(separator: ", ")
                throw .invalid("action", "must be one of \(actions)")
            }
        }
        from = try query.instant("from")
        to = try query.instant("to")
    }
}
