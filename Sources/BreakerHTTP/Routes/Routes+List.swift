import BreakerAPI
import BreakerCore
import BreakerEngine

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
