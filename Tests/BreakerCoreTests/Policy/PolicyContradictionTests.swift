import BreakerCore
import Testing

@Suite("Contradictions between the fields of a policy")
struct PolicyContradictionTests {
    static let both = ["window_ms", "window_calls"]

    /// Documents that are applied to the default policy, and the fields at fault.
    static let documents: [(document: PolicyDocument, faults: [String])] = [
        ([:], []),
        (["failure_threshold": .null], []),
        (["window_ms": .integer(5_000), "window_calls": .integer(5)], both),
        (["window_ms": .integer(5_000), "window_calls": .null], []),
        (["window_ms": .null, "window_calls": .integer(5)], []),
        (["window_ms": .null, "window_calls": .null], []),
        (["slow_call_rate_threshold": .decimal(0.5)], ["slow_call_ms"]),
        (["slow_call_rate_threshold": .decimal(0.5), "slow_call_ms": .null], ["slow_call_ms"]),
        (["slow_call_rate_threshold": .decimal(0.5), "slow_call_ms": .integer(0)], ["slow_call_ms"]),
        (["slow_call_rate_threshold": .decimal(0.5), "slow_call_ms": .integer(1)], []),
        (["slow_call_ms": .integer(1)], []),
        (["recovery_timeout_max_ms": .integer(59_999)], ["recovery_timeout_max_ms"]),
        (["recovery_timeout_max_ms": .integer(60_000)], []),
        (["recovery_timeout_ms": .integer(600_001)], []),
        (
            ["recovery_timeout_ms": .integer(600_001), "recovery_timeout_max_ms": .integer(600_000)],
            ["recovery_timeout_max_ms"]
        ),
        (["recovery_timeout_ms": .integer(99), "recovery_timeout_max_ms": .integer(100)], ["recovery_timeout_ms"]),
        (["window_calls": .integer(9), "failure_rate_threshold": .decimal(0.5)], ["minimum_calls"]),
        (["window_calls": .integer(10), "failure_rate_threshold": .decimal(0.5)], []),
        (["window_calls": .integer(9)], []),
        (
            ["window_calls": .integer(9), "failure_rate_threshold": .decimal(1), "minimum_calls": .integer(10)],
            ["minimum_calls"]
        ),
        (["window_calls": .integer(9), "failure_rate_threshold": .decimal(1), "minimum_calls": .integer(9)], []),
        (["window_calls": .integer(3), "failure_count_threshold": .integer(4)], ["failure_count_threshold"]),
        (["window_calls": .integer(3), "failure_count_threshold": .integer(3)], []),
        (["window_calls": .integer(0), "failure_count_threshold": .integer(4)], ["window_calls"]),
    ]

    @Test(
        "A policy document whose fields contradict each other is refused with the fields at fault",
        arguments: documents
    )
    func contradictions(document: PolicyDocument, faults: [String]) {
        var found: [String] = []
        do {
            _ = try Policy().applying(document)
        } catch {
            found = error.faults.map(\.field)
        }
        #expect(found == faults)
    }

    @Test("A patch is checked together with the fields that it does not change")
    func patch() throws {
        let slow = try Policy().applying(["slow_call_rate_threshold": .decimal(1), "slow_call_ms": .integer(9)])
        #expect(throws: PolicyError.self) { try slow.applying(["slow_call_ms": .null]) }
        #expect(try slow.applying(["slow_call_ms": .null, "slow_call_rate_threshold": .null]).slowCallMs == nil)
        let capped = try Policy().applying(["recovery_timeout_max_ms": .integer(70_000)])
        #expect(throws: PolicyError.self) { try capped.applying(["recovery_timeout_ms": .integer(70_001)]) }
        #expect(try capped.applying(["recovery_timeout_ms": .integer(70_000)]).recoveryTimeoutMaxMs == 70_000)
    }

    @Test("A patch of one window clears the other, and null restores the default only for the window in use")
    func windows() throws {
        let calls = try Policy().applying(["window_calls": .integer(20)])
        #expect(calls.window == .calls(20))
        #expect(calls[.windowMs] == .null)
        #expect(try calls.applying(["window_ms": .integer(2_000)]).window == .time(ms: 2_000))
        #expect(try calls.applying(["window_ms": .integer(2_000)])[.windowCalls] == .null)
        #expect(try calls.applying(["window_calls": .null]).window == .time(ms: 60_000))
        #expect(try calls.applying(["window_ms": .null]).window == .calls(20))
        let time = try Policy().applying(["window_ms": .integer(2_000)])
        #expect(try time.applying(["window_calls": .null]).window == .time(ms: 2_000))
        #expect(try time.applying(["window_ms": .null]).window == .time(ms: 60_000))
    }

    @Test(
        "If recovery_timeout_max_ms is not given, it is 10 min or a longer recovery timeout",
        arguments: [(60_000, 600_000), (600_000, 600_000), (600_001, 600_001), (86_400_000, 86_400_000)]
    )
    func cap(timeoutMs: Int64, maxMs: Int64) throws {
        let policy = try Policy().applying(["recovery_timeout_ms": .integer(timeoutMs)])
        #expect(policy.recoveryTimeoutMaxMs == maxMs)
        #expect(policy[.recoveryTimeoutMaxMs] == .integer(maxMs))
        #expect(policy.given(.recoveryTimeoutMaxMs) == .null)
        let given = try policy.applying(["recovery_timeout_max_ms": .integer(maxMs)])
        #expect(given.given(.recoveryTimeoutMaxMs) == .integer(maxMs))
        #expect(try given.applying(["recovery_timeout_max_ms": .null]) == policy)
    }

    @Test("A policy can be built again from its given fields", arguments: Preset.allCases)
    func givenFields(preset: Preset) throws {
        let extra: [PolicyDocument] = [
            [:], ["window_calls": .integer(50)], ["recovery_timeout_max_ms": .integer(700_000)],
            ["failure_threshold": .null], ["slow_call_ms": .integer(5), "slow_call_rate_threshold": .decimal(0.25)],
        ]
        for fields in extra {
            let policy = try preset.policy.applying(fields)
            let given = PolicyField.allCases.map { ($0.rawValue, policy.given($0)) }
            #expect(try Policy().applying(Dictionary(uniqueKeysWithValues: given)) == policy)
        }
    }
}
