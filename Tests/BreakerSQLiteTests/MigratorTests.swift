import BreakerCore
import BreakerStorage
import EmbeddedFiles
import Foundation
import StoreContract
import Testing

@testable import BreakerSQLite

@Suite("Migrations")
struct MigratorTests {
    @Test("The program contains every file of migrations/ unchanged and in order, and openapi.yaml")
    func embedded() throws {
        let root = URL(fileURLWithPath: #filePath).resolvingSymlinksInPath()
            .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        let folder = root.appendingPathComponent("migrations").path
        let names = try FileManager.default.contentsOfDirectory(atPath: folder).filter { $0.hasSuffix(".sql") }.sorted()
        #expect(!names.isEmpty)
        #expect(EmbeddedFiles.migrations.map(\.name) == names)
        for file in EmbeddedFiles.migrations {
            #expect(try Data(contentsOf: URL(fileURLWithPath: "\(folder)/\(file.name)")) == Data(file.bytes))
        }
        let openAPI = try Data(contentsOf: root.appendingPathComponent("openapi.yaml"))
        #expect(openAPI == Data(EmbeddedFiles.openAPI))
    }

    private static let addition: EmbeddedFiles.File = ("9998_add.sql", Array("CREATE TABLE a (b INTEGER) STRICT;".utf8))
    private static let faulty: EmbeddedFiles.File = (
        "9999_faulty.sql", Array("CREATE TABLE c (d INTEGER) STRICT; SELECT nothing;".utf8)
    )

    private func open(_ location: SQLiteLocation, _ files: [EmbeddedFiles.File]) throws -> SQLiteStore {
        try SQLiteStore.open(path: location.database, at: .start, migrator: Migrator(files))
    }

    /// Makes a database as the version before the migration `number` left it, and runs `sql` on it.
    private func makeDatabase(_ location: SQLiteLocation, before number: String, _ sql: String) throws {
        _ = try FilePath(location.database).create()
        let connection = try Connection(path: location.database, access: .readWrite, vfs: nil)
        let migrator = Migrator(EmbeddedFiles.migrations.filter { $0.name < number })
        try migrator.apply(migrator.migrations, on: connection, at: .start)
        try connection.execute(sql)
    }

    @Test("Each migration is recorded with its checksum and instant, and applied once")
    func recorded() throws {
        let location = try SQLiteLocation()
        for _ in 0..<2 {
            let store = try location.open()
            let migrations = Migrator().migrations
            #expect(try store.connection.texts("SELECT name FROM migrations") == migrations.map(\.name))
            #expect(try store.connection.texts("SELECT sha256 FROM migrations") == migrations.map(\.sha256))
            let instants = try store.connection.texts("SELECT DISTINCT applied_at FROM migrations")
            #expect(instants == ["\(Instant.start.milliseconds)"])
            store.close()
        }
    }

    @Test("The checksum of a migration is its SHA-256 in hexadecimal digits")
    func checksum() {
        // The example of FIPS 180-2, appendix B.1.
        let sha256 = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        #expect(Migrator.Migration(("abc.sql", Array("abc".utf8))).sha256 == sha256)
    }

    @Test("Migration 0005 moves the deletions that have an actor to the audit and drops their table")
    func deletions() throws {
        let location = try SQLiteLocation()
        try makeDatabase(
            location,
            before: "0005",
            """
            INSERT INTO deletions (revision, name, actor, at)
            VALUES (3, 'a', 'ops', 30), (5, 'b', NULL, 50), (7, 'c', 'ops', 70);
            INSERT INTO audit (revision, at, actor, address, action, breaker) VALUES (7, 70, 'ops', '::1', 'delete', 'c')
            """
        )
        let migrated = try location.open()
        let query = "SELECT actor || ' ' || ifnull(address, '-') || ' ' || breaker || at FROM audit ORDER BY revision"
        #expect(try migrated.connection.texts(query) == ["ops - a30", "ops ::1 c70"])
        #expect(throws: SQLiteError.self) { try migrated.connection.execute("SELECT * FROM deletions") }
    }

    /// SQL that inserts breaker 1, `payments`, with the columns of the first migrations.
    private static let breaker = """
        INSERT INTO breakers (id, name, created_at, state, generation, since_at, consecutive_failures, window, leases,
            probe_successes, lost_probes, failure_rows)
        VALUES (1, 'payments', 0, 'closed', 1, 0, 0, x'', '', 0, 0, 0);
        """

    @Test("A receipt from before answers had a generation repeats its answer with generation 0")
    func receiptWithoutGeneration() throws {
        let location = try SQLiteLocation()
        try makeDatabase(
            location,
            before: "0007",
            """
            \(Self.breaker)
            INSERT INTO report_ids (breaker_id, report_id, outcome, count, counted, state, at)
            VALUES (1, 'r', 'success', 1, 1, 'closed', 0)
            """
        )
        let receipt = try location.open().receipt(forReport: "r", ofBreaker: 1)
        #expect(receipt?.answer == ReportAnswer(counted: 1, refusal: nil, state: .closed, generation: 0))
    }

    @Test("Report ids from before they had a client share one limit and belong to no token")
    func receiptsWithoutClient() throws {
        let location = try SQLiteLocation()
        try makeDatabase(
            location,
            before: "0011",
            """
            \(Self.breaker)
            INSERT INTO report_ids (breaker_id, report_id, outcome, count, counted, state, at)
            VALUES (1, 'r1', 'success', 1, 1, 'closed', \(Instant.start.milliseconds)),
                (1, 'r2', 'success', 1, 1, 'closed', \(Instant.start.milliseconds));
            UPDATE server SET revision = 1
            """
        )
        var retention = Retention()
        retention.receipts = 2
        let store = try location.open(retention)
        var batch = WriteBatch(at: .start, revision: 1)
        let receipt = try #require(try store.receipt(forReport: "r1", ofBreaker: 1))
        batch.receipts = [.init(breakerID: 1, reportID: "r3", receipt: receipt, client: "checkout")]
        try store.write(batch)
        #expect(try store.receipt(forReport: "r1", ofBreaker: 1) == nil)
        #expect(try store.receipt(forReport: "r2", ofBreaker: 1) != nil)
        #expect(store.evictions[.reportIDs].rows == 1)
        #expect(store.evictions[.reportIDs].token == nil)
    }

    @Test("A database from before there were epochs gets one at its first start, and keeps it")
    func epoch() throws {
        let location = try SQLiteLocation()
        try makeDatabase(location, before: "0006", "")
        var epochs: [Epoch] = []
        for revision in 1...3 {
            let store = try location.open()
            epochs.append(store.epoch)
            try store.write(WriteBatch(at: .start, revision: Int64(revision)))
            store.close()
        }
        #expect(Set(epochs).count == 1)
    }

    @Test("A database from before sessions were stored has no session key and no ended session")
    func sessions() throws {
        let location = try SQLiteLocation()
        try makeDatabase(location, before: "0009", "")
        #expect(try location.open().sessions() == StoredSessions())
    }

    @Test("Migration 0012 drops the session key and the ended sessions, so that every earlier session ends")
    func sessionsWithoutToken() throws {
        let location = try SQLiteLocation()
        try makeDatabase(
            location,
            before: "0012",
            """
            UPDATE server SET session_key = zeroblob(32);
            INSERT INTO revoked_sessions (id, ends_at) VALUES ('a', \(Instant.start.milliseconds + 1))
            """
        )
        #expect(try location.open().sessions() == StoredSessions())
    }

    @Test("Migration 0013 keeps the report ids, and they outlive the row of their breaker")
    func receiptsWithReference() throws {
        let location = try SQLiteLocation()
        try makeDatabase(
            location,
            before: "0013",
            """
            \(Self.breaker)
            INSERT INTO report_ids (number, client, breaker_id, report_id, outcome, permit, duration_ms, count, counted,
                reason, state, generation, at)
            VALUES (7, 'checkout', 1, 'r', 'failure', '5', 12, 3, 2, 'open', 'half_open', 4, 30)
            """
        )
        let store = try location.open()
        let query = """
            SELECT number || ' ' || client || ' ' || breaker_id || ' ' || report_id || ' ' || outcome || ' ' || permit
                || ' ' || duration_ms || ' ' || count || ' ' || counted || ' ' || reason || ' ' || state || ' '
                || generation || ' ' || at
            FROM report_ids
            """
        #expect(try store.connection.texts(query) == ["7 checkout 1 r failure 5 12 3 2 open half_open 4 30"])
        try store.connection.execute("DELETE FROM breakers")
        #expect(try store.connection.integer("SELECT count(*) FROM report_ids") == 1)
    }

    /// SQL that inserts the policy of a breaker.
    private static func policy(ofBreaker id: Int) -> String {
        """
        INSERT INTO policies (breaker_id, failure_threshold, minimum_calls, window_ms, recovery_timeout_ms,
            recovery_timeout_multiplier, half_open_probes, success_threshold, probe_lease_ms, source, revision)
        VALUES (\(id), 5, 10, 60000, 60000, 1, 1, 1, 30000, 'default', \(id));
        """
    }

    @Test("Migration 0014 keeps descriptions of transitions, and adds which are trips and what their rules observed")
    func transitionsWithoutEvidence() throws {
        let location = try SQLiteLocation()
        try makeDatabase(
            location,
            before: "0014",
            """
            \(Self.breaker)
            \(Self.policy(ofBreaker: 1))
            INSERT INTO transitions (revision, breaker_id, from_state, to_state, cause, detail, at)
            VALUES (2, 1, 'closed', 'open', 'failure_threshold', '5 consecutive failures; the last: timeout', 20),
                (3, 1, 'open', 'half_open', 'recovery_timeout', 'the recovery timeout of 1 min has passed', 30),
                (4, 1, 'half_open', 'open', 'probe_failed', 'a probe failed', 40),
                (5, 1, 'open', 'open', 'override_set', 'forced open by ops: drill', 50),
                (6, 1, 'closed', 'open', 'override_set', 'forced open by ops: drill', 60),
                (7, 1, 'closed', 'open', 'failure_count_threshold', '1 failure in the last 1 min; the last: x', 70),
                (8, 1, 'closed', 'open', 'failure_rate_threshold', '6 of 10 calls failed in the last 1 min (60 %)', 80),
                (9, 1, 'closed', 'open', 'slow_call_rate_threshold', '1 of 1 call took 1 s or longer (100 %)', 90);
            INSERT INTO changes (revision, breaker_id, name, at, kind, from_state, to_state, cause, detail, state,
                generation, since_at, policy_revision)
            SELECT revision, 1, 'payments', at, 'transition', from_state, to_state, cause, detail, to_state, revision,
                at, 1 FROM transitions;
            UPDATE server SET revision = 9, written_at = 90
            """
        )
        let store = try location.open()
        let reader = try location.reader()
        let found = try reader.transitions(ofBreaker: 1, visible: .all, before: nil, limit: 10)
        let transitions = found.reversed().map(\.transition)
        #expect(transitions.map(\.isTrip) == [true, false, true, false, false, true, true, true])
        #expect(transitions.map(\.evidence.observed) == [5, nil, nil, nil, nil, 1, 0.6, 1])
        #expect(transitions[2].evidence.sentence == "a probe failed")
        #expect(transitions.allSatisfy { $0.evidence.sentence?.isEmpty == false })
        let openings = try store.load().breakers.map(\.breaker.recentOpenings)
        #expect(openings == [[20, 40, 70, 80, 90].map { Instant(milliseconds: $0) }])
        guard case .changes(let changes) = try reader.changes(after: 1, limit: 10) else {
            Issue.record("the changes are gone")
            return
        }
        let changed = changes.compactMap(\.transition)
        #expect(changed.map(\.isTrip) == transitions.map(\.isTrip))
        #expect(changed.map(\.evidence.sentence) == transitions.map(\.evidence.sentence))
    }

    @Test("Migration 0015 finds when a breaker left the state closed, unless that transition is no longer stored")
    func withoutOutage() throws {
        let location = try SQLiteLocation()
        let columns = """
            id, name, created_at, state, generation, since_at, consecutive_failures, window, leases, probe_successes, \
            lost_probes, failure_rows
            """
        try makeDatabase(
            location,
            before: "0015",
            """
            INSERT INTO breakers (\(columns)) VALUES
                (1, 'a', 0, 'half_open', 7, 60, 0, x'', '', 0, 0, 0),
                (2, 'b', 0, 'closed', 4, 40, 0, x'', '', 0, 0, 0),
                (3, 'c', 0, 'open', 5, 50, 0, x'', '', 0, 0, 0);
            \(Self.policy(ofBreaker: 1))
            \(Self.policy(ofBreaker: 2))
            \(Self.policy(ofBreaker: 3))
            INSERT INTO transitions (revision, breaker_id, from_state, to_state, cause, detail, at)
            VALUES (2, 1, 'closed', 'open', 'failure_threshold', '5 consecutive failures', 20),
                (3, 1, 'open', 'closed', 'reset', 'reset to closed by ops', 30),
                (4, 2, 'half_open', 'closed', 'probes_succeeded', '1 probe succeeded', 40),
                (5, 3, 'half_open', 'open', 'probe_failed', 'a probe failed', 50),
                (6, 1, 'closed', 'open', 'failure_threshold', '5 consecutive failures', 55),
                (7, 1, 'open', 'half_open', 'recovery_timeout', 'the recovery timeout has passed', 60);
            UPDATE server SET revision = 7, written_at = 60
            """
        )
        let breakers = try location.open().load().breakers.map(\.breaker)
        #expect(breakers.map(\.notClosedSince) == [Instant(milliseconds: 55), nil, nil])
    }

    @Test("In a database from before reports had an age, the newest failure of a breaker is its last one")
    func lastFailure() throws {
        let location = try SQLiteLocation()
        try makeDatabase(
            location,
            before: "0008",
            """
            UPDATE server SET revision = 2;
            \(Self.breaker)
            \(Self.policy(ofBreaker: 1))
            INSERT INTO breakers (id, name, created_at, state, generation, since_at, consecutive_failures, window,
                leases, probe_successes, lost_probes, failure_rows)
            VALUES (2, 'search', 0, 'closed', 2, 0, 2, x'', '', 0, 0, 2);
            \(Self.policy(ofBreaker: 2))
            INSERT INTO failures (breaker_id, number, at, count) VALUES (2, 1, 0, 1), (2, 2, 0, 1)
            """
        )
        let loaded = try location.open().load().breakers
        #expect(loaded.map { $0.breaker.lastFailure?.number } == [nil, 2])
    }

    @Test("A new migration is applied to an existing database without losing data")
    func added() throws {
        let location = try SQLiteLocation()
        let store = try location.open()
        try store.write(WriteBatch(at: .start, revision: 5))
        store.close()
        let migrated = try open(location, EmbeddedFiles.migrations + [Self.addition])
        #expect(try migrated.connection.integer("SELECT count(*) FROM a") == 0)
        #expect(try migrated.load().revision == 5)
        migrated.close()
        let error = #expect(throws: StoreError.self) { _ = try location.open() }
        #expect(error?.code == .incompatible)
    }

    @Test("A failed migration leaves no trace, and the migrations before it stay applied")
    func faulty() throws {
        let location = try SQLiteLocation()
        let error = #expect(throws: StoreError.self) {
            _ = try open(location, EmbeddedFiles.migrations + [Self.addition, Self.faulty])
        }
        #expect(error?.code == .unavailable)
        let store = try open(location, EmbeddedFiles.migrations + [Self.addition])
        #expect(try store.connection.integer("SELECT count(*) FROM sqlite_schema WHERE name = 'c'") == 0)
    }
}
