"""Celery: a task that is denied comes again when it is worth it."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

import pytest
from celery import Celery
from celery.contrib.testing.worker import start_worker
from server import Server, eventually

from fusebox import BreakerOpen, Fusebox
from fusebox.integrations.celery import SPREAD, WHILE_PROBED, BreakerTask, wait_for


@pytest.fixture
def app() -> Iterator[Any]:
    app = Celery("shop", broker="memory://", backend="cache+memory://", task_cls=BreakerTask, set_as_current=False)
    root = logging.getLogger()
    level, handlers = root.level, list(root.handlers)
    yield app
    app.close()
    # A worker takes over what belongs to the whole process.
    root.setLevel(level)
    root.handlers[:] = handlers


def worker(app: Any) -> Any:
    return start_worker(app, pool="solo", perform_ping_check=False, shutdown_timeout=30)


def test_a_denied_task_comes_again_when_the_time_is_over(server: Server, remote: Fusebox, name: str, app: Any) -> None:
    payments = remote.breaker(name)
    server.put(name, recovery_timeout_ms=1_000)
    attempts: list[int] = []
    done: list[int] = []

    @app.task(name=name, bind=True, max_retries=0)  # type: ignore[untyped-decorator]
    def charge(self: Any, amount: int) -> None:
        attempts.append(self.request.retries)
        payments.call(done.append, amount)

    with worker(app):
        server.trip(name)
        charge.delay(7)
        eventually("it is done", lambda: done)
    assert (done, attempts) == ([7], [0, 0])
    assert server.state(name) == "closed"


def test_what_the_task_itself_raises_is_retried_as_ever(server: Server, remote: Fusebox, name: str, app: Any) -> None:
    attempts: list[int] = []

    @app.task(name=name, bind=True, autoretry_for=(ValueError,), max_retries=2, default_retry_delay=0)  # type: ignore[untyped-decorator]
    def charge(self: Any) -> None:
        attempts.append(self.request.retries)
        remote.breaker(name).call(int, "x")

    server.put_counting(name)
    with worker(app):
        charge.delay()
        eventually("it is given up", lambda: attempts == [0, 1, 2])
    assert server.counted(name) == (3, 3)


def test_a_task_that_retries_by_itself_waits_for_the_time_too(
    server: Server, remote: Fusebox, name: str, app: Any
) -> None:
    payments = remote.breaker(name)
    server.put(name, recovery_timeout_ms=1_000)
    seen: list[str] = []

    @app.task(name=name, bind=True, max_retries=0)  # type: ignore[untyped-decorator]
    def charge(self: Any) -> None:
        try:
            payments.call(seen.append, "done")
        except BreakerOpen as denied:
            seen.append("denied")
            raise self.retry(exc=denied, countdown=0) from denied

    with worker(app):
        server.trip(name)
        charge.delay()
        eventually("it is done", lambda: "done" in seen)
    assert seen == ["denied", "done"]


def test_a_task_that_is_called_directly_or_eagerly_raises(server: Server, remote: Fusebox, name: str, app: Any) -> None:
    @app.task(name=name)  # type: ignore[untyped-decorator]
    def charge() -> int:
        return remote.breaker(name).call(int)

    assert charge() == 0
    server.trip(name)
    with pytest.raises(BreakerOpen):
        charge()
    assert isinstance(charge.apply().result, BreakerOpen)


@pytest.mark.parametrize(
    ("state", "retry_after", "wait"),
    [
        ("open", 30.0, 30.0),
        ("open", 0.0, 0.0),
        ("open", None, 180.0),
        ("half_open", 30.0, WHILE_PROBED),
        ("half_open", 0.5, 0.5),
    ],
)
def test_the_wait_is_as_long_as_the_denial_says_or_a_little_longer(state: str, retry_after: Any, wait: float) -> None:
    waits = [wait_for(BreakerOpen("a", state, retry_after), 180.0) for _ in range(100)]
    assert wait <= min(waits) and max(waits) <= wait * (1 + SPREAD)
    assert wait == 0 or max(waits) > min(waits)
