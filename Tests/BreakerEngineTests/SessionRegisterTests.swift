import BreakerCore
import BreakerStorage
import Testing

@testable import BreakerEngine

@Suite("The register of browsers' sessions")
struct SessionRegisterTests {
    private let now = Instant(milliseconds: 1_000)
    private var end: Instant { now.advanced(byMilliseconds: 1) }

    @Test("A register without a stored key draws a random key, which is then stored")
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

    @Test("A register keeps a stored key, and the ended sessions that have not expired")
    func loaded() {
        let key = [UInt8](repeating: 1, count: 32)
        let revoked: [StoredSessions.Revoked: Instant] = [
            .init(token: "a", id: "past"): now, .init(token: "a", id: "future"): end, .init(token: "b", id: nil): end,
            .init(token: "c", id: nil): now,
        ]
        let register = SessionRegister(StoredSessions(key: key, revoked: revoked), at: now)
        #expect(register.key == key)
        #expect(register.unstored.isEmpty)
        #expect(register.isRevoked("future", of: "a", endingAt: end))
        #expect(!register.isRevoked("past", of: "a", endingAt: end))
        #expect(!register.isRevoked("future", of: "c", endingAt: end))
        #expect(register.isRevoked("any", of: "b", endingAt: end))
        #expect(!register.isRevoked("any", of: "b", endingAt: end.advanced(byMilliseconds: 1)))
    }

    @Test("A session that is ended while another is being stored is still to be stored")
    func endedMeanwhile() {
        let register = SessionRegister(StoredSessions(key: [1]), at: now)
        register.revoke("a", of: "boss", endingAt: end, at: now)
        let batch = register.unstored
        register.revoke("b", of: "boss", endingAt: end, at: now)
        register.stored(batch)
        #expect(register.unstored == StoredSessions(revoked: [.init(token: "boss", id: "b"): end]))
    }

    @Test(
        "If more than 1 000 ended sessions of a token have not expired, all its sessions end, and no other token's",
        arguments: [(999, 0, false), (1_000, 0, true), (1_000, 1, false)]
    )
    func bounded(count: Int, laterMs: Int64, endsAll: Bool) {
        let register = SessionRegister(StoredSessions(key: [1]), at: now)
        for number in 0..<count { register.revoke("\(number)", of: "boss", endingAt: end, at: now) }
        let later = now.advanced(byMilliseconds: laterMs)
        let lastEnd = later.advanced(byMilliseconds: SessionRegister.sessionLengthMs)
        register.revoke("last", of: "boss", endingAt: lastEnd, at: later)
        #expect(register.isRevoked("last", of: "boss", endingAt: lastEnd))
        #expect(register.isRevoked("other", of: "boss", endingAt: lastEnd) == endsAll)
        // A later session is valid.
        #expect(!register.isRevoked("next", of: "boss", endingAt: lastEnd.advanced(byMilliseconds: 1)))
        #expect(!register.isRevoked("other", of: "viewer", endingAt: lastEnd))
        let restarted = SessionRegister(register.unstored, at: later)
        #expect(restarted.isRevoked("last", of: "boss", endingAt: lastEnd))
        #expect(restarted.isRevoked("other", of: "boss", endingAt: lastEnd) == endsAll)
    }
}
