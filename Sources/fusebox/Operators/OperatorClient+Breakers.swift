import BreakerAPI
import Foundation

extension OperatorClient {
    /// All pages of a list as one document; it has a next page only where `limit` cut it off.
    ///
    /// - Parameters:
    ///   - key: the member that has the items.
    ///   - limit: how many items there are at most.
    func list(
        _ path: String,
        _ query: Query = [],
        key: String,
        limit: Int = .max,
        progress: (Int) -> Void = { _ in }
    ) async throws -> Data {
        var document: [String: Any] = [:]
        var items: [Any] = []
        var token = ""
        repeat {
            let size = min(limit - items.count, Self.pageSize)
            let page = try await get(
                path,
                query + [("page_size", "\(size)"), ("page_token", token.isEmpty ? nil : token)]
            )
            guard let object = try? JSONSerialization.jsonObject(with: page.body) as? [String: Any],
                let more = object[key] as? [Any]
            else { throw ServerFailure(description: "\(place.url)\(path) answered something that is no list") }
            // What stands beside the items is of the same moment as the first of them.
            document.merge(object) { first, _ in first }
            items += more
            token = object["next_page_token"] as? String ?? ""
            progress(items.count)
        } while !token.isEmpty && items.count < limit
        document[key] = items
        document["next_page_token"] = token
        return try JSONSerialization.data(withJSONObject: document)
    }

    /// The largest page that a server gives.
    private static let pageSize = 1_000

    func breaker(_ name: String) async throws -> Reply { try await get(Paths.breaker(name)) }
}
