import BreakerAPI
import BreakerCore
import BreakerEngine
import Foundation
import Testing

@testable import BreakerHTTP

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

    private func batch(of items: String) throws -> ReportBatch {
        try ReportBatch(body: Array(#"{"reports":[\#(items)]}"#.utf8), access: .anonymous)
    }

    private static func invalid(_ detail: String) -> String {
        #"{"error":{"code":"invalid_request","detail":"\#(detail)"}}"#
    }
}
