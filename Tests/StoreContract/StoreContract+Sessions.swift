import BreakerCore
import BreakerStorage
import Foundation
import Testing

extension StoreContract {
    static var sessionClauses: [Clause] {
        [
            Clause("A store keeps the session key, and each ended session until its own end") { location in
                var store = try location.open()
                #expect(try store.sessions() == StoredSessions())
                try write(StoredSessions(key: key(1), revoked: [a: later(1), b: later(2)]), at: 0, to: store)
                try write(StoredSessions(), at: 0, to: store)
                store.close()
                store = try location.open()
                #expect(try store.sessions() == StoredSessions(key: key(1), revoked: [a: later(1), b: later(2)]))
                try write(StoredSessions(revoked: [c: later(3)]), at: 1, to: store)
                #expect(try store.sessions() == StoredSessions(key: key(1), revoked: [b: later(2), c: later(3)]))
            },
            Clause("An ended session can be stored twice, as after a commit whose outcome is unknown") { location in
                let store = try location.open()
                for _ in 1...2 { try write(StoredSessions(revoked: [a: later(1)]), at: 0, to: store) }
                #expect(try store.sessions().revoked == [a: later(1)])
            },
            Clause("Another session key replaces the stored key and its ended sessions") { location in
                let store = try location.open()
                try write(StoredSessions(key: key(1), revoked: [a: later(1)]), at: 0, to: store)
                try write(StoredSessions(key: key(2), revoked: [b: later(1)]), at: 0, to: store)
                #expect(try store.sessions() == StoredSessions(key: key(2), revoked: [b: later(1)]))
            },
            Clause("A backup file contains neither the session key nor an ended session") { location in
                let store = try location.open()
                let ended = StoredSessions.Revoked(token: "t", id: "ended-session")
                try write(StoredSessions(key: key(1), revoked: [ended: later(1)]), at: 0, to: store)
                let path = location.path("backup")
                try location.reader().backUp().save(to: path)
                let bytes = try Data(contentsOf: URL(fileURLWithPath: path))
                #expect(bytes.range(of: Data(key(1))) == nil)
                #expect(bytes.range(of: Data("ended-session".utf8)) == nil)
                #expect(try location.openBackup(at: path).sessions() == StoredSessions())
            },
        ]
    }

    private static var a: StoredSessions.Revoked { .init(token: "t", id: "a") }
    private static var b: StoredSessions.Revoked { .init(token: "t", id: nil) }
    private static var c: StoredSessions.Revoked { .init(token: "other", id: "a") }

    private static func key(_ byte: UInt8) -> [UInt8] {
        [UInt8](repeating: 0xa0 + byte, count: StoredSessions.keyLength)
    }

    private static func later(_ milliseconds: Int64) -> Instant { Instant.start.advanced(byMilliseconds: milliseconds) }

    private static func write(_ sessions: StoredSessions, at milliseconds: Int64, to store: some BreakerStore) throws {
        var batch = WriteBatch(at: later(milliseconds), revision: 1)
        batch.sessions = sessions
        try store.write(batch)
    }
}
