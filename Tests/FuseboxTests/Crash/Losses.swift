/// The differences between the stored and the acknowledged failures.
struct Losses: Hashable, Sendable {
    /// Failures that were acknowledged and are not stored.
    var lost: Set<String> = []
    /// Failures that are stored more than once.
    var repeated: Set<String> = []
    /// Failures that are stored and were never sent.
    var invented: Set<String> = []

    static let none = Losses()
}

/// Compares the acknowledged failures with the stored ones. A failure that was sent and not acknowledged may be stored
/// once.
func losses(acknowledged: Set<String>, sent: Set<String>, stored: [String]) -> Losses {
    var seen: Set<String> = []
    var repeated: Set<String> = []
    for item in stored where !seen.insert(item).inserted { repeated.insert(item) }
    return Losses(
        lost: acknowledged.subtracting(seen),
        repeated: repeated,
        invented: seen.subtracting(sent)
    )
}
