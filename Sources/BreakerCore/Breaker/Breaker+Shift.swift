extension Breaker {
    /// Moves every instant of live state after the clock was set, so that every remaining duration stays the same. The
    /// window's buckets move too, because they count from the beginning of the generation.
    ///
    /// - Parameter milliseconds: how far the clock was set; negative if it was set back.
    package mutating func shift(byMilliseconds milliseconds: Int64) {
        func shifted(_ instant: Instant) -> Instant { instant.advanced(byMilliseconds: milliseconds) }
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
