"""The server's clock, with instants that are given."""

from __future__ import annotations

import pytest

from fusebox.clock import ServerClock

SPAN = ServerClock.SPAN


def test_the_word_that_was_least_under_way_counts() -> None:
    clock = ServerClock()
    clock.hear(1_000.0, 10.5)
    clock.hear(1_001.0, 11.1)
    clock.hear(1_002.0, 12.9)
    assert clock.local(1_010.0) == pytest.approx(20.1)


@pytest.mark.parametrize(("better_by", "is_told"), [(0.03, True), (0.01, False)])
def test_only_a_notable_difference_is_told(better_by: float, is_told: bool) -> None:
    clock = ServerClock()
    assert not clock.hear(1_000.0, 10.5)
    assert clock.hear(1_001.0, 11.5 - better_by) is is_told


def test_many_small_differences_are_told_together() -> None:
    clock = ServerClock()
    clock.hear(1_000.0, 10.5)
    assert [clock.hear(1_000.0 + n, 10.5 + n - n * 0.008) for n in range(1, 5)] == [False, False, True, False]


@pytest.mark.parametrize("drift", [-0.0001, 0.0001])
def test_a_drift_of_a_day_is_followed(drift: float) -> None:
    clock = ServerClock()
    for second in range(0, 86_400, 5):
        clock.hear(1_000.0 + second * (1 + drift), second + 0.001)
    assert clock.local(1_000.0 + second * (1 + drift)) == pytest.approx(second, abs=0.02)


@pytest.mark.parametrize(("spans", "is_forgotten"), [(0.9, False), (1.9, False), (2.1, True)])
def test_a_wrong_word_is_forgotten_after_two_spans(spans: float, is_forgotten: bool) -> None:
    clock = ServerClock()
    clock.hear(1_500.0, 0.0)
    told = [clock.hear(1_000.0 + second, second) for second in range(1, int(spans * SPAN))]
    assert any(told) is is_forgotten
    assert clock.local(1_000.0) == pytest.approx(0.0 if is_forgotten else -500.0)


def test_what_waited_for_a_stopped_process_is_not_taken_for_fresh() -> None:
    clock = ServerClock()
    for second in range(100):
        clock.hear(1_000.0 + second, second)
    clock.hear(1_100.0, 100.0 + 10 * SPAN)
    assert clock.local(1_100.0) == pytest.approx(100.0)


def test_nothing_is_translated_before_the_first_word() -> None:
    clock = ServerClock()
    assert not clock.is_set
    with pytest.raises(RuntimeError):
        clock.local(1_000.0)
