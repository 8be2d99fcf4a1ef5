import BreakerCore
import BreakerEngine
import BreakerText

extension Exposition {
    mutating func add(_ panel: PanelReading?) {
        guard let panel else { return }
        let breakers = panel.breakers
        add(.breakerState) { samples in
            for breaker in breakers {
                for state in State.allCases {
                    let value = breaker.state == state ? 1 : 0
                    samples.add(value, ["breaker": breaker.name.value, "state": state.rawValue])
                }
            }
        }
        add(.breakerGeneration) { samples in
            for breaker in breakers { samples.add(breaker.generation, ["breaker": breaker.name.value]) }
        }
        add(.breakerOpeningsLastHour) { samples in
            for breaker in breakers { samples.add(breaker.openingsLastHour, ["breaker": breaker.name.value]) }
        }
        addCounters(of: breakers)
        addOverrides(of: breakers)
        add(.breakers) { samples in
            for state in State.allCases { samples.add(panel.totals[state], ["state": state.rawValue]) }
        }
        add(.breakersLeftOut) { $0.add(panel.leftOut) }
    }

    private mutating func addCounters(of breakers: [BreakerReading]) {
        add(.decisions) { samples in
            for breaker in breakers {
                for (decision, count) in [
                    ("allowed", breaker.decisions.allowed), ("denied", breaker.decisions.denied),
                ] {
                    samples.add(count, ["breaker": breaker.name.value, "decision": decision])
                }
            }
        }
        add(.reports) { samples in
            for breaker in breakers {
                for outcome in Outcome.allCases {
                    for (applied, counts) in [("true", breaker.reports.applied), ("false", breaker.reports.refused)] {
                        samples.add(
                            counts[outcome],
                            ["breaker": breaker.name.value, "outcome": outcome.rawValue, "applied": applied]
                        )
                    }
                }
            }
        }
        add(.refusedReports) { samples in
            for breaker in breakers {
                for reports in breaker.refusedReports {
                    samples.add(
                        reports.count,
                        ["breaker": breaker.name.value, "client": reports.client, "field": reports.field]
                    )
                }
            }
        }
        add(.transitions) { samples in
            for breaker in breakers {
                for tally in breaker.tallies {
                    samples.add(
                        tally.count,
                        ["breaker": breaker.name.value, "to": tally.to.rawValue, "cause": tally.cause.rawValue]
                    )
                }
            }
        }
    }

    private mutating func addOverrides(of breakers: [BreakerReading]) {
        let overrides = breakers.compactMap { breaker in
            breaker.override.map { (name: breaker.name.value, override: $0, mode: $0.mode.rawValue) }
        }
        add(.override) { samples in
            for (name, _, mode) in overrides { samples.add(1, ["breaker": name, "mode": mode]) }
        }
        add(.overrideSince) { samples in
            for (name, override, mode) in overrides {
                samples.add(override.since.seconds, ["breaker": name, "mode": mode])
            }
        }
        add(.overrideExpires) { samples in
            for (name, override, mode) in overrides {
                guard let expiresAt = override.expiresAt else { continue }
                samples.add(expiresAt.seconds, ["breaker": name, "mode": mode])
            }
        }
    }
}

extension BreakerReading {
    /// The transitions that happened and, at 0, those that the breaker may make by itself. A counter that first appears
    /// at 1 hides that step from `increase` and `rate`.
    fileprivate var tallies: [TransitionTally] {
        let own: [(State, Cause)] =
            rules.map { (.open, $0) } + [
                (.halfOpen, .recoveryTimeout), (.open, .probeFailed), (.closed, .probesSucceeded),
            ]
        let absent = own.filter { to, cause in !transitions.contains { $0.to == to && $0.cause == cause } }
        return transitions + absent.map { TransitionTally(to: $0.0, cause: $0.1, count: 0) }
    }
}

extension Instant {
    /// Seconds since 1970.
    fileprivate var seconds: Double { Double(milliseconds) / 1_000 }
}
