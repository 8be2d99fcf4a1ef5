@testable import BreakerCore

extension Situation {
    static let all = closed + open + halfOpen + forced + shadow

    private static let closed = [
        Situation(
            "closed, created",
            after: { $0.wait(5_000) },
            """
            payments:charge has been closed since 22:13:20 UTC (5 s ago) and has never tripped. All calls are let \
            through. Nothing counts towards a trip.
            """
        ),
        Situation(
            "closed, close to a trip",
            after: { $0.time(out: 4) },
            """
            payments:charge has been closed since 22:13:20 UTC (0 s ago) and has never tripped. All calls are let \
            through. Nearest to a trip is failure_threshold: 4 consecutive failures; it trips at 5.
            """
        ),
        Situation(
            "closed, close to a trip by a rate",
            { $0 = Preset.rate.policy },
            after: { $0.play("ffsss") },
            """
            payments:charge has been closed since 22:13:20 UTC (0 s ago) and has never tripped. All calls are let \
            through. Nearest to a trip is failure_rate_threshold: 40 % of 5 calls failed; it trips at 50 % of at \
            least 10 calls.
            """
        ),
        Situation(
            "closed, without a rule",
            { $0.failureThreshold = nil },
            after: { $0.time(out: 4) },
            """
            payments:charge has been closed since 22:13:20 UTC (0 s ago) and has never tripped. All calls are let \
            through. No rule is on: only an operator opens it.
            """
        ),
        Situation(
            "closed, probes succeeded",
            { $0.successThreshold = 2 },
            after: {
                $0.time(out: 5)
                $0.recover()
                $0.probe(.success)
                $0.probe(.success)
                $0.wait(10_000)
            },
            """
            payments:charge has been closed since 22:14:20 UTC (10 s ago): 2 probes succeeded. It last tripped at \
            22:13:20 UTC (70 s ago): 5 consecutive failures; the last: timeout from checkout-7. All calls are let \
            through. Nothing counts towards a trip.
            """
        ),
        Situation(
            "closed, reset",
            after: {
                $0.time(out: 5)
                $0.wait(1_000)
                try? $0.reset()
            },
            """
            payments:charge has been closed since 22:13:21 UTC (0 s ago): reset to closed by carol. It last tripped \
            at 22:13:20 UTC (1 s ago): 5 consecutive failures; the last: timeout from checkout-7. All calls are let \
            through. Nothing counts towards a trip.
            """
        ),
        Situation(
            "closed, force closed cleared",
            after: {
                $0.time(out: 5)
                $0.wait(1_000)
                $0.setOverride(.forceClosed)
                $0.wait(1_000)
                $0.clearOverride()
            },
            """
            payments:charge has been closed since 22:13:22 UTC (0 s ago): force_closed of alice was cleared by bob. \
            It last tripped at 22:13:20 UTC (2 s ago): 5 consecutive failures; the last: timeout from checkout-7. \
            All calls are let through. Nothing counts towards a trip.
            """
        ),
        Situation(
            "closed, force closed expired",
            after: {
                $0.setOverride(.forceClosed, expiresInMs: 60_000)
                $0.wait(60_000)
                $0.advance()
            },
            """
            payments:charge has been closed since 22:14:20 UTC (0 s ago): force_closed of alice expired. All calls \
            are let through. Nothing counts towards a trip.
            """
        ),
    ]

    private static let open = [
        Situation(
            "open, consecutive failures",
            after: {
                $0.time(out: 5)
                $0.wait(48_000)
            },
            """
            payments:charge has been open since 22:13:20 UTC (48 s ago): 5 consecutive failures; the last: timeout \
            from checkout-7. The rule failure_threshold trips at 5. Calls are denied until 22:14:20 UTC (in 12 s); \
            then one probe is let through, and one success closes it.
            """
        ),
        Situation(
            "open, failures in the window",
            {
                $0.failureThreshold = nil; $0.failureCountThreshold = 3
            },
            after: { $0.time(out: 3) },
            """
            payments:charge has been open since 22:13:20 UTC (0 s ago): 3 failures in the last 1 min; the last: \
            timeout from checkout-7. The rule failure_count_threshold trips at 3. Calls are denied until 22:14:20 \
            UTC (in 60 s); then one probe is let through, and one success closes it.
            """
        ),
        Situation(
            "open, a share of failures",
            { $0 = Preset.rate.policy },
            after: {
                $0.play("sssss")
                $0.time(out: 5)
            },
            """
            payments:charge has been open since 22:13:20 UTC (0 s ago): 5 of 10 calls failed in the last 1 min (50 \
            %); the last: timeout from checkout-7. The rule failure_rate_threshold trips at 50 % of at least 10 \
            calls. Calls are denied until 22:14:20 UTC (in 60 s); then one probe is let through, and one success \
            closes it.
            """
        ),
        Situation(
            "open, a share of slow calls",
            {
                $0.failureThreshold = nil
                $0.slowCallRateThreshold = 0.5
                $0.slowCallMs = 100
                $0.minimumCalls = 4
            },
            after: { $0.play("ssSS") },
            """
            payments:charge has been open since 22:13:20 UTC (0 s ago): 2 of 4 calls took 100 ms or longer in the \
            last 1 min (50 %). The rule slow_call_rate_threshold trips at 50 % of at least 4 calls. Calls are denied \
            until 22:14:20 UTC (in 60 s); then one probe is let through, and one success closes it.
            """
        ),
        Situation(
            "open, a probe failed",
            { $0.recoveryTimeoutMultiplier = 2 },
            after: {
                $0.time(out: 5)
                $0.recover()
                $0.probe(.failure)
                $0.wait(30_000)
            },
            """
            payments:charge has been open since 22:14:20 UTC (30 s ago): a probe failed. Calls are denied until \
            22:16:20 UTC (in 90 s); then one probe is let through, and one success closes it.
            """
        ),
        Situation(
            "open, with more probes and successes",
            {
                $0.halfOpenProbes = 3; $0.successThreshold = 5
            },
            after: { $0.time(out: 5) },
            """
            payments:charge has been open since 22:13:20 UTC (0 s ago): 5 consecutive failures; the last: timeout \
            from checkout-7. The rule failure_threshold trips at 5. Calls are denied until 22:14:20 UTC (in 60 s); \
            then 3 probes at a time are let through, and 5 successes close it.
            """
        ),
    ]

    private static let halfOpen = [
        Situation(
            "half open, the recovery timeout has passed",
            after: {
                $0.time(out: 5)
                $0.recover()
            },
            """
            payments:charge has been half open since 22:14:20 UTC (0 s ago): the recovery timeout of 1 min has \
            passed. It opened at 22:13:20 UTC (60 s ago): 5 consecutive failures; the last: timeout from checkout-7. \
            The rule failure_threshold trips at 5. The next call is let through as a probe; one success closes it, \
            and a failure opens it again.
            """
        ),
        Situation(
            "half open, and not stored yet",
            after: {
                $0.time(out: 5)
                $0.wait(61_000)
            },
            """
            payments:charge has been half open since 22:14:20 UTC (1 s ago): the recovery timeout has passed. It \
            opened at 22:13:20 UTC (61 s ago): 5 consecutive failures; the last: timeout from checkout-7. The rule \
            failure_threshold trips at 5. The next call is let through as a probe; one success closes it, and a \
            failure opens it again.
            """
        ),
        Situation(
            "half open, a probe in flight",
            after: {
                $0.time(out: 5)
                $0.recover()
                $0.acquire()
                $0.wait(5_000)
            },
            """
            payments:charge has been half open since 22:14:20 UTC (5 s ago): the recovery timeout of 1 min has \
            passed. It opened at 22:13:20 UTC (65 s ago): 5 consecutive failures; the last: timeout from checkout-7. \
            The rule failure_threshold trips at 5. With one probe in flight, other calls are denied until it is \
            reported, or its lease ends at 22:14:50 UTC (in 25 s); one success closes it, and a failure opens it \
            again.
            """
        ),
        Situation(
            "half open, some probes in flight and some successes",
            {
                $0.halfOpenProbes = 2; $0.successThreshold = 3
            },
            after: {
                $0.time(out: 5)
                $0.recover()
                $0.probe(.success)
                $0.acquire()
                $0.acquire()
            },
            """
            payments:charge has been half open since 22:14:20 UTC (0 s ago): the recovery timeout of 1 min has \
            passed. It opened at 22:13:20 UTC (60 s ago): 5 consecutive failures; the last: timeout from checkout-7. \
            The rule failure_threshold trips at 5. With 2 probes in flight, other calls are denied until one is \
            reported, or the first lease ends at 22:14:50 UTC (in 30 s); 2 more successes close it, and a failure \
            opens it again.
            """
        ),
        Situation(
            "half open, reset",
            after: {
                $0.time(out: 5)
                $0.wait(1_000)
                try? $0.reset(to: .halfOpen)
            },
            """
            payments:charge has been half open since 22:13:21 UTC (0 s ago): reset to half open by carol. The next \
            call is let through as a probe; one success closes it, and a failure opens it again.
            """
        ),
        Situation(
            "half open, force open cleared",
            after: {
                $0.setOverride(.forceOpen)
                $0.wait(1_000)
                $0.clearOverride()
            },
            """
            payments:charge has been half open since 22:13:21 UTC (0 s ago): force_open of alice was cleared by bob. \
            The next call is let through as a probe; one success closes it, and a failure opens it again.
            """
        ),
        Situation(
            "half open, force open expired",
            after: {
                $0.setOverride(.forceOpen, expiresInMs: 60_000)
                $0.wait(60_000)
                $0.advance()
            },
            """
            payments:charge has been half open since 22:14:20 UTC (0 s ago): force_open of alice expired. The next \
            call is let through as a probe; one success closes it, and a failure opens it again.
            """
        ),
    ]

    private static let forced = [
        Situation(
            "forced open",
            after: { $0.setOverride(.forceOpen) },
            """
            payments:charge has been forced open since 22:13:20 UTC (0 s ago), by alice: drill. Every call is \
            denied, and no report is applied, until an operator clears it; then it resumes half open, so that one \
            probe decides.
            """
        ),
        Situation(
            "forced open, for a while",
            after: {
                $0.setOverride(.forceOpen, expiresInMs: 1_800_000)
                $0.wait(60_000)
            },
            """
            payments:charge has been forced open since 22:13:20 UTC (60 s ago), by alice: drill. Every call is \
            denied, and no report is applied, until 22:43:20 UTC (in 29 min); then it resumes half open, so that one \
            probe decides.
            """
        ),
        Situation(
            "forced closed",
            after: { $0.setOverride(.forceClosed) },
            """
            payments:charge has been forced closed since 22:13:20 UTC (0 s ago), by alice: drill. Every call is let \
            through, reports count, and nothing trips, until an operator clears it; then it resumes closed, with \
            nothing counted. Nothing counts towards a trip.
            """
        ),
        Situation(
            "forced closed, where it would trip",
            after: {
                $0.setOverride(.forceClosed, expiresInMs: 1_800_000)
                $0.time(out: 7)
                $0.wait(60_000)
            },
            """
            payments:charge has been forced closed since 22:13:20 UTC (60 s ago), by alice: drill. Every call is let \
            through, reports count, and nothing trips, until 22:43:20 UTC (in 29 min); then it resumes closed, with \
            nothing counted. Nearest to a trip is failure_threshold: 7 consecutive failures; it would trip at 5.
            """
        ),
    ]

    private static let shadow = [
        Situation(
            "closed, in shadow",
            after: { $0.setOverride(.shadow) },
            """
            payments:charge has been closed since 22:13:20 UTC (0 s ago) and has never tripped. All calls are let \
            through. Nothing counts towards a trip. alice put it in shadow at 22:13:20 UTC (0 s ago): drill. Calls \
            that would be denied are let through until an operator clears it; then its denials apply again.
            """
        ),
        Situation(
            "open, in shadow",
            after: {
                $0.time(out: 5)
                $0.wait(48_000)
                $0.setOverride(.shadow, expiresInMs: 600_000)
            },
            """
            payments:charge has been open since 22:13:20 UTC (48 s ago): 5 consecutive failures; the last: timeout \
            from checkout-7. The rule failure_threshold trips at 5. Calls would be denied until 22:14:20 UTC (in 12 \
            s); then one probe is let through, and one success closes it. alice put it in shadow at 22:14:08 UTC (0 \
            s ago): drill. Calls that would be denied are let through until 22:24:08 UTC (in 10 min); then its \
            denials apply again.
            """
        ),
        Situation(
            "half open, in shadow",
            after: {
                $0.time(out: 5)
                $0.recover()
                $0.setOverride(.shadow)
                $0.acquire()
            },
            """
            payments:charge has been half open since 22:14:20 UTC (0 s ago): the recovery timeout of 1 min has \
            passed. It opened at 22:13:20 UTC (60 s ago): 5 consecutive failures; the last: timeout from checkout-7. \
            The rule failure_threshold trips at 5. With one probe in flight, other calls would be denied until it is \
            reported, or its lease ends at 22:14:50 UTC (in 30 s); one success closes it, and a failure opens it \
            again. alice put it in shadow at 22:14:20 UTC (0 s ago): drill. Calls that would be denied are let \
            through until an operator clears it; then its denials apply again.
            """
        ),
        Situation(
            "closed, shadow cleared",
            after: {
                $0.setOverride(.shadow)
                $0.wait(1_000)
                $0.clearOverride()
            },
            """
            payments:charge has been closed since 22:13:20 UTC (1 s ago) and has never tripped. All calls are let \
            through. Nothing counts towards a trip.
            """
        ),
    ]
}
