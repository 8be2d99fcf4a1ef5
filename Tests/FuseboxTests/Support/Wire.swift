import AsyncHTTPClient
import Foundation
import NIOCore
import NIOFoundationCompat
import NIOHTTP1
import TestSupport

/// Sends plain HTTP requests for cases that the client library does not cover.
struct Wire: Sendable {
    var url: String
    var token: String?

    func send(_ method: HTTPMethod, _ path: String, _ body: String? = nil, seconds: Int64 = 10) async throws -> Reply {
        var request = HTTPClientRequest(url: url + path)
        request.method = method
        if let token { request.headers.add(name: "authorization", value: "Bearer \(token)") }
        if let body { request.body = .bytes(Data(body.utf8)) }
        let response = try await HTTPClient.shared.execute(request, timeout: .seconds(seconds))
        let data = Data(buffer: try await response.body.collect(upTo: 64 << 20))
        return Reply(status: Int(response.status.code), headers: response.headers, body: data)
    }

    func get(_ path: String) async throws -> Reply { try await send(.GET, path) }

    func acquire(_ name: String) async throws -> Reply { try await send(.POST, "/v1/breakers/\(name)/acquire") }

    func fail(_ name: String, detail: String = "", id: String? = nil, permit: String? = nil) async throws -> Reply {
        let fields: [(String, String?)] = [("detail", detail), ("report_id", id), ("permit", permit)]
        let query = fields.compactMap { key, value in value.map { "&\(key)=\($0)" } }.joined()
        return try await send(.POST, "/v1/breakers/\(name)/report?outcome=failure\(query)")
    }

    func putPolicy(_ json: String, of name: String) async throws {
        let reply = try await send(.PUT, "/v1/breakers/\(name)", json)
        guard (200...201).contains(reply.status) else { throw NeverHappened(description: "\(reply)") }
    }
}

/// An answer with any status.
struct Reply: Sendable, CustomStringConvertible {
    var status: Int
    var headers: HTTPHeaders
    var body: Data

    var description: String { "\(status) \(String(decoding: body, as: UTF8.self))" }

    var object: [String: Any] { (try? JSONSerialization.jsonObject(with: body)) as? [String: Any] ?? [:] }

    func text(_ key: String) -> String? { object[key] as? String }
    func flag(_ key: String) -> Bool? { object[key] as? Bool }
    func number(_ key: String) -> Int? { object[key] as? Int }

    /// The number in a member of an object member.
    func number(_ outer: String, _ inner: String) -> Int? { (object[outer] as? [String: Any])?[inner] as? Int }

    /// The rows of a list.
    func rows(_ key: String) -> [[String: Any]] { object[key] as? [[String: Any]] ?? [] }
}
