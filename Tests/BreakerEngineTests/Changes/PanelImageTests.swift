import BreakerCore
import EngineSupport
import TestSupport
import Testing

@testable import BreakerEngine

@Suite("The image of the panel")
struct PanelImageTests {
    @Test("An updated image of the panel equals a fresh one after random changes", arguments: [1, 2, 3] as [UInt64])
    func upToDate(seed: UInt64) async throws {
        var random = SplitMix64(seed: seed)
        try await RunningEngine.with { running in
            let engine = running.engine
            for _ in 0..<40 {
                for _ in 0..<Int.random(in: 1...60, using: &random) {
                    let name = try #require(BreakerName("b\(Int.random(in: 0..<600, using: &random))"))
                    switch Int.random(in: 0..<4, using: &random) {
                    case 0: try? await engine.delete(name, actor: "test")
                    case 1: _ = try? await engine.reset(name, to: .halfOpen, actor: "test")
                    default: _ = try await engine.acquire(name.value)
                    }
                }
                let updated = engine.panelImage()
                let fresh = try await engine.freshImage()
                #expect(updated.revision == fresh.revision)
                #expect(updated.breakers.map(\.name) == fresh.breakers.map(\.name))
                #expect(updated.breakers.map(\.summary) == fresh.breakers.map(\.summary))
            }
        }
    }

    @Test("An image shares its unchanged pieces with the image before it")
    func shared() async throws {
        try await RunningEngine.with { running in
            let engine = running.engine
            for number in 0..<1_000 { _ = try await engine.acquire("b\(number)") }
            let first = engine.panelImage()
            #expect(engine.panelImage() === first)
            _ = try await engine.acquire("b5-new")
            let second = engine.panelImage()
            let known = Set(first.pieces.map(ObjectIdentifier.init))
            #expect(first.pieces.count == 10)
            #expect(second.pieces.filter { !known.contains(ObjectIdentifier($0)) }.count == 1)
            #expect(second.breakers.count == 1_001)
        }
    }

    @Test(
        "The pieces of an image are joined as breakers are deleted, so that few remain",
        arguments: [1, 2] as [UInt64]
    )
    func joined(seed: UInt64) throws {
        var random = SplitMix64(seed: seed)
        let now = Instant(milliseconds: 0)
        let summary = BreakerSummary(
            state: .open,
            generation: 1,
            since: now,
            openUntil: nil,
            policyRevision: 1,
            override: nil
        )
        var names = try (0..<2_000).map { try #require(BreakerName("b\($0)")) }.sorted()
        var image = PanelImage(revision: 1, shifts: 0, at: now, breakers: names.map { ($0, summary) })
        while !names.isEmpty {
            let name = names.remove(at: random.below(names.count))
            let change = Journal.Change(
                revision: image.revision + 1,
                name: name,
                breakerID: 1,
                at: now,
                kind: .deleted(actor: nil),
                summary: nil
            )
            image = image.applying([change], at: now)
            #expect(image.count == names.count)
            #expect(image.pieces.count <= 1 + names.count / 50)
        }
    }

    @Test("A step of the clock moves the instants of the image")
    func shift() async throws {
        try await RunningEngine.with { running in
            let engine = running.engine
            try await engine.trip("a")
            _ = engine.panelImage()
            running.clock.setSystemClock(byMs: 86_400_000)
            await engine.writer.followClock()
            let (image, fresh) = (engine.panelImage(), try await engine.freshImage())
            #expect(image.breakers.map(\.summary) == fresh.breakers.map(\.summary))
            #expect(image.shifts == fresh.shifts)
        }
    }
}

extension Engine {
    /// An image made from the working copy.
    func freshImage() async throws -> PanelImage {
        try await writer.read { working, now in PanelImage(of: working, at: now) }
    }
}
