extension Breaker {
    /// Moves every instant of live state back, for a server that starts with its clock behind the last commit: nothing
    /// lasts longer than it was to last. The window's buckets move along, for they count from the generation's
    /// beginning.
    ///
    /// - Parameter milliseconds: by how much; not negative.
    package mutating func shiftBack(byMilliseconds milliseconds: Int64) {
        precondition(milliseconds >= 0, "time is shifted back by a positive amount, not \(milliseconds)")
        func shifted(_ instant: Instant) -> Instant { instant.advanced(byMilliseconds: -milliseconds) }
        since = shifted(since)
        switch phase {
        case .closed: break
        case .open(let until): phase = .open(until: until.map(shifted))
        case .halfOpen(var halfOpen):
            for index in halfOpen.leases.indices {
                halfOpen.leases[index].until = shifted(halfOpen.leases[index].until)
            }
            phase = .halfOpen(halfOpen)
        }
        if let override {
            self.override?.since = shifted(override.since)
            self.override?.expiresAt = override.expiresAt.map(shifted)
        }
        recentOpenings = recentOpenings.map(shifted)
    }
}
