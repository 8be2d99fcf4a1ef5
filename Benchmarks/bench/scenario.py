"""What a row of the results measures, and how it is checked that it was that."""

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
    # What takes minutes and hardly varies is measured once.
    once: bool = False


@dataclass(frozen=True)
class Load:
    """What is asked of an authority over breakers, on whatever side."""

    # `acquire`, `report`, or `mix`: as many acquires as reports, one report in a hundred a failure.
    event: str
    # The state in which every breaker has to be, before and after.
    state: str = "closed"
    outcome: str = "success"
    breakers: int = 1
    # Reports in one request of Fusebox, commands in one pipeline of Redis.
    batch: int = 1
    # What each report of a batch stands for.
    count: int = 1
    # What Redis promises meanwhile. Fusebox has synced whatever it answers.
    appendfsync: str = "everysec"

    @property
    def outcomes_per_request(self) -> int:
        return self.batch * self.count


# So many failures in a row open a breaker: what Fusebox does unless told otherwise, so all others too.
FAILURE_THRESHOLD = 5
# One failure in so many reports of a mix.
MIX_REPORTS_PER_FAILURE = 100


def breaker_name(index: int) -> str:
    """As redis-benchmark writes it for `breaker:__rand_int__`, so that both sides have the same names."""
    return f"breaker:{index:012}"


@dataclass(frozen=True)
class Totals:
    """All breakers of an authority together."""

    calls: int
    failures: int
    # How many breakers are in each state.
    states: dict[str, int] = field(default_factory=dict)


def check(load: Load, before: Totals, after: Totals, sent: int) -> None:
    """Raises BenchError unless the breakers are as the row says, and have counted what was sent.

    sent: outcomes, or acquires, that a load generator has seen answered. What had no answer when the warm-up or the
    load ended may be counted too: a request for each connection."""
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
        # Redis draws its coin: within five standard deviations.
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
