"""A breaker in this process, which decides while Fusebox is unreachable.

It is the server's state machine for one process: the same rules, recovery and probes, with the last known policy. It
has no overrides, and its counts begin at zero.
"""

from __future__ import annotations

import threading
from typing import NamedTuple, Optional

from .decision import Outcome, State
from .policy import Policy
from .window import Counts, window_of


class Ticket(NamedTuple):
    """The permit of a call that a stand-in allowed; the report returns it to the stand-in."""

    stand_in: StandIn
    generation: int
    #: The number of a probe's lease; ``None`` if the call is not a probe.
    lease: Optional[int] = None


class Verdict(NamedTuple):
    """A decision of a stand-in."""

    state: State
    #: ``None`` for a denial.
    ticket: Optional[Ticket] = None
    #: Seconds until it is worth asking again; ``None`` if allowed.
    retry_after: Optional[float] = None


class StandIn:
    """Closed until a rule holds; open until its recovery time-out has passed; half open until its probes decide.

    Safe across threads. All times are seconds of ``time.monotonic()``.
    """

    def __init__(self, policy: Policy, now: float, state: State = "closed", open_until: float = 0.0) -> None:
        self._lock = threading.Lock()
        self._policy = policy
        self._open_ms = float(policy.recovery_timeout_ms)
        self._closed_at: Optional[float] = None
        self._generation = 0
        self._begin(state, now)
        self._open_until = open_until

    @property
    def state(self) -> State:
        return self._state

    def _begin(self, state: State, now: float) -> None:
        self._state: State = state
        self._generation += 1
        self._since = now
        self._streak = self._successes = self._granted = 0
        self._window = window_of(self._policy)
        self._leases: dict[int, float] = {}

    def _advance(self, now: float) -> None:
        if self._state == "open" and now >= self._open_until:
            self._begin("half_open", self._open_until)
        if self._leases:
            self._leases = {lease: end for lease, end in self._leases.items() if now < end}

    def acquire(self, now: float) -> Verdict:
        with self._lock:
            self._advance(now)
            if self._state == "closed":
                return Verdict("closed", Ticket(self, self._generation))
            if self._state == "open":
                return Verdict("open", None, self._open_until - now)
            if len(self._leases) >= self._policy.half_open_probes:
                return Verdict("half_open", None, min(self._leases.values()) - now)
            self._granted += 1
            self._leases[self._granted] = now + self._policy.probe_lease_ms / 1_000
            return Verdict("half_open", Ticket(self, self._generation, self._granted))

    def report(self, ticket: Optional[Ticket], outcome: Outcome, duration: Optional[float], now: float) -> State:
        """Counts an outcome, unless the ticket is of another generation; returns the state after it.

        Args:
            ticket: ``None`` for a call that the server or the panel allowed. Its outcome counts while closed.
        """
        lease = None if ticket is None else ticket.lease
        with self._lock:
            self._advance(now)
            if ticket is None or ticket.generation == self._generation:
                is_slow = self._policy.is_slow(duration)
                if self._state == "closed" and outcome != "ignored":
                    self._count(outcome == "failure", is_slow, now)
                elif lease is not None and self._leases.pop(lease, None) is not None:
                    self._probed(outcome, is_slow, now)
            return self._state

    def _count(self, failed: bool, is_slow: bool, now: float) -> None:
        self._streak = self._streak + 1 if failed else 0
        counts = self._window.add(Counts(1, int(failed), int(is_slow)), (now - self._since) * 1_000)
        if self._holds(counts):
            follows = self._closed_at is not None and (now - self._closed_at) * 1_000 < self._open_ms
            self._open(now, follows)

    def _holds(self, counts: Counts) -> bool:
        """Whether any rule trips."""
        policy = self._policy
        if policy.failure_threshold is not None and self._streak >= policy.failure_threshold:
            return True
        if policy.failure_count_threshold is not None and counts.failures >= policy.failure_count_threshold:
            return True
        if counts.calls < policy.minimum_calls:
            return False
        rates = (
            (policy.failure_rate_threshold, counts.failures),
            (policy.slow_call_rate_threshold, counts.slow),
        )
        return any(rate is not None and count / counts.calls >= rate for rate, count in rates)

    def _probed(self, outcome: Outcome, is_slow: bool, now: float) -> None:
        if outcome == "ignored":
            return
        if outcome == "failure" or (is_slow and self._policy.slow_call_rate_threshold is not None):
            self._open(now, follows=True)
            return
        self._successes += 1
        if self._successes >= self._policy.success_threshold:
            self._begin("closed", now)
            self._closed_at = now

    def _open(self, now: float, follows: bool) -> None:
        policy = self._policy
        factor = policy.recovery_timeout_multiplier if follows else 1
        base = self._open_ms if follows else float(policy.recovery_timeout_ms)
        self._open_ms = min(base * factor, float(policy.recovery_timeout_max_ms))
        self._begin("open", now)
        self._open_until = now + self._open_ms / 1_000
