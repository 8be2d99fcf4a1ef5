/// How what is stored differs from what was acknowledged.
struct Losses: Hashable, Sendable {
    /// Acknowledged, and not stored.
    var lost: Set<String> = []
    /// Stored more than once.
    var repeated: Set<String> = []
    /// Stored, and never sent.
    var invented: Set<String> = []

    static let none = Losses()
}

/// Holds what a server acknowledged against what it has stored. What was sent and not acknowledged may be stored once.
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
