import BreakerAPI
import BreakerCore
import Foundation
import Testing

@Suite("The values of the audit as documents")
struct AuditValueTests {
    private static let policy =
        #"""
        "policy_source":"api","policy":{"failure_threshold":null,"failure_count_threshold":null,\#
        "failure_rate_threshold":0.5,"slow_call_rate_threshold":null,"slow_call_ms":null,"minimum_calls":20,\#
        "window_ms":null,"window_calls":100,"recovery_timeout_ms":60000,"recovery_timeout_multiplier":1.5,\#
        "recovery_timeout_max_ms":600000,"half_open_probes":1,"success_threshold":1,"probe_lease_ms":30000}
        """#
    private static let override =
        #"{"mode":"shadow","reason":"\"x\"","actor":"ops","since":"2026-01-01T00:00:00.000Z","expires_at":null}"#

    private static func rate() throws -> Policy {
        try Policy().applying([
            "failure_threshold": .null, "failure_rate_threshold": .decimal(0.5), "minimum_calls": .integer(20),
            "window_calls": .integer(100), "recovery_timeout_multiplier": .decimal(1.5),
            "recovery_timeout_max_ms": .integer(600_000),
        ])
    }

    private static let shadow = Override(
        mode: .shadow,
        reason: "\"x\"",
        actor: "ops",
        since: Instant(milliseconds: 1_767_225_600_000),
        expiresAt: nil
    )

    private func expect(_ value: AuditValue, written: String) throws {
        let document = AuditValueDocument(value)
        #expect(String(decoding: document.bytes, as: UTF8.self) == written)
        let read = try JSONDecoder().decode(AuditValueDocument.self, from: Data(written.utf8))
        #expect(read == document)
        #expect(AuditValue(read) == value)
    }

    @Test("A value of each kind is written and read back")
    func kinds() throws {
        let policy = try Self.rate()
        try expect(.policy(policy, source: .api), written: "{\(Self.policy)}")
        try expect(.override(Self.shadow), written: Self.override)
        try expect(.state(.halfOpen, generation: 7), written: #"{"state":"half_open","generation":7}"#)
        for (override, written) in [(nil, "null"), (Self.shadow, Self.override)] as [(Override?, String)] {
            try expect(
                .breaker(state: .open, generation: 9, policy: policy, source: .api, override: override),
                written: #"{"state":"open","generation":9,\#(Self.policy),"override":\#(written)}"#
            )
        }
    }

    @Test(
        "A value that only another version can read is none",
        arguments: [
            "{}", #"{"state":"ajar","generation":7}"#, #"{"state":"open"}"#,
            #"{"policy_source":"api","policy":{"failure_threshold":-1}}"#,
            #"{"mode":"force_half","reason":"r","actor":"ops","since":"2026-01-01T00:00:00.000Z","expires_at":null}"#,
        ]
    )
    func unreadable(text: String) throws {
        let document = try JSONDecoder().decode(AuditValueDocument.self, from: Data(text.utf8))
        #expect(AuditValue(document) == nil)
    }
}
