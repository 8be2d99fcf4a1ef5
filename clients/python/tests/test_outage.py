"""Sixteen processes share one breaker of a real server in an outage; four processes have a PyBreaker breaker each."""

from __future__ import annotations

import asyncio
import pathlib

from outage.course import Setting, go_through

# The time-out is long enough for a probe on a busy machine.
SHORT = Setting("fusebox", timeout=1.0, recovery=1.0, outage=3.0)


def test_sixteen_processes_share_five_failures_and_one_probe(tmp_path: pathlib.Path) -> None:
    course = asyncio.run(go_through(SHORT, tmp_path))
    assert (course.failures, course.probes_at_recovery) == (5, 1)
    assert course.calls_to_the_dead < 5 * SHORT.workers
    assert len({answer.process for answer in course.denied}) == SHORT.workers
    for answer in course.denied:
        assert answer.body["status"] == "unavailable" and "retry_after" in answer.body
    assert len(course.failed) <= course.calls_to_the_dead + course.probes_to_the_dead


def test_processes_with_separate_breakers_need_their_own_failures_and_probes(tmp_path: pathlib.Path) -> None:
    customers = 8
    course = asyncio.run(go_through(SHORT._replace(breaker="pybreaker", workers=4, customers=customers), tmp_path))
    # Another call of a process may be in progress when its breaker opens, and fail as well.
    assert 20 <= course.failures < 20 + customers
    assert course.probes_at_recovery == 4
