import BreakerCore
import BreakerStorage
import Testing

extension StoreContract {
    static var deletionClauses: [Clause] {
        [
            Clause("The deletion of a breaker removes its failures, transitions and report ids") { location in
                let store = try location.open()
                let reader = try location.reader()
                var scenario = Scenario()
                for name in ["goes", "stays"] {
                    scenario.create(name)
                    scenario.report(name, Report(.failure, id: "r1"))
                    scenario.fail(name, times: 4)
                }
                let (goes, stays) = (scenario["goes"].id, scenario["stays"].id)
                try scenario.write(to: store)
                scenario.delete("goes", actor: "ops")
                try scenario.write(to: store)
                #expect(try store.load() == scenario.panel)
                #expect(try reader.failures(ofBreaker: goes, before: nil, limit: 10).isEmpty)
                #expect(try reader.transitions(ofBreaker: goes, visible: .all, before: nil, limit: 10).isEmpty)
                #expect(try store.receipt(forReport: "r1", ofBreaker: goes) == nil)
                #expect(try reader.failures(ofBreaker: stays, before: nil, limit: 10).count == 5)
                #expect(try reader.transitions(ofBreaker: nil, visible: .all, before: nil, limit: 10).count == 1)
                #expect(try store.receipt(forReport: "r1", ofBreaker: stays) != nil)
            },
            Clause("A breaker that is deleted and created in one batch begins without history") { location in
                let store = try location.open()
                let reader = try location.reader()
                var scenario = Scenario()
                scenario.create("payments", ["failure_threshold": .integer(2)])
                scenario.fail("payments", times: 2)
                try scenario.write(to: store)
                scenario.delete("payments")
                scenario.create("payments")
                scenario.report("payments", Report(.failure, kind: "connection", id: "r1"))
                try scenario.write(to: store)
                #expect(try store.load() == scenario.panel)
                let id = scenario["payments"].id
                #expect(try reader.failures(ofBreaker: id, before: nil, limit: 10).map(\.kind) == ["connection"])
                #expect(try store.receipt(forReport: "r1", ofBreaker: id)?.answer.counted == 1)
                store.close()
                #expect(try location.open().load() == scenario.panel)
            },
            Clause("A breaker that is created and deleted in one batch leaves only its revisions") { location in
                let store = try location.open()
                try store.write(WriteBatch(at: .start, revision: 0))
                var scenario = Scenario()
                scenario.create("payments")
                scenario.delete("payments")
                try scenario.write(to: store)
                #expect(try store.load() == scenario.panel)
                #expect(scenario.panel.revision == 2)
            },
        ]
    }
}
