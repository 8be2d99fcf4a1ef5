import Foundation

/// Why a breaker is in its state, and what happens next.
struct ExplanationDocument: Decodable, Sendable {
    struct Event: Decodable, Sendable {
        var inMs: Int64?
        var detail: String
    }

    struct Advice: Decodable, Sendable {
        var field: String
        var current: Double?
        var suggested: Double?
        var detail: String

        /// "60000 → 120000".
        var change: String {
            [current, suggested].map { $0.map(NumberText.plain) ?? "off" }.joined(separator: " → ")
        }
    }

    var text: String
    var failures: [FailureDocument]
    var next: [Event]
    var advice: [Advice]
}

struct FailureListDocument: Decodable, Sendable {
    var failures: [FailureDocument]
}
