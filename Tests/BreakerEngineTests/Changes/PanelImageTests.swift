import BreakerCore
import EngineSupport
import NIOConcurrencyHelpers
import TestSupport
import Testing

@testable import BreakerEngine

@Suite("The image of the panel")
struct PanelImageTests {
    @Test("An image that is brought up to date equals a fresh one after any changes", arguments: [1, 2, 3] as [UInt64])
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
                let updated = try await engine.panelImage()
                engine.panelImages.withLockedValue { $0 = nil }
                let fresh = try await engine.panelImage()
                #expect(updated.revision == fresh.revision)
                #expect(updated.breakers.map(\.name) == fresh.breakers.map(\.name))
                #expect(updated.breakers.map(\.outline) == fresh.breakers.map(\.outline))
                engine.panelImages.withLockedValue { $0 = updated }
            }
        }
    }

    @Test("An image shares the pieces in which nothing changed with the one before")
    func shared() async throws {
        try await RunningEngine.with { running in
            let engine = running.engine
            for number in 0..<1_000 { _ = try await engine.acquire("b\(number)") }
            let first = try await engine.panelImage()
            #expect(try await engine.panelImage() === first)
            _ = try await engine.acquire("b5-new")
            let second = try await engine.panelImage()
            let known = Set(first.pieces.map(ObjectIdentifier.init))
            #expect(first.pieces.count == 10)
            #expect(second.pieces.filter { !known.contains(ObjectIdentifier($0)) }.count == 1)
            #expect(second.breakers.count == 1_001)
        }
    }
}
