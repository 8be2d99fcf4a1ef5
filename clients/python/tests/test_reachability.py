"""The client's judgement whether Fusebox is reachable, from the results of its requests."""

from __future__ import annotations

import time
from types import SimpleNamespace

import pytest

from fusebox.link import Refused
from fusebox.reachability import FIRST_PAUSE, LONGEST_PAUSE, QUIET, STEADY, Reachability


def away(began: float = 0.0, says_so_itself: bool = False) -> Reachability:
    reach = Reachability("local", 0.05)
    reach.failed("a test", began, says_so_itself=says_so_itself)
    assert reach.is_away
    return reach


def test_a_hundred_simultaneous_failures_are_one_attempt() -> None:
    began = time.monotonic()
    reach = away(began)
    for _ in range(99):
        reach.failed("a test", began)
    assert reach.departures == 1
    assert reach.rest(time.monotonic()) <= FIRST_PAUSE


def test_the_failure_of_a_request_from_before_an_answer_does_not_make_the_server_unreachable() -> None:
    reach = Reachability("local", 0.05)
    began = time.monotonic()
    reach.decided("payments", began + 0.001)
    reach.failed("a test", began)
    assert not reach.is_away
    reach.failed("a test", began + 0.002)
    assert reach.is_away


def test_only_one_caller_at_a_time_tries_again() -> None:
    reach = away()
    due = time.monotonic() + 10
    assert [reach.may_ask(due) for _ in range(3)] == [True, False, False]


def test_a_refusal_makes_the_server_reachable() -> None:
    reach = away()
    reach.refused("payments", Refused(403, "forbidden", "no"), time.monotonic())
    assert not reach.is_away


def test_outcomes_that_are_accepted_in_time_make_the_server_reachable() -> None:
    reach = away()
    reach.worked(0.06)
    assert reach.is_away, "a decision would be too late"
    reach.worked(0.04)
    assert not reach.is_away


def test_accepted_outcomes_do_not_end_a_second_outage_before_a_decision() -> None:
    reach = away()
    reach.worked(0.001)
    reach.failed("a test", time.monotonic())
    reach.worked(0.001)
    assert reach.is_away
    reach.decided("payments", time.monotonic())
    reach.failed("a test", time.monotonic())
    reach.worked(0.001)
    assert not reach.is_away


def test_accepted_outcomes_do_not_end_an_outage_that_the_server_reports_itself() -> None:
    reach = away(says_so_itself=True)
    reach.worked(0.001)
    assert reach.is_away
    reach.decided("payments", time.monotonic())
    assert not reach.is_away


def test_a_new_stream_allows_one_early_attempt_in_each_outage() -> None:
    reach = away()
    reach.stream_began()
    assert reach.is_away and reach.may_ask(time.monotonic())
    reach.failed("a test", time.monotonic())
    reach.stream_began()
    assert not reach.may_ask(time.monotonic())


def test_events_after_close_change_nothing() -> None:
    reach = Reachability("local", 0.05)
    reach.close()
    reach.decided("payments", time.monotonic())
    reach.worked(0.0)
    reach.failed("a test", time.monotonic())
    reach.stream_began()
    assert reach.is_away and not reach.may_ask(time.monotonic() + 1_000)
    assert reach.departures == 0


def test_an_unstable_server_is_asked_less_and_less_often_and_logged_once_a_minute(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    clock = [1_000.0]
    monkeypatch.setattr("fusebox.reachability.time", SimpleNamespace(monotonic=lambda: clock[0]))
    reach = Reachability("local", 0.05)

    def goes_and_comes() -> float:
        """Lets the server fail and recover, and returns the pause between."""
        clock[0] += 0.01
        reach.failed("a test", clock[0])
        pause = reach.rest(clock[0])
        clock[0] += pause
        reach.decided("payments", clock[0])
        assert not reach.is_away
        return pause

    pauses = [goes_and_comes() for _ in range(10)]
    assert min(pauses[6:]) >= LONGEST_PAUSE / 2
    assert [caplog.text.count(word) for word in ("is unreachable", "is reachable again")] == [1, 1]
    while caplog.text.count("is unreachable") == 1:
        goes_and_comes()
    assert QUIET <= clock[0] - 1_000 < QUIET + 2 * LONGEST_PAUSE
    assert [caplog.text.count(word) for word in ("is unreachable", "is reachable again")] == [2, 2]
    assert f"number of unlogged absences since the last such message: {reach.departures - 2}" in caplog.text
    clock[0] += STEADY
    assert goes_and_comes() <= FIRST_PAUSE
    assert [caplog.text.count(word) for word in ("is unreachable", "is reachable again")] == [3, 3]


def test_a_second_outage_that_lasts_is_logged(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    clock = [1_000.0]
    monkeypatch.setattr("fusebox.reachability.time", SimpleNamespace(monotonic=lambda: clock[0]))
    reach = Reachability("local", 0.05)
    reach.failed("a test", clock[0])
    reach.decided("payments", clock[0] + 0.1)
    for seconds in range(70):
        clock[0] = 1_001.0 + seconds
        reach.failed("a test", clock[0])
        assert caplog.text.count("is unreachable") == (1 if clock[0] < 1_000.0 + QUIET else 2)


def test_an_outage_lasts_until_decisions_and_the_stream_work_steadily(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [1_000.0]
    monkeypatch.setattr("fusebox.reachability.time", SimpleNamespace(monotonic=lambda: clock[0]))
    reach = Reachability("local", 0.05)
    absences: list[int] = []

    def happens(*events: str, after: float) -> None:
        clock[0] += after
        for event in events:
            if event == "fails":
                reach.failed("a test", clock[0])
            elif event == "decides":
                reach.decided("payments", clock[0])
            else:
                (reach.stream_began if event == "begins" else reach.stream_broke)()
        absences.append(reach.absence)

    happens("begins", after=0.0)
    happens("breaks", "fails", after=STEADY)
    happens("decides", after=1.0)
    happens("fails", after=STEADY)
    happens("begins", "decides", after=1.0)
    happens("breaks", after=STEADY - 0.5)
    happens("begins", after=1.0)
    happens("breaks", after=STEADY)
    happens("begins", after=1.0)
    happens("fails", after=STEADY)
    assert absences == [0, 1, 1, 1, 1, 1, 1, 2, 2, 3]
