import BreakerCore
import TestSupport
import Testing

@testable import BreakerClient

@Suite("The outbox of outcomes")
struct OutboxTests {
    private var outbox = Outbox(capacity: 4, idPrefix: "x")

    private static func item(
        _ outcome: Outcome,
        at index: Int = 0,
        generation: Int64 = 1,
        ms: Int64? = nil,
        kind: String? = nil,
        isProbe: Bool = false,
        endedMs: Int64 = 0
    ) -> Outbox.Item {
        Outbox.Item(
            index: index,
            name: "breaker-\(index)",
            outcome: outcome,
            permit: .generation(generation),
            isProbe: isProbe,
            durationMs: ms,
            kind: kind,
            detail: nil,
            endedNs: endedMs * nsPerMs
        )
    }

    @Test("Equal successive outcomes of one breaker become one item with a count, even between those of other breakers")
    mutating func counts() {
        for _ in 1...3 {
            _ = outbox.add(Self.item(.success))
            _ = outbox.add(Self.item(.failure, at: 1, kind: "timeout"))
        }
        let batch = outbox.take(atNs: 0)
        #expect(batch.map(\.name) == ["breaker-0", "breaker-1"] && batch.map(\.count) == [3, 3])
        #expect(batch.map(\.id) == ["x-1", "x-2"])
    }

    @Test(
        "Different outcomes are never combined, so that a streak keeps its order",
        arguments: [
            [item(.failure), item(.success), item(.failure)], [item(.success, ms: 1), item(.success, ms: 2)],
            [item(.success, generation: 1), item(.success, generation: 2)],
            [item(.failure, kind: "timeout"), item(.failure, kind: "connection")],
            [item(.success, isProbe: true), item(.success, isProbe: true)],
            [item(.success), item(.success, isProbe: true)],
            [item(.success, endedMs: 999), item(.success, endedMs: 1_000)],
        ]
    )
    mutating func order(items: [Outbox.Item]) {
        for item in items { _ = outbox.add(item) }
        let batch = outbox.take(atNs: 0)
        #expect(batch.map(\.count) == items.map { _ in 1 })
        #expect(batch.map(\.outcome) == items.map(\.outcome))
    }

    @Test("A success waits for the interval or the hundredth outcome; failures and probes are sent at once")
    mutating func urgency() {
        #expect(outbox.add(Self.item(.success)) == .sendSoon)
        for _ in 2...99 { #expect(outbox.add(Self.item(.success)) == .nothing) }
        #expect(outbox.add(Self.item(.success)) == .send)
        _ = outbox.take(atNs: 0)
        #expect(outbox.add(Self.item(.failure)) == .send)
        #expect(outbox.add(Self.item(.ignored, isProbe: true)) == .send)
        #expect(outbox.add(Self.item(.ignored)) == .sendSoon)
    }

    @Test("An item counts at most as many outcomes as a report may")
    mutating func countLimit() {
        for _ in 0...Limits.reportCount.upperBound { _ = outbox.add(Self.item(.success)) }
        #expect(outbox.take(atNs: 0).map(\.count) == [Limits.reportCount.upperBound, 1])
    }

    @Test("A full outbox drops and counts the oldest item")
    mutating func bound() {
        for generation in 1...4 { _ = outbox.add(Self.item(.success, generation: Int64(generation))) }
        _ = outbox.add(Self.item(.success, generation: 4))
        #expect(outbox.dropped == 0 && outbox.waiting == 5)
        _ = outbox.add(Self.item(.success, generation: 5))
        #expect(outbox.dropped == 1 && outbox.waiting == 5)
        #expect(outbox.take(atNs: 0).map(\.permit) == [2, 3, 4, 5].map { .generation($0) })
    }

    @Test("Items without an answer are sent again first, with the same id, and no outcome is added to them")
    mutating func again() {
        _ = outbox.add(Self.item(.success))
        let first = outbox.take(atNs: 0)
        _ = outbox.add(Self.item(.success))
        outbox.putBack(first)
        _ = outbox.add(Self.item(.success))
        let second = outbox.take(atNs: 1)
        #expect(second.map(\.id) == ["x-1", "x-2"] && second.map(\.count) == [1, 2])
        #expect(outbox.waiting == 3)
        outbox.settle(3)
        #expect(outbox.waiting == 0)
    }

    @Test("Calls that ended within one second are one item with the end of the last call")
    mutating func oneSecond() {
        for endedMs in [0, 400, 999] as [Int64] { _ = outbox.add(Self.item(.failure, endedMs: endedMs)) }
        let batch = outbox.take(atNs: 0)
        #expect(batch.map(\.count) == [3] && batch.map(\.endedNs) == [999 * nsPerMs])
    }

    @Test(
        "An outcome that ended 14 minutes ago is not sent, whether or not it was sent before",
        arguments: [(-1, 1, true), (-1, 1, false), (0, 0, true), (0, 0, false)]
    )
    mutating func tooOld(offsetNs: Int64, sent: Int, isRepeated: Bool) {
        _ = outbox.add(Self.item(.failure, endedMs: 5))
        if isRepeated { outbox.putBack(outbox.take(atNs: 600_000 * nsPerMs)) }
        #expect(outbox.take(atNs: 840_005 * nsPerMs + offsetNs).count == sent)
        #expect(outbox.dropped == 1 - sent)
    }

    @Test("Random sequences of events keep the order of a breaker's items and count each outcome once")
    func anyOrder() {
        for seed in UInt64(1)...50 {
            var random = SplitMix64(seed: seed)
            var outbox = Outbox(capacity: 1_000, idPrefix: "x")
            var (added, sent) = ([Outcome](), [Outcome]())
            var inFlight: [Outbox.Item] = []
            for _ in 1...200 {
                switch Int.random(in: 0..<4, using: &random) {
                case 0 where inFlight.isEmpty: inFlight = outbox.take(atNs: 0)
                case 1 where Bool.random(using: &random):
                    outbox.putBack(inFlight)
                    inFlight = []
                case 1:
                    sent += inFlight.flatMap { Array(repeating: $0.outcome, count: $0.count) }
                    outbox.settle(inFlight.reduce(0) { $0 + $1.count })
                    inFlight = []
                default:
                    let outcome = Outcome.allCases.randomElement(using: &random)!
                    added.append(outcome)
                    _ = outbox.add(Self.item(outcome))
                }
            }
            sent += inFlight.flatMap { Array(repeating: $0.outcome, count: $0.count) }
            sent += outbox.take(atNs: 0).flatMap { Array(repeating: $0.outcome, count: $0.count) }
            #expect(sent == added, "seed \(seed)")
        }
    }
}
