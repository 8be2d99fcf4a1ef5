// A sentence about each field of a policy. Each is the beginning of the field's sentences in `docs/policies.md`.

export const fieldHelp = {
    failure_threshold: "Opens after this many failures in a row.",
    failure_count_threshold: "Opens at this many failures in the window.",
    failure_rate_threshold: "Opens at this share of failed calls, once the window has minimum_calls.",
    slow_call_rate_threshold: "Opens at this share of slow calls, once the window has minimum_calls.",
    slow_call_ms: "A call of this duration or longer is slow; slow_call_rate_threshold requires it.",
    minimum_calls: "A rate is evaluated once the window has this many calls.",
    window_ms: "The window holds the calls of the last so many milliseconds.",
    window_calls: "The window holds the last so many calls, instead of those of window_ms.",
    recovery_timeout_ms: "The breaker stays open for this time, then lets a probe through.",
    recovery_timeout_multiplier: "2 doubles the wait each time a probe fails: 60, 120, 240 s.",
    recovery_timeout_max_ms: "No opening lasts longer.",
    half_open_probes: "Up to this many callers get a probe at once.",
    success_threshold: "The breaker closes after this many successful probes.",
    probe_lease_ms: "A probe's permit stays valid for this time; the time-out of a call must be shorter.",
};
