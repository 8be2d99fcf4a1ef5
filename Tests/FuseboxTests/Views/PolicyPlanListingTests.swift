import BreakerAPI
import Testing

@testable import fusebox

@Suite("The changes that apply prints")
struct PolicyPlanListingTests {
    private func plan(applied: Bool) -> PolicyPlanDocument {
        PolicyPlanDocument(
            plan: "7-00",
            applied: applied,
            created: [.init(name: "mail", fields: []), .init(name: "search", fields: [])],
            changed: [
                .init(
                    name: "payments",
                    fields: [
                        .init(field: "failure_threshold", from: 3, to: nil),
                        .init(field: "of_a_later_version", from: nil, to: 0.5),
                    ]
                )
            ],
            unchanged: ["orders"]
        )
    }

    @Test(
        "The breakers are in the order of the file, and unchanged ones are only counted",
        arguments: [
            (false, "to be created", "1 to change, 2 to create, 1 unchanged."),
            (true, "created", "1 changed, 2 created, 1 unchanged."),
        ]
    )
    func order(applied: Bool, created: String, summary: String) {
        let names = ["search", "payments", "orders", "mail"]
        let lines = PolicyPlanListing.lines(plan(applied: applied), in: names, on: .plain)
        let headings = lines.filter { !$0.hasPrefix(" ") }
        #expect(headings == ["search (\(created))", "payments", "mail (\(created))", summary])
        let fields = lines.filter { $0.hasPrefix(" ") }.map { $0.split(separator: " ") }
        #expect(fields == [["failure_threshold", "3", "→", "off"], ["of_a_later_version", "off", "→", "0.5"]])
    }

    @Test("If no breaker differs, the only line says so")
    func nothing() {
        let plan = PolicyPlanDocument(plan: "7-00", applied: true, created: [], changed: [], unchanged: ["a", "b"])
        #expect(PolicyPlanListing.lines(plan, in: ["a", "b"], on: .plain) == ["Nothing to do: 2 unchanged."])
    }
}
