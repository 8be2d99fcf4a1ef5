import BreakerCore
import CoreSupport
import Testing

@Suite("Receipts of reports")
struct ReceiptTests {
    static let report = Report(
        .failure,
        permit: Permit(generation: 7),
        durationMs: 12,
        kind: "timeout",
        detail: "connect",
        reporter: "checkout-7",
        id: "r1",
        count: 3
    )

    static let answers = [
        ReportAnswer(counted: 3, refusal: nil, state: .closed, generation: 7),
        ReportAnswer(counted: 1, refusal: nil, state: .open, generation: 8),
        ReportAnswer(counted: 0, refusal: .stalePermit, state: .halfOpen, generation: 9),
    ]

    @Test("A repeated report gets the first answer, applied or not, as a duplicate", arguments: answers)
    func repetition(answer: ReportAnswer) {
        let receipt = Receipt(of: Self.report, answer: answer, at: .start)
        var expected = answer
        expected.isDuplicate = true
        #expect(receipt.match(Self.report, at: .start) == .repetition(expected))
        #expect(!answer.isDuplicate)
    }

    @Test(
        "A receipt is valid for 15 minutes",
        arguments: [(0, false), (899_999, false), (900_000, true), (900_001, true)]
    )
    func lifetime(ageMs: Int64, forgotten: Bool) {
        let receipt = Receipt(of: Self.report, answer: Self.answers[0], at: .start)
        let now = Instant.start.advanced(byMilliseconds: ageMs)
        #expect((receipt.match(Self.report, at: now) == .forgotten) == forgotten)
        var other = Self.report
        other.outcome = .success
        #expect(receipt.match(other, at: now) == (forgotten ? .forgotten : .conflict))
    }

    typealias Edit = @Sendable (inout Report) -> Void

    static let conflicts: [(field: String, edit: Edit)] = [
        ("outcome", { $0.outcome = .success }),
        ("outcome", { $0.outcome = .ignored }),
        ("permit", { $0.permit = nil }),
        ("permit", { $0.permit = Permit(generation: 8) }),
        ("permit", { $0.permit = Permit(generation: 7, lease: 1) }),
        ("duration", { $0.durationMs = nil }),
        ("duration", { $0.durationMs = 13 }),
        ("count", { $0.count = 1 }),
        ("count", { $0.count = 4 }),
    ]

    @Test("A report with the same id conflicts if its outcome, permit, duration or count differs", arguments: conflicts)
    func conflict(field: String, edit: Edit) {
        let receipt = Receipt(of: Self.report, answer: Self.answers[0], at: .start)
        var other = Self.report
        edit(&other)
        #expect(receipt.match(other, at: .start) == .conflict)
    }

    @Test("A report with the same id does not conflict if only its kind, detail, reporter or age differs")
    func words() {
        let receipt = Receipt(of: Self.report, answer: Self.answers[0], at: .start)
        var other = Self.report
        other.kind = "connection"
        other.detail = nil
        other.reporter = "cart-1"
        other.ageMs = 4_000
        #expect(receipt.match(other, at: .start) != .conflict)
    }

    @Test("A report with a permit or duration conflicts with a receipt without one")
    func absent() {
        let receipt = Receipt(of: Report(.failure), answer: Self.answers[0], at: .start)
        #expect(receipt.match(Report(.failure, durationMs: 0), at: .start) == .conflict)
        #expect(receipt.match(Report(.failure, permit: Permit(generation: 7)), at: .start) == .conflict)
    }
}

@Suite("The limits of a report")
struct LimitsTests {
    @Test(
        "A detail is cut at 512 bytes, never inside a code point",
        arguments: [
            ("x", 0, "", 0), ("x", 511, "", 511), ("x", 512, "", 512), ("x", 513, "", 512), ("x", 511, "é", 511),
            ("x", 510, "é", 512), ("x", 509, "日", 512), ("x", 510, "日", 510), ("x", 511, "日", 511),
            ("x", 509, "😀", 509), ("x", 508, "😀", 512), ("é", 300, "", 512), ("日", 300, "", 510),
            ("a\u{301}", 300, "", 511),
        ]
    )
    func cutDetail(unit: String, count: Int, tail: String, bytes: Int) {
        let text = String(repeating: unit, count: count) + tail
        let cut = Limits.cutDetail(text)
        #expect(cut.utf8.count == bytes)
        #expect(Array(text.utf8.prefix(bytes)) == Array(cut.utf8), "what is kept is the beginning")
        #expect(!cut.unicodeScalars.contains("\u{fffd}"))
    }

    @Test("The limits are those of the contract")
    func bounds() {
        #expect(Limits.reportCount == 1...10_000)
        #expect(Limits.outcomesPerRequest == 1_000_000)
        #expect(Limits.reportsPerRequest == 1...10_000)
        #expect(Limits.reportIDLength == 1...64)
        #expect(Limits.kindLength == 64)
        #expect(Limits.reporterLength == 128)
        #expect(Limits.defaultOverrideMs == 3_600_000)
    }
}
