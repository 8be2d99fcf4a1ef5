"""The local breaker of a process: the server's semantics, with a clock that the tests set."""

from __future__ import annotations

import time
from typing import Any

import pytest

from fusebox.alone import decide_alone
from fusebox.cell import Cell
from fusebox.decision import Outcome, State
from fusebox.policy import Policy
from fusebox.standin import StandIn, Verdict
from fusebox.standing import Freshness, Standing
from fusebox.window import CallWindow, Counts, TimeWindow


class Trial:
    """A local breaker and its clock, in seconds."""

    def __init__(self, **policy: Any) -> None:
        self.now = 1_000.0
        self.stand_in = StandIn(Policy(**policy), self.now)

    def acquire(self) -> Verdict:
        return self.stand_in.acquire(self.now)

    def call(self, outcome: Outcome, duration: float = 0.0) -> State:
        verdict = self.acquire()
        assert verdict.ticket is not None, verdict
        return self.stand_in.report(verdict.ticket, outcome, duration, self.now)

    def play(self, outcomes: str) -> list[State]:
        """Makes calls: ``s`` is a success, ``f`` a failure, ``i`` an ignored call and ``S`` a slow success."""
        words: dict[str, Outcome] = {"s": "success", "f": "failure", "i": "ignored", "S": "success"}
        return [self.call(words[each], 10.0 if each == "S" else 0.0) for each in outcomes]


@pytest.mark.parametrize(
    ("policy", "outcomes", "state"),
    [
        ({}, "ffff", "closed"),
        ({}, "fffff", "open"),
        ({}, "ffffsffff", "closed"),
        ({}, "ffffif", "open"),
        ({"failure_threshold": 1}, "f", "open"),
        ({"failure_threshold": None}, "f" * 50, "closed"),
        ({"failure_threshold": None, "failure_count_threshold": 3}, "fsfss", "closed"),
        ({"failure_threshold": None, "failure_count_threshold": 3}, "fsfsf", "open"),
        ({"failure_threshold": None, "failure_rate_threshold": 0.5}, "fffffssss", "closed"),
        ({"failure_threshold": None, "failure_rate_threshold": 0.5}, "fffffsssss", "open"),
        ({"failure_threshold": None, "failure_rate_threshold": 0.5}, "ffffssssss", "closed"),
        ({"failure_threshold": None, "failure_rate_threshold": 0.5, "minimum_calls": 2}, "fs", "open"),
        ({"failure_threshold": None, "failure_count_threshold": 2, "window_calls": 3}, "fssf", "closed"),
        ({"failure_threshold": None, "failure_count_threshold": 2, "window_calls": 3}, "fsf", "open"),
        ({"slow_call_rate_threshold": 1, "slow_call_ms": 10_000, "minimum_calls": 3}, "SS", "closed"),
        ({"slow_call_rate_threshold": 1, "slow_call_ms": 10_000, "minimum_calls": 3}, "SSS", "open"),
        ({"slow_call_rate_threshold": 1, "slow_call_ms": 10_001, "minimum_calls": 3}, "SSS", "closed"),
    ],
)
def test_the_breaker_opens_when_a_rule_holds(policy: dict[str, Any], outcomes: str, state: State) -> None:
    trial = Trial(**policy)
    states = trial.play(outcomes)
    assert states[:-1] == ["closed"] * (len(outcomes) - 1)
    assert states[-1] == state


def test_the_breaker_denies_calls_until_its_recovery_timeout_has_passed() -> None:
    trial = Trial()
    trial.play("fffff")
    trial.now += 59.5
    assert trial.acquire() == Verdict("open", None, 0.5)
    trial.now += 0.5
    assert trial.acquire().ticket is not None
    assert trial.acquire() == Verdict("half_open", None, 30.0)


def test_a_probe_decides_the_next_state() -> None:
    trial = Trial(success_threshold=2)
    trial.play("fffff")
    trial.now += 60
    assert trial.play("sif") == ["half_open", "half_open", "open"]
    trial.now += 60
    assert trial.play("ss") == ["half_open", "closed"]


def test_a_probe_that_outlives_its_lease_is_lost() -> None:
    trial = Trial()
    trial.play("fffff")
    trial.now += 60
    late = trial.acquire()
    trial.now += 30
    assert late.ticket is not None and trial.acquire().ticket is not None
    assert trial.stand_in.report(late.ticket, "failure", None, trial.now) == "half_open"


def test_a_call_of_an_earlier_generation_changes_nothing() -> None:
    trial = Trial()
    late = trial.acquire()
    trial.play("fffff")
    assert late.ticket is not None
    trial.now += 60
    assert trial.play("s") == ["closed"]
    for _ in range(5):
        assert trial.stand_in.report(late.ticket, "failure", None, trial.now) == "closed"


def test_the_recovery_timeout_of_repeated_trips_grows_up_to_the_maximum() -> None:
    trial = Trial(recovery_timeout_ms=10_000, recovery_timeout_multiplier=3, recovery_timeout_max_ms=50_000)
    trial.play("fffff")
    for seconds in (10.0, 30.0, 50.0, 50.0):
        assert trial.acquire().retry_after == seconds
        trial.now += seconds
        assert trial.play("f") == ["open"]
    trial.now += 50
    assert trial.play("s" + "f" * 5)[-1] == "open"
    assert trial.acquire().retry_after == 50.0, "the breaker was closed for a shorter time than it was open before"
    trial.now += 50
    trial.play("s")
    trial.now += 50
    trial.play("fffff")
    assert trial.acquire().retry_after == 10.0


@pytest.mark.parametrize(
    ("state", "open_for", "is_heard_of", "is_kept"),
    [
        ("closed", None, True, False),
        ("open", 10.0, True, False),
        ("open", -10.0, True, True),
        ("half_open", None, True, True),
        ("closed", None, False, True),
        (None, None, True, True),
    ],
)
def test_the_local_breaker_is_kept_if_no_panel_decides(
    state: Any, open_for: Any, is_heard_of: bool, is_kept: bool
) -> None:
    now = time.monotonic()
    freshness = Freshness(1_000.0)
    if is_heard_of:
        freshness.heard(now)
    cell = Cell("payments", freshness, [])
    cell.standing = Standing(cell, state, 7, None if open_for is None else now + open_for, None, freshness)
    decision = decide_alone(cell, "local", now, 1.0, absence=1)
    assert decision.source == "fallback" and (cell.stand_in is not None) == is_kept
    assert cell.state == (decision.state if is_kept else None)


def test_a_slow_probe_fails_if_a_rule_limits_slow_calls() -> None:
    trial = Trial(slow_call_rate_threshold=0.5, slow_call_ms=10_000)
    trial.play("fffff")
    trial.now += 60
    assert trial.play("S") == ["open"]


def test_a_time_window_drops_its_oldest_bucket() -> None:
    window = TimeWindow(60_000)
    failure = Counts(1, 1, 0)
    assert window.add(failure, 0.0) == Counts(1, 1, 0)
    assert window.add(failure, 59_999.0) == Counts(2, 2, 0)
    assert window.add(failure, 60_000.0) == Counts(2, 2, 0)
    assert window.add(failure, 10_000_000.0) == Counts(1, 1, 0)
    assert window.add(failure, 9_000_000.0) == Counts(2, 2, 0), "an earlier time does not move the window back"


def test_a_call_window_drops_its_oldest_call() -> None:
    window = CallWindow(2)
    assert [window.add(Counts(1, failed, 0), 0.0).failures for failed in (1, 1, 0, 0)] == [1, 2, 1, 0]


def test_the_local_breaker_begins_open_after_a_trip_known_only_from_an_answer() -> None:
    now = time.monotonic()
    freshness = Freshness(1_000.0)
    freshness.heard(now)
    cell = Cell("a", freshness, [])
    cell.place("closed", 1, None, None, is_anew=True)
    cell.state = "closed"
    cell.learn("open", 2)
    freshness.end()
    denied = decide_alone(cell, "local", now, None, 1)
    assert (denied.allowed, denied.state, denied.retry_after) == (False, "open", 60.0)
    assert decide_alone(cell, "local", now + 60.0, None, 1).state == "half_open"
