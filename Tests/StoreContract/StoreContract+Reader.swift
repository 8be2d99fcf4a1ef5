import BreakerCore
package import BreakerStorage
import Foundation
import Testing

extension StoreContract {
    static var readerClauses: [Clause] {
        [
            Clause("A backup opens as a store and has the committed state") { location in
                let store = try location.open()
                let reader = try location.reader()
                var scenario = Scenario.ofEveryState()
                scenario.report("new", Report(.success, id: "r"))
                try scenario.write(to: store)
                let committed = scenario.panel
                try reader.backUp().save(to: location.path("backup"))
                scenario.delete("new")
                try scenario.write(to: store)
                let copy = try location.openBackup(at: location.path("backup"))
                #expect(try copy.load() == committed)
                let new = try #require(committed.breakers.first { $0.breaker.name.value == "new" })
                #expect(try copy.receipt(forReport: "r", ofBreaker: new.breaker.id) != nil)
            },
            Clause("A store keeps its epoch, which no other store and no backup of it has") { location in
                var store = try location.open()
                let epoch = store.epoch
                try store.write(WriteBatch(at: .start, revision: 1))
                store.close()
                store = try location.open()
                #expect(store.epoch == epoch)
                #expect(try Location().open().epoch != epoch)
                try location.reader().backUp().save(to: location.path("backup"))
                let copy = try location.openBackup(at: location.path("backup"))
                let copied = copy.epoch
                #expect(copied != epoch)
                try copy.write(WriteBatch(at: .start, revision: 2))
                copy.close()
                #expect(try location.openBackup(at: location.path("backup")).epoch == copied)
            },
            Clause("A reader sees each batch once it is written, before and after a checkpoint") { location in
                let store = try location.open()
                let reader = try location.reader()
                var scenario = Scenario()
                scenario.create("payments", ["failure_threshold": .null])
                for number in 1...3 {
                    scenario.fail("payments")
                    try scenario.write(to: store)
                    #expect(try reader.numbers(of: scenario["payments"]).count == number)
                    try store.checkpoint()
                    #expect(try reader.numbers(of: scenario["payments"]).count == number)
                }
            },
        ]
    }
}

extension OpenFile {
    /// Writes the file's content to a new file at `path`.
    package func save(to path: String) throws {
        let handle = FileHandle(fileDescriptor: descriptor, closeOnDealloc: false)
        defer { withExtendedLifetime(self) {} }
        try handle.seek(toOffset: 0)
        try (handle.readToEnd() ?? Data()).write(to: URL(fileURLWithPath: path), options: .withoutOverwriting)
    }
}
