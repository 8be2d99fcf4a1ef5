import Testing

@testable import BreakerCore

@Suite("The explanation of every situation")
struct ParagraphTests {
    @Test("The explanation of each state, override and cause is its exact paragraph", arguments: Situation.all)
    func paragraph(situation: Situation) {
        #expect(situation.bench.explanation.text == situation.text)
    }

    @Test("The paragraphs cover every cause, and every possible pair of a state and an override")
    func complete() {
        let benches = Situation.all.map(\.bench)
        #expect(Set(benches.compactMap { $0.transitions.last?.cause }) == Set(Cause.allCases))
        let seen = Set(benches.map { "\($0.breaker.state) \($0.breaker.override.map { "\($0.mode)" } ?? "none")" })
        let left = State.allCases.flatMap { state in ["none", "shadow"].map { "\(state) \($0)" } }
        #expect(seen == Set(left + ["open forceOpen", "closed forceClosed"]))
    }
}

/// A breaker in some state, and its expected explanation.
struct Situation: CustomTestStringConvertible, Sendable {
    let testDescription: String
    let bench: Bench
    let text: String

    /// - Parameters:
    ///   - edit: Changes the default policy.
    ///   - story: The events that happen to the breaker.
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
