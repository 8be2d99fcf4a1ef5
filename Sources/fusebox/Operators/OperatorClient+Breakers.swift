import BreakerAPI
import Foundation

extension OperatorClient {
    /// Reads all pages of a list as one document. The document has a next page only if `limit` cut the list off.
    ///
    /// - Parameters:
    ///   - key: the member that holds the items.
    ///   - limit: the maximum number of items.
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
            else { throw ServerFailure(description: "the answer of \(address.url)\(path) is not a list") }
            // The other members come from the first page.
            document.merge(object) { first, _ in first }
            items += more
            token = object["next_page_token"] as? String ?? ""
            progress(items.count)
        } while !token.isEmpty && items.count < limit
        document[key] = items
        document["next_page_token"] = token
        return try JSONSerialization.data(withJSONObject: document)
    }

    /// The maximum page size of a server.
    private static let pageSize = 1_000

    func breaker(_ name: String) async throws -> Reply { try await get(Paths.breaker(name)) }
}
