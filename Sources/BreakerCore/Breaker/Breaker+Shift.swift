extension Breaker {
    /// Moves every instant of live state, for a clock that is set: everything lasts as long as it was to last. The
    /// window's buckets move along, for they count from the generation's beginning.
    ///
    /// - Parameter milliseconds: by how much; negative where the clock is set back.
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
