import BreakerCore

/// Readable texts for the values of a policy.
enum PolicyWords {
    /// The readable form of a number: milliseconds as a duration, a share in percent; `nil` if it needs none.
    static func reading(of field: PolicyField, _ value: Double?) -> String? {
        guard let value else { return nil }
        if field.rawValue.hasSuffix("_ms"), let ms = Int64(exactly: value) { return DurationText.exact(ms: ms) }
        if case .rate = field.range { return NumberText.percent(value) + " %" }
        return nil
    }

    /// "30000 (30s)", "0.5 (50 %)", "off".
    static func text(of field: PolicyField, _ value: Double?) -> String {
        guard let number = value else { return "off" }
        return NumberText.plain(number) + (reading(of: field, number).map { " (\($0))" } ?? "")
    }
}
