"""The measurement of a row of the results, and the check that it was valid."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from bench.figures import Sample
from bench.plan import CONNECTIONS, Bench, BenchError


@dataclass(frozen=True)
class Scenario:
    """Sides that are measured in turn."""

    key: str
    title: str
    sides: Mapping[str, Callable[[Bench], Sample]]
    # Whether it is measured only once, because it takes minutes and hardly varies.
    once: bool = False


@dataclass(frozen=True)
class Load:
    """The load on an authority over breakers, the same on each side."""

    # `acquire`, `report`, or `mix`: as many acquires as reports, one report in a hundred a failure.
    event: str
    # The state in which every breaker has to be, before and after.
    state: str = "closed"
    outcome: str = "success"
    breakers: int = 1
    # Reports in one request of Fusebox, commands in one pipeline of Redis.
    batch: int = 1
    # How many outcomes each report of a batch counts as.
    count: int = 1
    # Whether the reports of a mix are JSON bodies, and not in the query.
    has_bodies: bool = False
    # The durability of Redis. Fusebox always syncs before it answers.
    appendfsync: str = "everysec"

    @property
    def outcomes_per_request(self) -> int:
        return self.batch * self.count


# How many failures in a row open a breaker: Fusebox's default, which all other sides use too.
FAILURE_THRESHOLD = 5
# A mix has one failure in this many reports.
MIX_REPORTS_PER_FAILURE = 100


def breaker_name(index: int) -> str:
    """Returns the name that redis-benchmark makes of `breaker:__rand_int__`, so that both sides have the same names."""
    return f"breaker:{index:012}"


@dataclass(frozen=True)
class Totals:
    """The counts of all breakers of an authority together."""

    calls: int
    failures: int
    # How many breakers are in each state.
    states: dict[str, int] = field(default_factory=dict)


def check(load: Load, before: Totals, after: Totals, sent: int) -> None:
    """Raises BenchError unless the breakers are in the row's state, and have counted the sent outcomes.

    sent: the outcomes, or acquires, whose answers a load generator received. Requests without an answer at the end of
    the warm-up or the load, one for each connection, may be counted too."""
    if after.states != {load.state: load.breakers}:
        raise BenchError(f"not all {load.breakers} breakers are {load.state} after the load: {after.states}")
    calls, failures = after.calls - before.calls, after.failures - before.failures
    unanswered = 2 * CONNECTIONS * load.outcomes_per_request
    if load.event == "acquire":
        least, most = 0, 0
    elif load.event == "report":
        least = sent
        most = least + unanswered
    else:
        # The coin of Redis is random: the count has to be within five standard deviations.
        noise = round(2.5 * sent**0.5)
        least, most = sent // 2 - unanswered - noise, sent // 2 + unanswered + noise
    if not least <= calls <= most:
        raise BenchError(f"{sent} were answered, but the calls rose by {calls}, not by {least} to {most}")
    if load.event == "mix":
        expected = calls / MIX_REPORTS_PER_FAILURE
        margin = 5 * expected**0.5 + 5
    else:
        expected, margin = (calls if load.outcome == "failure" else 0), 0
    if abs(failures - expected) > margin:
        raise BenchError(f"of {calls} reports {failures} were failures, not {expected:.0f}")
