import BreakerAPI
import BreakerCore
import BreakerEngine
import HTTPTypes
import Hummingbird
import NIOCore

extension Routes {
    /// The audit log: operators' orders and their authors.
    static func audit(_ engine: Engine) -> [Route] {
        [
            Route(sending: .get, Paths.audit, .read) { context in
                let filter = try AuditFilter(context)
                let wanted = context.fields[.accept] ?? ""
                return wanted.lowercased().contains(linesType)
                    ? .pieces([.contentType: linesType]) { try await export(engine, filter, to: &$0) }
                    : .whole(try await page(engine, filter, context))
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

    /// Writes all entries as lines, with at most one page of them in memory.
    private static func export(
        _ engine: Engine,
        _ filter: AuditFilter,
        to writer: inout any ResponseBodyWriter
    ) async throws {
        var before: Int64?
        let size = HTTPLimits.pageSize.upperBound
        while true {
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
    fileprivate init(_ context: RequestContext) throws(Problem) {
        self.init()
        let query = context.query
        breaker = try query["breaker"].map { name throws(Problem) in
            try DecisionRequest.name(name, field: "breaker")
        }
        prefix = query["prefix"] ?? ""
        visible = context.access.scope
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
