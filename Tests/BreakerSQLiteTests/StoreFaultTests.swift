import BreakerCore
import BreakerStorage
import CSQLite
import FaultyDisk
import StoreContract
import TestSupport
import Testing

@testable import BreakerSQLite

@Suite("The SQLite store on a failing disk")
struct StoreFaultTests {
    struct Fault: Sendable, CustomTestStringConvertible {
        var calls: [FaultyDisk.Call]
        var code: Int32
        var forGood = false

        var testDescription: String { "\(calls) with \(code)\(forGood ? " for good" : "")" }
    }

    static let faults = [
        Fault(calls: [.write], code: SQLITE_FULL),
        Fault(calls: [.write], code: SQLITE_FULL, forGood: true),
        Fault(calls: [.write, .sync, .truncate], code: FaultyDisk.writeFailed),
        Fault(calls: [.sync], code: FaultyDisk.syncFailed),
        Fault(calls: [.sync], code: FaultyDisk.syncFailed, forGood: true),
        Fault(calls: [.read, .write, .sync, .truncate], code: SQLITE_IOERR, forGood: true),
    ]

    @Test("A failing disk loses no acknowledged batch and keeps no refused one", arguments: faults)
    func everyNth(_ fault: Fault) throws {
        var failures: Set<StoreError.Code> = []
        var nth = 0
        var wasReached = true
        while wasReached {
            nth += 1
            let run = try FaultRun()
            run.disk.fail(nth, of: fault.calls, with: fault.code, forGood: fault.forGood)
            for step in FaultRun.steps.indices { try run.perform(step, "\(nth)-th call, step \(step)") }
            wasReached = run.disk.count >= nth
            run.disk.heal()
            try run.finish("\(nth)-th call")
            failures.formUnion(run.failures)
        }
        #expect(nth > 10, "the faults were never reached")
        #expect(!failures.isEmpty)
        if fault.code == SQLITE_FULL { #expect(failures == [.unavailable]) }
        if fault.code == FaultyDisk.syncFailed { #expect(failures.contains(.outcomeUnknown)) }
    }

    @Test(
        "A disk that fails while a database is created leaves files that the next start can use",
        arguments: [SQLITE_FULL, FaultyDisk.syncFailed]
    )
    func opening(code: Int32) throws {
        let calls: [FaultyDisk.Call] = [.write, .sync, .truncate, .delete, .open, .read]
        var nth = 0
        var wasReached = true
        while wasReached {
            nth += 1
            let location = try SQLiteLocation(in: .memory)
            let disk = FaultyDisk()
            disk.fail(nth, of: calls, with: code, forGood: true)
            do throws(StoreError) {
                let store = try SQLiteStore.open(path: location.database, at: .start, vfs: disk.name)
                store.close()
            } catch {
                #expect(error.code == .unavailable, "\(nth)-th call: \(error)")
            }
            wasReached = disk.count >= nth
            let store = try location.open()
            #expect(try store.load().breakers == [], "\(nth)-th call")
            try store.write(WriteBatch(at: .start, revision: 1))
        }
        #expect(nth > 10, "the faults were never reached")
    }
}

/// A script of batches on a failing disk, with the states that a crash may leave after each.
final class FaultRun {
    let disk: FaultyDisk
    private(set) var failures: Set<StoreError.Code> = []
    private let location: SQLiteLocation
    private let store: SQLiteStore
    private var scenario = Scenario()
    /// The last acknowledged state, and the states that a crash may leave after the commits that have failed since.
    private var acceptable: [StoredPanel]

    static let steps: [@Sendable (inout Scenario) -> Void] = [
        { scenario in
            for name in ["payments", "search", "stock"] { scenario.create(name) }
            scenario.fail("payments", times: 4)
        },
        { scenario in scenario.report("payments", Report(.failure, detail: "no answer", id: "r1")) },
        { scenario in
            scenario.wait(ms: 60_000)
            scenario.acquire("payments")
            scenario.delete("search", actor: "ops")
        },
        { scenario in
            scenario.delete("stock")
            for name in ["search", "stock"] { scenario.create(name) }
        },
        { scenario in for count in 1...40 { scenario.report("stock", Report(.success, id: "s\(count)")) } },
    ]

    init() throws {
        disk = FaultyDisk()
        location = try SQLiteLocation(in: .memory)
        store = try SQLiteStore.open(path: location.database, at: .start, vfs: disk.name)
        acceptable = [try store.load()]
    }

    // The store uses the disk, so it closes before the disk is released.
    deinit {
        store.close()
    }

    /// Writes a batch as a server does: a failed batch is undone, and its events are written with the next one.
    func perform(_ step: Int, _ location: String) throws {
        scenario.wait(ms: 1)
        var attempt = scenario
        Self.replay(upTo: step, from: done, in: &attempt)
        do throws(StoreError) {
            try store.write(attempt.batch())
            scenario = attempt
            done = step + 1
            acceptable = [scenario.panel]
        } catch {
            failures.insert(error.code)
            #expect(error.code == .unavailable || error.code == .outcomeUnknown, "\(location): \(error)")
            if error.code == .outcomeUnknown { acceptable.append(attempt.panel) }
            // If the disk cannot be read either, there is nothing to compare.
            if let visible = try? store.load() { #expect(visible == acceptable[0], "\(location): \(error)") }
            try crash(location)
        }
        // The checkpoint may fail, which changes nothing.
        try? store.connection.checkpoint(step.isMultiple(of: 2) ? .passive : .truncate)
        // Until the first failure every run is the same, so it needs no check.
        if !failures.isEmpty { try crash(location) }
    }

    /// The number of stored steps.
    private var done = 0

    private static func replay(upTo step: Int, from first: Int, in scenario: inout Scenario) {
        for index in first...step { steps[index](&scenario) }
    }

    /// Opens a copy of the files, as a killed process would leave them, on a working disk, and checks what it holds.
    private func crash(_ location: String) throws {
        let copy = try self.location.folder.copy()
        let store = try SQLiteStore.open(path: copy.path("fusebox.db"), at: .start)
        let found = try store.load()
        #expect(acceptable.contains(found), "\(location)")
        #expect(try store.connection.texts("PRAGMA integrity_check") == ["ok"], "\(location)")
    }

    /// Writes the remaining steps on the healed disk, and checks that the next owner loads them.
    func finish(_ location: String) throws {
        if done < Self.steps.count {
            let before = failures
            try perform(Self.steps.count - 1, location)
            #expect(failures == before, "\(location)")
        }
        #expect(acceptable == [scenario.panel], "\(location)")
        store.close()
        let again = try self.location.open()
        #expect(try again.load() == scenario.panel, "\(location)")
        #expect(try again.receipt(forReport: "s40", ofBreaker: scenario["stock"].id) != nil, "\(location)")
    }
}
