import BreakerCore
import BreakerStorage
import FaultyDisk
import StoreContract
import TestSupport
import Testing

@testable import BreakerSQLite

/// A script of batches on a disk that fails, and what may be found behind each.
final class FaultRun {
    let disk: FaultyDisk
    private(set) var failures: Set<StoreError.Code> = []
    private let place: SQLitePlace
    private let store: SQLiteStore
    private var scenario = Scenario()
    /// What was acknowledged last, and what a crash may have made of a commit that failed since.
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
        place = try SQLitePlace(in: .memory)
        store = try SQLiteStore.open(path: place.database, at: .start, vfs: disk.name)
        acceptable = [try store.load()]
    }

    /// Before the disk goes, which it uses.
    deinit {
        store.close()
    }

    /// Writes a batch, as a server does: one that failed is undone, and its events come again with the next.
    func perform(_ step: Int, _ place: String) throws {
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
            #expect(error.code == .unavailable || error.code == .outcomeUnknown, "\(place): \(error)")
            if error.code == .outcomeUnknown { acceptable.append(attempt.panel) }
            // A disk that does not even read is no witness.
            if let visible = try? store.load() { #expect(visible == acceptable[0], "\(place): \(error)") }
            try crash(place)
        }
        // Pages move now and then; that it may fail changes nothing.
        try? store.connection.checkpoint(step.isMultiple(of: 2) ? .passive : .truncate)
        // Before the first failure a run is like the others.
        if !failures.isEmpty { try crash(place) }
    }

    /// The steps that are stored.
    private var done = 0

    private static func replay(upTo step: Int, from first: Int, in scenario: inout Scenario) {
        for index in first...step { steps[index](&scenario) }
    }

    /// What a process that is killed leaves behind is opened elsewhere, on a disk that works.
    private func crash(_ place: String) throws {
        let copy = try self.place.folder.copy()
        let store = try SQLiteStore.open(path: copy.path("fusebox.db"), at: .start)
        let found = try store.load()
        #expect(acceptable.contains(found), "\(place)")
        #expect(try store.connection.texts("PRAGMA integrity_check") == ["ok"], "\(place)")
    }

    /// On the healed disk the rest is written, and found by the next owner.
    func finish(_ place: String) throws {
        if done < Self.steps.count {
            let before = failures
            try perform(Self.steps.count - 1, place)
            #expect(failures == before, "\(place)")
        }
        #expect(acceptable == [scenario.panel], "\(place)")
        store.close()
        let again = try self.place.open()
        #expect(try again.load() == scenario.panel, "\(place)")
        #expect(try again.receipt(forReport: "s40", ofBreaker: scenario["stock"].id) != nil, "\(place)")
    }
}
