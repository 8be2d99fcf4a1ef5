import BreakerAPI
import BreakerCore
import BreakerEngine
import Foundation
import Testing

@testable import BreakerHTTP

@Suite("Reading a batch of reports")
struct ReportBatchTests {
    @Test(
        "An item of a batch is read in any form that JSON allows",
        arguments: [
            (#""outcome":"success""#, "a success"),
            (#" "outcome" : "ignored" , "kind" : "x" "#, "a ignored kind=x"),
            ("\t\"outcome\"\r\n:\n\"failure\"\t", "a failure"),
            (
                #""count":3,"report_id":"r-1","reporter":"w","detail":"d","kind":"k","age_ms":9,"duration_ms":5,"permit":"7","#
                    + #""outcome":"failure""#, "a failure permit=7 ms=5 age=9 kind=k detail=d reporter=w id=r-1 count=3"
            ),
            (#""outcome":"success","permit":"7-00000000000000ff""#, "a success permit=7-00000000000000ff"),
            (#""outc\u006fme":"succe\u0073s""#, "a success"), (#""\u006f\u0075tcome":"success""#, "a success"),
            (#""outcome":"success","duration\u005Fms":1"#, "a success ms=1"),
            (
                #""outcome":"success","permit":null,"duration_ms":null,"age_ms":null,"kind":null,"detail":null,"reporter":null,"#
                    + #""report_id":null,"count":null"#, "a success"
            ),
            (#""outcome":"success","kind":"","reporter":"","detail":"""#, "a success detail="),
            (#""outcome":"success","count":1.0"#, "a success"),
            (#""outcome":"success","count":1e2"#, "a success count=100"),
            (#""outcome":"success","count":1E+2"#, "a success count=100"),
            (#""outcome":"success","count":200e-2"#, "a success count=2"),
            (#""outcome":"success","duration_ms":-0"#, "a success ms=0"),
            (#""outcome":"success","duration_ms":86400000.0"#, "a success ms=86400000"),
            (#""outcome":"success","duration_ms":0e1"#, "a success ms=0"),
            (#""outcome":"success","duration_ms":12.4,"age_ms":12.9"#, "a success ms=12 age=12"),
            (#""outcome":"success","duration_ms":12.5,"age_ms":0.9"#, "a success ms=13"),
            (#""outcome":"success","age_ms":0"#, "a success"), (#""outcome":"success","age_ms":1"#, "a success age=1"),
            (#""outcome":"success","age_ms":900000.0"#, "a success age=900000"),
            (#""outcome":"success","ag\u0065_ms":1e2"#, "a success age=100"),
            (#""outcome":"success","duration_ms":1e-400"#, "a success ms=0"),
            (
                #""outcome":"success","detail":"\"\\\/\b\f\n\r\t\u00e9\u00E9""#,
                "a success detail=\"\\/\u{8}\u{c}\n\r\téé"
            ),
            (#""outcome":"success","detail":"\ud83d\ude00😀é\u0000""#, "a success detail=😀😀é\0"),
            (#""outcome":"success","detail":"é\u00e9\ufffe""#, "a success detail=éé\u{fffe}"),
            (
                #""outcome":"success","kind":"\#(String(repeating: "é", count: 64))""#,
                "a success kind=\(String(repeating: "é", count: 64))"
            ),
            (#""outcome":"success","Outcome":"x","names":1,"nam":1,"":0,"n\u0061mé":2,"duration-ms":"x""#, "a success"),
            (#""outcome":"success","x":[{"a":1,"b":[],"c":{}},[1.5e3,true,false,null,"\u00e9"]]"#, "a success"),
            (#""outcome":"success","x":{"name":1},"y":{"name":2,"outcome":"","x":{"y":0}}"#, "a success"),
        ]
    )
    func reads(members: String, line: String) {
        expect(#"{"reports":[{"name":"a",\#(members)}]}"#, [line])
    }

    @Test(
        "A bad item is reported with its index and field, and the other items are read",
        arguments: [
            ("7", "reports[1] must be an object, not a number"), ("[{}]", "reports[1] must be an object, not an array"),
            ("null", "reports[1] must be an object, not null"), ("true", "reports[1] must be an object, not a boolean"),
            (#""a""#, "reports[1] must be an object, not a string"),
            ("{}", "reports[1].name is required"), (#"{"name":null}"#, "reports[1].name is required"),
            (#"{"name":7,"outcome":7}"#, "reports[1].name must be a string, not a number"),
            (#"{"name":["a"]}"#, "reports[1].name must be a string, not an array"),
            (#"{"name":{"a":1}}"#, "reports[1].name must be a string, not an object"),
            (#"{"name":"b","outcome":"success"}"#, "the token t is limited to names that begin with a"),
            (#"{"name":"b","outcome":"maybe"}"#, "the token t is limited to names that begin with a"),
            (#"{"name":"a"}"#, "reports[1].outcome is required: success, failure or ignored"),
            (#"{"name":"a","outcome":"maybe"}"#, "reports[1].outcome must be success, failure or ignored"),
            (#"{"name":"a","outcome":"success","permit":"0"}"#, "reports[1].permit is not a permit"),
            (#"{"name":"a","outcome":"success","permit":7}"#, "reports[1].permit must be a string, not a number"),
            (
                #"{"name":"a","outcome":"success","duration_ms":"5"}"#,
                "reports[1].duration_ms must be a number, not a string"
            ),
            (#"{"name":"a","outcome":"success","duration_ms":-0.4}"#, "reports[1].duration_ms must be 0 to 86400000"),
            (
                #"{"name":"a","outcome":"success","duration_ms":9223372036854775808}"#,
                "reports[1].duration_ms must be 0 to 86400000"
            ),
            (
                #"{"name":"a","outcome":"success","duration_ms":9223372036854775807}"#,
                "reports[1].duration_ms must be 0 to 86400000"
            ),
            (
                #"{"name":"a","outcome":"success","duration_ms":-9223372036854775808}"#,
                "reports[1].duration_ms must be 0 to 86400000"
            ),
            (
                #"{"name":"a","outcome":"success","duration_ms":999999999999999999}"#,
                "reports[1].duration_ms must be 0 to 86400000"
            ),
            (#"{"name":"a","outcome":"success","duration_ms":1e300}"#, "reports[1].duration_ms must be 0 to 86400000"),
            (
                #"{"name":"a","outcome":"success","duration_ms":true,"kind":[]}"#,
                "reports[1].duration_ms must be a number, not a boolean"
            ),
            (#"{"name":"a","outcome":"success","age_ms":-1}"#, "reports[1].age_ms must be 0 to 900000"),
            (#"{"name":"a","outcome":"success","age_ms":900001}"#, "reports[1].age_ms must be 0 to 900000"),
            (#"{"name":"a","outcome":"success","age_ms":-0.4}"#, "reports[1].age_ms must be 0 to 900000"),
            (#"{"name":"a","outcome":"success","age_ms":"1"}"#, "reports[1].age_ms must be a number, not a string"),
            (#"{"name":"a","outcome":"success","kind":{}}"#, "reports[1].kind must be a string, not an object"),
            (
                #"{"name":"a","outcome":"success","kind":"\#(String(repeating: "é", count: 65))"}"#,
                "reports[1].kind must be at most 64 characters"
            ),
            (
                #"{"name":"a","outcome":"success","report_id":"é","count":0}"#,
                "reports[1].report_id must be 1 to 64 visible ASCII characters"
            ),
            (#"{"name":"a","outcome":"success","count":1.5}"#, "reports[1].count must be a whole number"),
            (#"{"name":"a","outcome":"success","count":"1"}"#, "reports[1].count must be a whole number, not a string"),
            (#"{"name":"a","outcome":"success","count":-1}"#, "reports[1].count must be 1 to 10000"),
            (
                #"{"name":"a","outcome":"success","count":2,"permit":"7-00000000000000ff"}"#,
                "reports[1].count must be 1: a probe's permit takes one outcome"
            ),
            (#"{"name":"a","outcome":"success","detail":5}"#, "reports[1].detail must be a string, not a number"),
        ]
    )
    func faulty(item: String, line: String) {
        let sound = #"{"name":"a","outcome":"success"}"#
        expect(#"{"reports":[\#(sound),\#(item),\#(sound)]}"#, ["a success", line, "a success"])
    }

    @Test(
        "The list of reports is found anywhere among the members of the document, and only there",
        arguments: [
            (#" {"x":{"reports":[1]},"reports":[{"name":"a","outcome":"success"}],"y":[{"reports":2}]} "#, "a success"),
            (#"{"r\u0065ports":[{"n\u0061me":"a","outcome":"success"}]}"#, "a success"),
            ("{}", required), ("[]", required), ("null", required), ("1.5", required), (#""reports""#, required),
            (#"[{"reports":[{}]}]"#, required), (#"{"reports":null}"#, required), (#"{"reports":{}}"#, required),
            (#"{"reports":"a"}"#, required), (#"{"Reports":[{}]}"#, required),
            (#"{"reports":[]}"#, "reports must have 1 to 10000 items, not 0"),
            (#"{"reports":[ ]}"#, "reports must have 1 to 10000 items, not 0"),
            (
                #"{"reports":[\#(String(repeating: "{},", count: 10_000))7]}"#,
                "reports must have 1 to 10000 items, not 10001"
            ),
        ]
    )
    func list(document: String, line: String) {
        expect(document, [line])
    }

    private static let required = "reports is required: an array of reports, unless there are decisions"

    /// Expects these lines from both the reader and the reference.
    private func expect(_ document: String, _ lines: [String], sourceLocation: SourceLocation = #_sourceLocation) {
        let access = Access(actor: "t", role: .worker, scope: NameScope(prefix: "a"))
        let body = Array(document.utf8)
        let reading = ReportBatch.read(body, access: access)
        #expect(reading.lines == lines, sourceLocation: sourceLocation)
        #expect(reading == ReferenceBatch.read(body, access: access), sourceLocation: sourceLocation)
    }
}

@Suite("The answer to a batch")
struct ReportBatchAnswerTests {
    @Test(
        "The result of an item has the members that apply to it, in order",
        arguments: State.allCases,
        [nil] + ReportAnswer.Refusal.allCases.map(Optional.some)
    )
    func members(state: State, refusal: ReportAnswer.Refusal?) throws {
        for (count, counted, isDuplicate) in [(1, 1, false), (1, 1, true), (10_000, 9_999, false), (2, 0, true)] {
            var answer = ReportAnswer(counted: counted, refusal: refusal, state: state, generation: 7)
            answer.isDuplicate = isDuplicate
            let batch = try batch(of: #"{"name":"a","outcome":"failure","count":\#(count)}"#)
            let document = try JSONParser.parse(batch.answer([.success(answer)]))
            let expected = Self.document(of: answer, count: count)
            #expect(document["results"] == .array([expected]))
            #expect(
                String(decoding: batch.answer([.success(answer)]), as: UTF8.self)
                    == #"{"accepted":\#(isDuplicate ? 0 : counted),"results":[\#(String(decoding: expected.bytes, as: UTF8.self))]}"#
            )
        }
    }

    private static func document(of answer: ReportAnswer, count: Int) -> JSON {
        var members = [JSON.Member(key: "applied", value: .bool(answer.refusal == nil))]
        if let refusal = answer.refusal { members.append(.init(key: "reason", value: .string(refusal.rawValue))) }
        members.append(.init(key: "state", value: .string(answer.state.rawValue)))
        members.append(.init(key: "generation", value: .integer(answer.generation)))
        if count > 1 { members.append(.init(key: "counted", value: .integer(Int64(answer.counted)))) }
        if answer.isDuplicate { members.append(.init(key: "duplicate", value: true)) }
        return .object(members)
    }

    @Test("Results are in the order of the items, with a fault in the place of each bad item")
    func order() throws {
        let batch = try batch(
            of: #"{},{"name":"a","outcome":"success"},7,8,{"name":"b","outcome":"failure","count":3},{"name":"é\"/"}"#
        )
        let conflict = EngineError(.reportIDConflict, "another \"report\"")
        let answer = batch.answer([
            .failure(conflict), .success(ReportAnswer(counted: 2, refusal: nil, state: .open, generation: 8)),
        ])
        let name = "must be 1 to 128 characters of A-Z a-z 0-9 . _ : -, starting with a letter or digit"
        let items = [
            Self.invalid("reports[0].name is required"),
            #"{"error":{"code":"report_id_conflict","detail":"another \"report\""}}"#,
            Self.invalid("reports[2] must be an object, not a number"),
            Self.invalid("reports[3] must be an object, not a number"),
            #"{"applied":true,"state":"open","generation":8,"counted":2}"#,
            Self.invalid("reports[5].name \(name)"),
        ]
        #expect(
            String(decoding: answer, as: UTF8.self)
                == #"{"accepted":2,"results":[\#(items.joined(separator: ","))]}"#
        )
        let document = try JSONDecoder().decode(ReportsAnswerDocument.self, from: Data(answer))
        #expect(document.bytes == answer, "as one document")
    }

    @Test("A batch of only bad items is answered")
    func nothing() throws {
        let answer = try batch(of: "{}").answer([])
        #expect(
            String(decoding: answer, as: UTF8.self)
                == #"{"accepted":0,"results":[\#(Self.invalid("reports[0].name is required"))]}"#
        )
    }

    @Test("Counts of decisions have their results after those of the reports, in order")
    func decisions() throws {
        let body = #"""
            {"decisions":[{"name":"a","allowed":2.0,"denied":3,"age_ms":899999.9,"more":[]},
            {"name":"b","allowed":0,"denied":0},
            7,{"allowed":1,"denied":1},{"name":"a/b","allowed":1,"denied":1},{"name":"a","denied":1},
            {"name":"a","allowed":-1,"denied":1},{"name":"a","allowed":1,"denied":1.5},
            {"name":"a","allowed":"1","denied":1},{"name":"a","allowed":1,"denied":1000001},{"name":"a","allowed":1,"denied":1,"age_ms":900001},{"name":1}]}
            """#
        let batch = try ReportBatch(body: Array(body.utf8), access: .anonymous)
        #expect(batch.reports.isEmpty)
        #expect(batch.validDecisions.map(\.name.description) == ["a", "b"])
        #expect(batch.validDecisions.map(\.counts) == [DecisionCounts(allowed: 2, denied: 3), DecisionCounts()])
        #expect(batch.validDecisions.map(\.ageMs) == [899_999, 0])
        let answer = batch.answer([], counted: [true, false])
        let document = try JSONDecoder().decode(ReportsAnswerDocument.self, from: Data(answer))
        #expect(document.bytes == answer, "as one document")
        #expect(document.accepted == 0)
        #expect(document.results.isEmpty)
        let results = try #require(document.decisions)
        let name = "must be 1 to 128 characters of A-Z a-z 0-9 . _ : -, starting with a letter or digit"
        let count = "must be 0 to 1000000"
        #expect(results.map(\.counted) == [true] + Array(repeating: nil, count: 11))
        #expect(
            results.map(\.error?.detail) == [
                nil, "there is no breaker b", "decisions[2] must be an object, not a number",
                "decisions[3].name is required", "decisions[4].name \(name)",
                "decisions[5].allowed is required: the number of such decisions", "decisions[6].allowed \(count)",
                "decisions[7].denied must be a whole number", "decisions[8].allowed must be a number, not a string",
                "decisions[9].denied \(count)", "decisions[10].age_ms must be 0 to 900000",
                "decisions[11].name must be a string, not a number",
            ]
        )
    }

    @Test("A request needs reports or decisions, and takes 10000 counts of decisions at most")
    func sizes() throws {
        func fault(_ body: String) -> String? {
            do throws(Problem) {
                _ = try ReportBatch(body: Array(body.utf8), access: .anonymous)
                return nil
            } catch {
                return error.detail
            }
        }
        let item = #"{"name":"a","allowed":1,"denied":0}"#
        func body(_ count: Int) -> String {
            #"{"decisions":[\#(Array(repeating: item, count: count).joined(separator: ","))]}"#
        }
        #expect(fault("{}") == "reports is required: an array of reports, unless there are decisions")
        #expect(fault(#"{"decisions":7}"#) == "reports is required: an array of reports, unless there are decisions")
        #expect(fault(#"{"reports":null,"decisions":[\#(item)]}"#) == "reports must be an array, not null")
        #expect(
            fault(#"{"reports":[{"name":"a","outcome":"success"}],"decisions":{}}"#)
                == "decisions must be an array, not an object"
        )
        #expect(fault(body(0)) == "decisions must have 1 to 10000 items, not 0")
        #expect(fault(body(10_000)) == nil)
        #expect(fault(body(10_001)) == "decisions must have 1 to 10000 items, not 10001")
        #expect(fault(#"{"reports":[],"decisions":[\#(item)]}"#) == "reports must have 1 to 10000 items, not 0")
    }

    private func batch(of items: String) throws -> ReportBatch {
        try ReportBatch(body: Array(#"{"reports":[\#(items)]}"#.utf8), access: .anonymous)
    }

    private static func invalid(_ detail: String) -> String {
        #"{"error":{"code":"invalid_request","detail":"\#(detail)"}}"#
    }
}
