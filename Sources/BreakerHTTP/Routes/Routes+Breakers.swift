import BreakerAPI
import BreakerCore
import BreakerEngine
import BreakerText
import HTTPTypes

extension Routes {
    /// Breakers and their policies.
    static func breakers(_ engine: Engine) -> [Route] {
        let one = Paths.breaker(Route.name)
        return [
            Route(.get, Paths.breakers, .read) { try await list(engine, $0) },
            Route(.delete, Paths.breakers, .steer, parameters: ["prefix"]) { context in
                guard context.body.isEmpty else { throw Problem.invalid("body", "must be empty: use ?prefix=") }
                guard let prefix = context.query["prefix"], !prefix.isEmpty else {
                    throw Problem.invalid("prefix", "is required and must not be empty")
                }
                try context.access.require(prefix: prefix)
                let count = try await engine.deleteAll(prefix: prefix, actor: context.author)
                return .json(DeletedDocument(deleted: count))
            },
            Route(.get, one, .readOne) { context in
                let name = try context.breakerName()
                return .breaker(try await engine.breaker(name))
            },
            Route(.put, one, .steer) { context in
                let name = try context.breakerName()
                let policy = try PolicyBody.policy(put: context.body)
                let precondition = try context.precondition()
                let (view, isNew) = try await engine.putPolicy(
                    policy,
                    of: name,
                    actor: context.author,
                    if: precondition
                )
                return .policy(of: view, status: isNew ? .created : .ok)
            },
            Route(.patch, one, .steer) { context in
                let name = try context.breakerName()
                let document = try PolicyBody.document(patch: context.body)
                let precondition = try context.precondition()
                return .policy(
                    of: try await engine.patchPolicy(document, of: name, actor: context.author, if: precondition)
                )
            },
            Route(.delete, one, .steer) { context in
                let name = try context.breakerName()
                let precondition = try context.precondition()
                try await engine.delete(name, actor: context.author, if: precondition)
                return Answer(status: .noContent)
            },
        ]
    }
}

extension RequestContext {
    /// The precondition of `if-match` or `if-none-match`; `nil` where neither is present.
    fileprivate func precondition() throws(Problem) -> Engine.Precondition? {
        switch (fields[.ifMatch], fields[.ifNoneMatch]) {
        case (nil, nil): return nil
        case (let tags?, nil):
            if tags == "*" { return .exists }
            return .revision(in: Set(tags.split(separator: ",").compactMap { PolicyTag.revision(String($0)) }))
        case (nil, "*"?): return .isNew
        case (nil, _?): throw .invalid("if-none-match", "must be *")
        case (_?, _?): throw .invalid("if-none-match", "must not be combined with if-match")
        }
    }
}

extension BreakerDocument {
    init(_ view: BreakerView) {
        self.init(
            view.breaker,
            at: view.at,
            lastSeenAt: view.lastSeenAt,
            allowed: Int64(view.decisions.allowed),
            denied: Int64(view.decisions.denied)
        )
    }
}

extension Answer {
    static func breaker(_ view: BreakerView, status: HTTPResponse.Status = .ok) -> Answer {
        var answer = Answer.json(BreakerDocument(view), status: status)
        answer.fields[.eTag] = PolicyTag.text(revision: view.breaker.policyRevision)
        return answer
    }

    /// The answer to a request that set the policy of a breaker.
    static func policy(of view: BreakerView, status: HTTPResponse.Status = .ok) -> Answer {
        let document = PolicyAnswerDocument(BreakerDocument(view), warnings: view.breaker.policy.warnings)
        var answer = Answer.json(document, status: status)
        answer.fields[.eTag] = PolicyTag.text(revision: view.breaker.policyRevision)
        return answer
    }
}

extension Routes {
    /// `GET /v1/breakers`.
    static func list(_ engine: Engine, _ context: RequestContext) async throws -> Answer {
        let query = context.query
        let filter = try BreakerFilter(query)
        let sort = try ListSort(query)
        let filters = [
            query["state"] ?? "", filter.prefix, query["override"] ?? "", query["q"] ?? "", sort.rawValue,
            context.access.scope.description,
        ]
        let page = try Page(query, filters: filters)
        let includesHistory = query["include"] == "history"
        guard includesHistory || query["include"] == nil else { throw Problem.invalid("include", "must be history") }
        let order = try sort.order(after: page.after)
        let list = try await engine.breakers(
            filter,
            visible: context.access.scope,
            order: order,
            limit: page.size
        )
        let breakers =
            includesHistory
            ? try await withHistory(engine, list.views)
            : list.views.map { ListedBreakerDocument(BreakerDocument($0)) }
        let next = list.end.map { Page.token(after: sort.key($0), filters: filters) }
        let counts = list.totals.map { BreakerListDocument.Counts($0) }
        return .json(BreakerListDocument(breakers: breakers, nextPageToken: next ?? "", counts: counts))
    }
}

/// The order of a list, and the form of its page tokens.
private enum ListSort: String {
    case name
    case attention

    init(_ query: Query) throws(Problem) {
        guard let sort = ListSort(rawValue: query["sort"] ?? "name") else {
            throw .invalid("sort", "must be name or attention")
        }
        self = sort
    }

    /// The key of a position in the list: the name, or `<rank> <progress> <name>`.
    func key(_ position: BreakerList.Position) -> String {
        switch self {
        case .name: position.name.value
        case .attention: "\(position.attention.rank) \(position.attention.progress) \(position.name)"
        }
    }

    func order(after key: String?) throws(Problem) -> BreakerList.Order {
        switch self {
        case .name:
            return .name(
                after: try key.map { name throws(Problem) in try DecisionRequest.name(name, field: "page_token") }
            )
        case .attention:
            guard let key else { return .attention(after: nil) }
            let words = key.split(separator: " ").map(String.init)
            guard words.count == 3, let rank = Int(words[0]), let progress = Double(words[1]), progress.isFinite,
                let name = BreakerName(words[2])
            else { throw .invalid("page_token", "is not a token of this list") }
            return .attention(after: .init(attention: .init(rank: rank, progress: progress), name: name))
        }
    }
}

extension BreakerFilter {
    init(_ query: Query) throws(Problem) {
        self.init(prefix: query["prefix"] ?? "", part: query["q"] ?? "")
        if let text = query["state"] {
            state = State(rawValue: text)
            if state == nil { throw .invalid("state", "must be closed, open or half_open") }
        }
        switch query["override"] {
        case nil: break
        case "any": override = .any
        case "none": override = BreakerFilter.OverrideFilter.none
        case .some(let text):
            guard let mode = Override.Mode(rawValue: text) else {
                throw .invalid("override", "must be any, none, force_open, force_closed or shadow")
            }
            override = .mode(mode)
        }
    }
}

extension BreakerListDocument.Counts {
    fileprivate init(_ totals: BreakerList.Totals) {
        self.init(
            closed: totals.closed,
            open: totals.open,
            halfOpen: totals.halfOpen,
            overridden: totals.overridden
        )
    }
}

/// A page of a list: its size and where it begins.
struct Page: Sendable {
    var size: Int
    /// The key of the last item of the previous page; `nil` for the first page.
    var after: String?

    /// Reads `page_size` and `page_token`.
    ///
    /// - Parameter filters: the filters of the list. A page token is valid only with the filters that it was given for.
    init(_ query: Query, filters: [String]) throws(Problem) {
        size = HTTPLimits.defaultPageSize
        if let given = try query.integer("page_size") {
            guard given >= 1 else { throw .invalid("page_size", "must be 1 to \(HTTPLimits.pageSize.upperBound)") }
            size = min(Int(clamping: given), HTTPLimits.pageSize.upperBound)
        }
        guard let token = query["page_token"], !token.isEmpty else { return }
        guard let parts = Self.decode(token), parts.dropLast() == filters[...] else {
            throw .invalid("page_token", "is not a token of this list with these filters")
        }
        after = parts.last
    }

    /// The number after which the page begins; `nil` for the first page.
    func afterNumber() throws(Problem) -> Int64? {
        guard let after else { return nil }
        guard let number = Int64(after) else {
            throw .invalid("page_token", "is not a token of this list")
        }
        return number
    }

    /// Cuts `items` to the page. If there are more items than the page has, `items` has one more.
    ///
    /// - Returns: the page, and the token of the next page; the token is empty where there is none.
    func cut<Item>(_ items: [Item], filters: [String], key: (Item) -> String) -> (items: [Item], next: String) {
        guard items.count > size, let last = items.prefix(size).last else { return (items, "") }
        return (Array(items.prefix(size)), Self.token(after: key(last), filters: filters))
    }

    /// The token of the page after the item with this key.
    static func token(after key: String, filters: [String]) -> String { encode(filters + [key]) }

    // A token consists of its parts in hexadecimal with hyphens between them. It is opaque, and needs no escape in a
    // query.

    private static func encode(_ parts: [String]) -> String {
        parts.map { $0.utf8.hexadecimal }.joined(separator: "-")
    }

    private static func decode(_ token: String) -> [String]? {
        var parts: [String] = []
        for part in token.split(separator: "-", omittingEmptySubsequences: false) {
            guard let bytes = [UInt8](hexadecimal: part), let text = String(validating: bytes, as: UTF8.self) else {
                return nil
            }
            parts.append(text)
        }
        return parts
    }
}
