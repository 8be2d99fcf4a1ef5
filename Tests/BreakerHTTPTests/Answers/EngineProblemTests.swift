import BreakerAPI
import EngineSupport
import HTTPTypes
import NIOHTTP1
import Testing

@testable import BreakerEngine
@testable import BreakerHTTP

@Suite("Engine errors as problem documents")
struct EngineProblemTests {
    @Test("Every error code of the engine has a problem code of the same name", arguments: EngineError.Code.allCases)
    func codes(code: EngineError.Code) throws {
        let problem = Problem(EngineError(code, "in words"))
        #expect(problem.code.rawValue == code.rawValue)
        #expect(problem.detail == "in words")
        let isTemporary = [.storageUnavailable, .outcomeUnknown, .overloaded, .shuttingDown].contains(code)
        let answer = Answer(problem)
        #expect((answer.status.code == 503) == isTemporary)
        #expect((answer.retryAfterSeconds == 1) == isTemporary)
        #expect(answer.fields[.cacheControl] == "no-store")
    }

    @Test(
        "Each problem code has the status that the contract gives",
        arguments: [
            (400, [.malformedRequest, .invalidRequest, .invalidPolicy]), (401, [.unauthorized]),
            (403, [.forbidden, .crossSite, .unknownHost]),
            (404, [.notFound, .unknownBreaker]), (405, [.methodNotAllowed]), (408, [.requestTimeout]),
            (409, [.reportIDConflict, .forced, .invalidTokens]), (412, [.preconditionFailed]), (413, [.bodyTooLarge]),
            (415, [.unsupportedEncoding]), (422, [.breakerLimit]), (429, [.tooManySignIns, .tooManyStreams]),
            (431, [.headersTooLarge]), (500, [.internalError]),
            (501, [.notImplemented]),
            (503, [.storageUnavailable, .outcomeUnknown, .overloaded, .shuttingDown]),
        ] as [(Int, [ProblemCode])]
    )
    func statuses(status: Int, codes: [ProblemCode]) {
        #expect(ProblemCode.allCases.filter { $0.status == status } == codes)
    }

    @Test("Several faults are reported in one problem document")
    func faults() {
        let problem = Problem.invalid([.init(field: "a", detail: "is bad"), .init(field: "b", detail: "is worse")])
        let text = String(decoding: problem.document.bytes, as: UTF8.self)
        #expect(
            text == #"""
                {"type":"urn:fusebox:problem:invalid_request","title":"Invalid request","status":400,\#
                "detail":"a is bad; b is worse","code":"invalid_request",\#
                "errors":[{"field":"a","detail":"is bad"},{"field":"b","detail":"is worse"}]}
                """#
        )
    }

    @Test("A full write queue refuses requests that need a write, and the panel continues to answer")
    func overloaded() async throws {
        var configuration = Engine.Configuration()
        configuration.queueCapacity = 1
        try await TestServer.with(configuration: configuration) { server in
            _ = try await server.acquire("a")
            try await server.engine.whileWriterStands { standstill in
                async let queued = server.report("a", "outcome=failure")
                await server.engine.waitForQueue(of: 1)
                for (path, body) in [
                    ("/v1/breakers/b/acquire", nil), ("/v1/breakers/a/report?outcome=success", nil),
                    ("/v1/reports", #"{"reports":[{"name":"a","outcome":"success"}]}"#), ("/v1/breakers/a/reset", nil),
                ] {
                    let answer = try await server.send(.POST, path, body)
                    answer.expectProblem(.overloaded)
                    #expect(answer["retry-after"] == "1")
                }
                #expect(try await server.acquire("a").text == #"{"allowed":true,"state":"closed","permit":"1"}"#)
                standstill.end()
                #expect(try await queued.text == #"{"applied":true,"state":"closed","generation":1}"#)
            }
        }
    }

    @Test("A command that has waited past its deadline is refused without effect")
    func deadline() async throws {
        try await TestServer.with { server in
            try await server.engine.whileWriterStands { standstill in
                async let late = server.acquire("a")
                await server.engine.waitForQueue(of: 1)
                server.clock.advance(byMs: 5_001)
                standstill.end()
                try await late.expectProblem(.overloaded)
            }
            try await server.send(.GET, "/v1/breakers/a").expectProblem(.unknownBreaker)
        }
    }
}
