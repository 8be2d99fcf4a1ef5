import CoreSupport
import Testing

@testable import BreakerCore

@Suite("Policy documents")
struct PolicyValidationTests {
    struct Row: Sendable, CustomTestStringConvertible {
        var field: PolicyField
        /// The default value in the design.
        var `default`: PolicyValue
        var admitted: [PolicyValue]
        var refused: [PolicyValue]
        var testDescription: String { field.rawValue }

        init(_ field: PolicyField, _ default: PolicyValue, _ range: ClosedRange<Int64>) {
            self.field = field
            self.default = `default`
            admitted = [.integer(range.lowerBound), .integer(range.upperBound), .decimal(Double(range.upperBound))]
            refused = [.integer(range.lowerBound - 1), .integer(range.upperBound + 1), .integer(.min), .integer(.max)]
            refused += [.decimal(Double(range.lowerBound) + 0.5), .decimal(1e300), .decimal(.nan), .decimal(.infinity)]
        }

        init(_ field: PolicyField, _ default: PolicyValue, admitted: [Double], refused: [Double]) {
            self.field = field
            self.default = `default`
            self.admitted = admitted.map { .decimal($0) } + [.integer(1)]
            self.refused = (refused + [.nan, .infinity, -1]).map { .decimal($0) } + [.integer(0)]
        }
    }

    static let (one, ten) = (1.0, 10.0)
    static let rate = (admitted: [Double.leastNonzeroMagnitude, 0.5, 1.0], refused: [0, one.nextUp, 2])

    static let table = [
        Row(.failureThreshold, .integer(5), 1...10_000),
        Row(.failureCountThreshold, .null, 1...1_000_000),
        Row(.failureRateThreshold, .null, admitted: rate.admitted, refused: rate.refused),
        Row(.slowCallRateThreshold, .null, admitted: rate.admitted, refused: rate.refused),
        Row(.slowCallMs, .null, 1...3_600_000),
        Row(.minimumCalls, .integer(10), 1...1_000_000),
        Row(.windowMs, .integer(60_000), 1_000...3_600_000),
        Row(.windowCalls, .null, 1...1_000),
        Row(.recoveryTimeoutMs, .integer(60_000), 100...86_400_000),
        Row(.recoveryTimeoutMultiplier, .decimal(1), admitted: [1, 1.5, 10], refused: [one.nextDown, ten.nextUp]),
        Row(.recoveryTimeoutMaxMs, .integer(600_000), 100...86_400_000),
        Row(.halfOpenProbes, .integer(1), 1...100),
        Row(.successThreshold, .integer(1), 1...1_000),
        Row(.probeLeaseMs, .integer(30_000), 100...300_000),
    ]

    /// A policy in which each field may be set to the bounds of its range without a contradiction.
    static let base = Policy.with {
        $0.slowCallMs = 1
        $0.recoveryTimeoutMs = 100
    }

    @Test("Every field of a policy has the default of the design", arguments: table)
    func fields(row: Row) {
        #expect(row.field.defaultValue == row.default)
        #expect(Policy()[row.field] == row.default)
        #expect(Self.table.map(\.field) == PolicyField.allCases)
    }

    @Test("A policy document may set a field to any value of its range, including the bounds", arguments: table)
    func admitted(row: Row) throws {
        for value in row.admitted {
            let policy = try Self.base.applying([row.field.rawValue: value])
            #expect(policy[row.field].asDecimal == value.asDecimal, "\(value)")
        }
    }

    @Test("A field that is out of range or of another type is refused, and the error names it", arguments: table)
    func refused(row: Row) {
        for value in row.refused + [.unsuitable("a text"), .unsuitable("true")] {
            let error = #expect(throws: PolicyError.self) { try Self.base.applying([row.field.rawValue: value]) }
            #expect(error?.faults.map(\.field) == [row.field.rawValue], "\(value)")
        }
    }

    @Test("null turns a field off, or sets it to its default if it cannot be off", arguments: table)
    func null(row: Row) throws {
        let off: Set<PolicyField> = [
            .failureThreshold, .failureCountThreshold, .failureRateThreshold, .slowCallRateThreshold, .slowCallMs,
            .windowCalls,
        ]
        var policy = Policy.with { $0.slowCallMs = 1 }
        if row.field != .slowCallMs {
            policy = try policy.applying([row.field.rawValue: row.admitted[1]])
        }
        policy = try policy.applying([row.field.rawValue: .null])
        #expect(policy[row.field] == (off.contains(row.field) ? .null : row.default))
    }

    @Test(
        "A policy document with an unknown field is refused",
        arguments: ["", "threshold", "Failure_Threshold", "failureThreshold"]
    )
    func unknown(field: String) {
        let error = #expect(throws: PolicyError.self) { try Policy().applying([field: .null]) }
        #expect(error?.faults == [.init(field: field, detail: "is not a field of a policy")])
    }

    @Test("The error of a refused policy document names every bad field")
    func everyFault() {
        let document: PolicyDocument = [
            "failure_threshold": .integer(0), "half_open_probes": .unsuitable("a text"), "nonsense": .null,
            "success_threshold": .integer(2), "slow_call_rate_threshold": .decimal(0.5),
        ]
        let error = #expect(throws: PolicyError.self) { try Policy().applying(document) }
        #expect(
            error?.faults.map(\.field) == ["failure_threshold", "half_open_probes", "nonsense", "slow_call_ms"]
        )
    }

    @Test(
        "The error of a bad field gives its allowed values and its value",
        arguments: [
            ("failure_threshold", .integer(0), "must be an integer from 1 to 10000, or null, not 0"),
            ("failure_rate_threshold", .decimal(1.5), "must be a number above 0 and at most 1, or null, not 1.5"),
            ("recovery_timeout_multiplier", .integer(11), "must be a number from 1 to 10, or null, not 11"),
            ("window_ms", .unsuitable("a string"), "must be an integer from 1000 to 3600000, or null, not a string"),
        ] as [(String, PolicyValue, String)]
    )
    func words(field: String, value: PolicyValue, detail: String) {
        let error = #expect(throws: PolicyError.self) { try Policy().applying([field: value]) }
        #expect(error?.faults == [.init(field: field, detail: detail)])
    }
}
