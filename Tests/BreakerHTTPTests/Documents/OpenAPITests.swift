import BreakerAPI
import BreakerCore
import BreakerEngine
import EngineSupport
import Foundation
import HTTPTypes
import Logging
import Testing

@testable import BreakerHTTP

@Suite("openapi.yaml describes what the server does")
struct OpenAPITests {
    private static let methods = ["get", "put", "post", "delete", "options", "head", "patch", "trace"]

    @Test("openapi.yaml has exactly the paths and methods of the server")
    func routes() async throws {
        let documented = try Self.operations().map { "\($0.method) \($0.path)" }
        let served = try await Self.routes().map { "\($0.method.rawValue) \($0.path)" }
        #expect(Set(documented).subtracting(served).sorted() == [], "documented, but not served")
        #expect(Set(served).subtracting(documented).sorted() == [], "served, but not documented")
    }

    @Test("The table of paths has exactly the paths of the server")
    func paths() async throws {
        let served = Set(try await Self.routes().map(\.path))
        #expect(Paths.templates.sorted() == served.sorted())
    }

    @Test("openapi.yaml has exactly the problem codes of the server")
    func codes() throws {
        let schemas = try OpenAPI.map(OpenAPI.document()["components"], "schemas")
        let problem = try OpenAPI.map(schemas, "Problem")
        let code = try OpenAPI.resolved(try OpenAPI.map(problem, "properties")["code"])
        let documented = try #require(code["enum"] as? [String])
        #expect(documented.sorted() == ProblemCode.allCases.map(\.rawValue).sorted())
    }

    @Test("openapi.yaml has every reason why a report is not applied, in order of precedence")
    func reasons() throws {
        let schemas = try OpenAPI.map(OpenAPI.document()["components"], "schemas")
        let documented = try #require(try OpenAPI.map(schemas, "Reason")["enum"] as? [String])
        #expect(documented == ReportAnswer.Refusal.allCases.map(\.rawValue))
    }

    @Test("openapi.yaml has the report fields that a batch accepts, with their ranges")
    func report() throws {
        let schemas = try OpenAPI.map(OpenAPI.document()["components"], "schemas")
        let fields = try OpenAPI.map(OpenAPI.map(schemas, "Report"), "properties")
        for field in fields.keys {
            #expect(field.utf8.withContiguousStorageIfAvailable { ReportField($0) } != .some(nil), "\(field)")
        }
        #expect(fields.count == ReportField.allCases.count - 1, "all but the name")
        for (field, range) in [("duration_ms", Limits.durationMs), ("age_ms", Limits.reportAgeMs)] {
            let documented = try OpenAPI.map(fields, field)
            #expect(documented["minimum"] as? Int == Int(range.lowerBound), "\(field)")
            #expect(documented["maximum"] as? Int == Int(range.upperBound), "\(field)")
        }
    }

    @Test("openapi.yaml has exactly the fields of a policy, with their defaults and ranges")
    func policy() throws {
        let schemas = try OpenAPI.map(OpenAPI.document()["components"], "schemas")
        let fields = try OpenAPI.map(OpenAPI.map(schemas, "PolicyFields"), "properties")
        #expect(fields.keys.sorted() == PolicyField.allCases.map(\.rawValue).sorted())
        for field in PolicyField.allCases {
            let documented = try OpenAPI.map(fields, field.rawValue)
            // In the description, because generated clients send a `default` with each request.
            let text = try #require(documented["description"] as? String)
            let stated = text.firstMatch(of: /([0-9 ]+) by default|default is ([0-9 ]+)/).flatMap { $0.1 ?? $0.2 }
            let defaultValue = stated.flatMap { Double($0.filter { $0 != " " }) }
            #expect(defaultValue == field.defaultValue.asDecimal, "\(field)")
            guard case .integer(let range) = field.range else { continue }
            #expect(documented["minimum"] as? Int == Int(range.lowerBound), "\(field)")
            #expect(documented["maximum"] as? Int == Int(range.upperBound), "\(field)")
        }
    }

    @Test("openapi.yaml has, for every operation, the errors that its route can return")
    func errors() async throws {
        let operations = try Self.operations()
        for route in try await Self.routes() {
            guard
                let operation = operations.first(where: { $0.method == route.method.rawValue && $0.path == route.path })
            else { continue }
            let missing = Self.statuses(of: route).subtracting(operation.statuses)
            #expect(
                operation.statuses.contains("default") || missing.isEmpty,
                "\(route.method) \(route.path): \(missing.sorted())"
            )
        }
    }

    /// The error statuses that follow from a route's path, method and requirement.
    private static func statuses(of route: Route) -> Set<String> {
        var statuses: Set<String> = []
        if route.requirement != .none { statuses.formUnion(["401", "403"]) }
        if route.path.contains(Route.name) { statuses.insert("400") }
        let isDecision = route.requirement == .work
        if route.path.contains(Route.name), !isDecision, route.method != .put || route.path.hasSuffix("/override") {
            statuses.insert("404")
        }
        if isDecision || route.requirement == .steer { statuses.insert("503") }
        if isDecision, route.path.contains(Route.name) { statuses.insert("422") }
        if route.path.hasSuffix("/report") { statuses.formUnion(["409", "413", "415"]) }
        return statuses
    }

    private static func routes() async throws -> [Route] {
        try await RunningEngine.with { running in
            Routes.all(
                engine: running.engine,
                readiness: Readiness(),
                failures: AuthenticationFailures(
                    meters: HTTPMeters(),
                    clock: running.clock,
                    logger: Logger(label: "test")
                )
            )
        }
    }

    private struct Operation {
        var method: String
        var path: String
        var statuses: Set<String>
    }

    private static func operations() throws -> [Operation] {
        let paths = try #require(try OpenAPI.document()["paths"] as? [String: Any], "there are no paths")
        return try paths.flatMap { path, item in
            let item = try OpenAPI.resolved(item)
            return try item.filter { methods.contains($0.key) }.map { method, operation in
                let responses = try #require(try OpenAPI.resolved(operation)["responses"] as? [AnyHashable: Any])
                return Operation(
                    method: method.uppercased(),
                    path: path,
                    statuses: Set(responses.keys.map { "\($0.base)" })
                )
            }
        }
    }
}
