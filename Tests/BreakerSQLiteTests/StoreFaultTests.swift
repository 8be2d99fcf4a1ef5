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
