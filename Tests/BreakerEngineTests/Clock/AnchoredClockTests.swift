import BreakerCore
import NIOConcurrencyHelpers
import Testing

@testable import BreakerEngine

@Suite("The server's clock")
struct AnchoredClockTests {
    @Test("A step of the wall clock by an hour, either way, moves nothing", arguments: [-3_600_000, 3_600_000])
    func ignoresSteps(step: Int64) {
        let wall = NIOLockedValueBox(Instant(milliseconds: 1_000_000_000))
        let elapsed = NIOLockedValueBox<Int64>(0)
        let clock = AnchoredClock(
            wall: { wall.withLockedValue { $0 } },
            elapsedMs: { elapsed.withLockedValue { $0 } }
        )
        wall.withLockedValue { $0 = $0.advanced(byMilliseconds: step) }
        #expect(clock.now() == Instant(milliseconds: 1_000_000_000))
        elapsed.withLockedValue { $0 = 250 }
        #expect(clock.now() == Instant(milliseconds: 1_000_000_250))
    }

    @Test("The clock of this machine never falls")
    func neverFalls() {
        let clock = AnchoredClock()
        var last = clock.now()
        for _ in 0..<10_000 {
            let now = clock.now()
            #expect(now >= last)
            last = now
        }
    }
}
