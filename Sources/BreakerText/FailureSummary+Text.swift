package import BreakerCore

extension FailureSummary {
    /// The summary in a sentence: "82 % timeout; 90 % of them from checkout-7".
    package var text: String {
        guard let kind = kinds.first, let reporter = kind.reporters.first else { return "no failures" }
        let what = "\(Phrase.share(kind.group.share)) \(kind.group.name ?? "of no kind")"
        let whom = reporter.name ?? "workers without a name"
        if kind.reporterCount == 1 { return "\(what), from \(whom)" }
        guard reporter.share >= Self.majorityShare else { return "\(what), from \(kind.reporterCount) reporters" }
        return "\(what); \(Phrase.share(reporter.share)) of them from \(whom)"
    }

    /// The share from which the most frequent reporter is mentioned by name.
    private static let majorityShare = 0.5
}
