import BreakerAPI
import BreakerCore
import BreakerEngine
import HTTPTypes
import Hummingbird
import NIOCore

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
