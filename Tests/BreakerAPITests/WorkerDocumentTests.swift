import BreakerAPI
import BreakerCore
import Foundation
import Testing

@Suite("The answers to workers")
struct WorkerDocumentTests {
    private func generalText(_ document: some Document) -> String {
        var bytes: [UInt8] = []
        DocumentWriter.write(document, into: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }

    private func text(_ document: some Document) -> String { String(decoding: document.bytes, as: UTF8.self) }

    @Test(
        "A decision is written with the bytes of the general writer, and is read back",
        arguments: [
            (
                .allowed(Permit(generation: 7), state: .closed),
                #"{"allowed":true,"state":"closed","permit":"7"}"#
            ),
            (
                .allowed(Permit(generation: 9, lease: 0x1f3a), state: .halfOpen, leaseMs: 30_000),
                #"{"allowed":true,"state":"half_open","permit":"9-0000000000001f3a","lease_ms":30000}"#
            ),
            (
                .allowed(Permit(generation: .max), state: .open, wouldDeny: true),
                #"{"allowed":true,"state":"open","permit":"9223372036854775807","would_deny":true}"#
            ),
            (
                .denied(state: .open, generation: 7, retryAfterMs: 28_123),
                #"{"allowed":false,"state":"open","generation":7,"retry_after_ms":28123}"#
            ),
            (
                .denied(state: .halfOpen, generation: .max, retryAfterMs: nil),
                #"{"allowed":false,"state":"half_open","generation":9223372036854775807}"#
            ),
        ] as [(Decision, String)]
    )
    func decision(decision: Decision, written: String) throws {
        let document = DecisionDocument(decision)
        #expect(text(document) == written)
        #expect(generalText(document) == written)
        #expect(try JSONDecoder().decode(DecisionDocument.self, from: Data(written.utf8)) == document)
    }

    @Test(
        "The answer to a report is written with the bytes of the general writer, and is read back",
        arguments: State.allCases,
        [nil] + ReportAnswer.Refusal.allCases.map(Optional.some)
    )
    func report(state: State, refusal: ReportAnswer.Refusal?) throws {
        for (count, isDuplicate) in [(1, false), (1, true), (10_000, false), (2, true)] {
            var answer = ReportAnswer(counted: count - 1, refusal: refusal, state: state, generation: 7)
            answer.isDuplicate = isDuplicate
            let report = Report(.failure, count: count)
            let document = ReportAnswerDocument(answer, of: report)
            var written: [UInt8] = []
            ReportAnswerDocument.write(answer, of: report, into: &written)
            #expect(String(decoding: written, as: UTF8.self) == text(document))
            #expect(document.counted == (count > 1 ? count - 1 : nil))
            #expect(document.duplicate == (isDuplicate ? true : nil))
            #expect(try JSONDecoder().decode(ReportAnswerDocument.self, from: Data(document.bytes)) == document)
        }
    }
    @Test(
        "The error of an item is written with the bytes of the general writer",
        arguments: ["is required", "must not contain \"\u{1}\", \\ or /; not ✗\n"]
    )
    func itemError(detail: String) throws {
        let document = ReportsAnswerDocument.Result(error: .unknownBreaker, detail)
        #expect(text(document) == generalText(document))
        #expect(try JSONDecoder().decode(ReportsAnswerDocument.Result.self, from: Data(document.bytes)) == document)
    }
}
