import BreakerCore
import BreakerStorage
import Testing

@testable import BreakerEngine

@Suite("The register of browsers' sessions")
struct SessionRegisterTests {
    private let now = Instant(milliseconds: 1_000)
    private var end: Instant { now.advanced(byMilliseconds: 1) }

    @Test("A new store and a restored backup get a random key, which is stored")
    func newKey() {
        let registers = (1...2).map { _ in SessionRegister(StoredSessions(), at: now) }
        for register in registers {
            #expect(register.key.count == 32)
            #expect(register.unstored == StoredSessions(key: register.key))
            register.stored(register.unstored)
            #expect(register.unstored.isEmpty)
        }
        #expect(registers[0].key != registers[1].key)
    }

    @Test("A stored key stays, with the ended sessions whose end has not come")
    func loaded() {
        let key = [UInt8](repeating: 1, count: 32)
        let register = SessionRegister(StoredSessions(key: key, revoked: ["past": now, "future": end]), at: now)
        #expect(register.key == key)
        #expect(register.unstored.isEmpty)
        #expect(register.isRevoked("future"))
        #expect(!register.isRevoked("past"))
    }

    @Test("A session that is ended while another is being stored stays unstored")
    func endedMeanwhile() {
        let register = SessionRegister(StoredSessions(key: [1]), at: now)
        register.revoke("a", endingAt: end, at: now)
        let batch = register.unstored
        register.revoke("b", endingAt: end, at: now)
        register.stored(batch)
        #expect(register.unstored == StoredSessions(revoked: ["b": end]))
    }

    @Test(
        "Beyond 10 000 ended sessions another key ends all sessions, unless some have ended by themselves",
        arguments: [(9_999, 0, false), (10_000, 0, true), (10_000, 1, false)]
    )
    func bounded(count: Int, laterMs: Int64, drawsKey: Bool) {
        let register = SessionRegister(StoredSessions(key: [1]), at: now)
        for number in 0..<count { register.revoke("\(number)", endingAt: end, at: now) }
        let before = register.unstored
        register.revoke("last", endingAt: end.advanced(byMilliseconds: 1), at: now.advanced(byMilliseconds: laterMs))
        #expect((register.key != [1]) == drawsKey)
        if drawsKey {
            register.stored(before)
            #expect(register.unstored == StoredSessions(key: register.key))
        } else {
            #expect(register.isRevoked("last"))
        }
    }
}
