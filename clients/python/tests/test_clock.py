"""The estimate of the server's clock, with given instants."""

from __future__ import annotations

import pytest

from fusebox.clock import ServerClock

SPAN = ServerClock.SPAN


def test_the_message_with_the_shortest_delay_sets_the_clock() -> None:
    clock = ServerClock()
    clock.hear(1_000.0, 10.5)
    clock.hear(1_001.0, 11.1)
    clock.hear(1_002.0, 12.9)
    assert clock.local(1_010.0) == pytest.approx(20.1)


@pytest.mark.parametrize(("better_by", "is_told"), [(0.03, True), (0.01, False)])
def test_only_a_notable_change_of_the_estimate_is_reported(better_by: float, is_told: bool) -> None:
    clock = ServerClock()
    assert not clock.hear(1_000.0, 10.5)
    assert clock.hear(1_001.0, 11.5 - better_by) is is_told


def test_small_changes_of_the_estimate_are_reported_together() -> None:
    clock = ServerClock()
    clock.hear(1_000.0, 10.5)
    assert [clock.hear(1_000.0 + n, 10.5 + n - n * 0.008) for n in range(1, 5)] == [False, False, True, False]


@pytest.mark.parametrize("drift", [-0.0001, 0.0001])
def test_the_clock_follows_a_drift_for_a_day(drift: float) -> None:
    clock = ServerClock()
    for second in range(0, 86_400, 5):
        clock.hear(1_000.0 + second * (1 + drift), second + 0.001)
    assert clock.local(1_000.0 + second * (1 + drift)) == pytest.approx(second, abs=0.02)


@pytest.mark.parametrize(("spans", "is_forgotten"), [(0.9, False), (1.9, False), (2.1, True)])
def test_a_wrong_message_is_forgotten_after_two_spans(spans: float, is_forgotten: bool) -> None:
    clock = ServerClock()
    clock.hear(1_500.0, 0.0)
    told = [clock.hear(1_000.0 + second, second) for second in range(1, int(spans * SPAN))]
    assert any(told) is is_forgotten
    assert clock.local(1_000.0) == pytest.approx(0.0 if is_forgotten else -500.0)


def test_a_message_that_waited_for_a_stopped_process_is_not_treated_as_fresh() -> None:
    clock = ServerClock()
    for second in range(100):
        clock.hear(1_000.0 + second, second)
    clock.hear(1_100.0, 100.0 + 10 * SPAN)
    assert clock.local(1_100.0) == pytest.approx(100.0)


@pytest.mark.parametrize(("step", "is_set"), [(-60.1, True), (-5.0, False), (0.0, False), (5.0, False), (60.1, True)])
def test_a_step_of_the_servers_clock_shows_between_two_estimates(step: float, is_set: bool) -> None:
    before, after = ServerClock(), ServerClock()
    before.hear(1_000.0, 10.0)
    assert not after.is_set_since(before)
    after.hear(2_000.0 + step, 1_010.0)
    assert after.is_set_since(before) is is_set


def test_the_clock_translates_no_instant_before_the_first_message() -> None:
    clock = ServerClock()
    assert not clock.is_set
    with pytest.raises(RuntimeError):
        clock.local(1_000.0)
