import BreakerCore
import EngineSupport
import Testing

@testable import BreakerEngine

@Suite("The server's clock")
struct AnchoredClockTests {
    @Test(
        "The server's clock follows a step of up to a minute by 5 ms a second",
        arguments: [-60_000, -7, 7, 60_000] as [Int64]
    )
    func followsSmallSteps(stepMs: Int64) {
        let clock = ManualClock()
        clock.setSystemClock(byMs: stepMs)
        #expect(clock.follow() == nil)
        #expect(clock.now() == ManualClock.start, "nothing moves at once")
        var seconds: Int64 = 0
        while clock.now() != clock.systemClock, seconds <= 12_000 {
            let before = clock.now()
            clock.advance(byMs: 1_000)
            seconds += 1
            let corrected = before.milliseconds(until: clock.now()) - 1_000
            #expect(corrected.magnitude <= 5 && corrected.signum() == stepMs.signum())
            #expect(clock.follow() == nil)
        }
        #expect(seconds == Int64((stepMs.magnitude + 4) / 5))
    }

    @Test("A clock that is being corrected never goes back")
    func neverFallsWhileCorrected() {
        let clock = ManualClock()
        clock.setSystemClock(byMs: -60_000)
        var last = clock.now()
        for round in 0..<5_000 {
            if round % 7 == 0 { #expect(clock.follow() == nil) }
            #expect(clock.now() >= last)
            last = clock.now()
            clock.advance(byMs: 1)
        }
    }

    @Test(
        "The server's clock reports a step of more than a minute, and takes it only on request",
        arguments: [-60_001, 60_001] as [Int64]
    )
    func reportsLargeSteps(stepMs: Int64) {
        let clock = ManualClock()
        clock.setSystemClock(byMs: stepMs)
        for _ in 1...3 {
            let before = clock.now()
            clock.advance(byMs: 1_000)
            #expect(clock.follow() == stepMs)
            #expect(before.milliseconds(until: clock.now()) == 1_000)
        }
        clock.step(byMs: stepMs)
        #expect(clock.now() == clock.systemClock)
        #expect(clock.follow() == nil)
        #expect(clock.uptimeMs() == 3_000)
    }

    @Test(
        "The server's clock begins at the given instant if that is ahead of the system's clock",
        arguments: [-1, 0, 90_000]
    )
    func begins(aheadMs: Int64) {
        let clock = ManualClock()
        clock.begin(notBefore: ManualClock.start.advanced(byMilliseconds: aheadMs))
        #expect(ManualClock.start.milliseconds(until: clock.now()) == max(0, aheadMs))
    }

    @Test("The clock of this machine never goes back")
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
