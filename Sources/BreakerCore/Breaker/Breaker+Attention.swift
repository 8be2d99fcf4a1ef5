/// How urgently a breaker needs an operator.
extension Breaker {
    /// The rules that are on, in the order of the policy's table, with their numbers at `now`. The counts are zero
    /// unless the breaker is closed.
    package func rules(at now: Instant) -> [Rule.Reading] {
        let counts = counts(at: now)
        return Rule.inOrder.compactMap { $0.reading(streak: consecutiveFailures, counts: counts, policy: policy) }
    }

    /// The number of openings within an hour from which a breaker is unstable.
    package static let unstableOpenings = 3

    package func isUnstable(at now: Instant) -> Bool {
        openings(inHourBefore: now) >= Self.unstableOpenings
    }

    /// The urgency of a breaker; the least value is the most urgent.
    package struct Attention: Hashable, Comparable, Sendable {
        /// 0 under an override, 1 open, 2 half open, 3 closed.
        package var rank: Int
        /// How close a closed breaker is to tripping, by its closest rule; 0 for all others.
        package var progress: Double

        package init(rank: Int, progress: Double) {
            self.rank = rank
            self.progress = progress
        }

        /// - Parameter progress: the progress of the breaker, evaluated only if it is closed and not overridden.
        package init(state: State, isOverridden: Bool, progress: @autoclosure () -> Double) {
            guard !isOverridden else {
                self.init(rank: 0, progress: 0)
                return
            }
            switch state {
            case .open: self.init(rank: 1, progress: 0)
            case .halfOpen: self.init(rank: 2, progress: 0)
            case .closed: self.init(rank: 3, progress: progress())
            }
        }

        package static func < (left: Attention, right: Attention) -> Bool {
            left.rank != right.rank ? left.rank < right.rank : left.progress > right.progress
        }
    }

    package func attention(at now: Instant) -> Attention {
        Attention(state: state, isOverridden: override != nil, progress: progress(at: now))
    }

    /// How close a closed breaker is to tripping, by its closest rule.
    package func progress(at now: Instant) -> Double {
        rules(at: now).reduce(0) { max($0, $1.progress) }
    }

    /// Whether the breaker's progress can be above 0 at any instant before the next event.
    package var mayHaveProgress: Bool {
        guard case .closed(let closed) = phase else { return false }
        return closed.streak > 0 || closed.window.hasFaults
    }
}
