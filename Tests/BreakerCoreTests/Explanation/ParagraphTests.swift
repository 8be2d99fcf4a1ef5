import Testing

@testable import BreakerCore

@Suite("What the person on call reads")
struct ParagraphTests {
    @Test("Each state, override and cause has its paragraph", arguments: Situation.all)
    func paragraph(situation: Situation) {
        #expect(situation.bench.explanation.text == situation.text)
    }

    @Test("The paragraphs are of every cause, and of every override in every state that it leaves")
    func complete() {
        let benches = Situation.all.map(\.bench)
        #expect(Set(benches.compactMap { $0.transitions.last?.cause }) == Set(Cause.allCases))
        let seen = Set(benches.map { "\($0.breaker.state) \($0.breaker.override.map { "\($0.mode)" } ?? "none")" })
        let left = State.allCases.flatMap { state in ["none", "shadow"].map { "\(state) \($0)" } }
        #expect(seen == Set(left + ["open forceOpen", "closed forceClosed"]))
    }
}

/// A breaker in some state, and the words for it.
struct Situation: CustomTestStringConvertible, Sendable {
    let testDescription: String
    let bench: Bench
    let text: String

    /// - Parameters:
    ///   - edit: what its policy has otherwise than the default.
    ///   - story: what happened to it.
    init(
        _ description: String,
        _ edit: (inout Policy) -> Void = { _ in },
        after story: (inout Bench) -> Void,
        _ text: String
    ) {
        var bench = Bench(edit)
        story(&bench)
        testDescription = description
        self.bench = bench
        self.text = text
    }
}
