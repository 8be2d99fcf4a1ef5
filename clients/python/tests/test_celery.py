"""Celery retries a denied task when the breaker may let it through."""

from __future__ import annotations

import logging
import math
import pathlib
from collections.abc import Iterator
from typing import Any

import pytest
from celery import Celery
from celery.contrib.testing.worker import start_worker
from processes import process
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
    # A worker replaces the logging configuration of the whole process.
    root.setLevel(level)
    root.handlers[:] = handlers


def worker(app: Any) -> Any:
    return start_worker(app, pool="solo", perform_ping_check=False, shutdown_timeout=30)


@pytest.mark.parametrize("retried", [(), (BreakerOpen,), (Exception,)])
def test_a_denied_task_is_retried_after_the_recovery_timeout(
    server: Server, remote: Fusebox, name: str, app: Any, retried: Any
) -> None:
    payments = remote.breaker(name)
    server.put(name, recovery_timeout_ms=3_000)
    attempts: list[int] = []
    done: list[int] = []

    @app.task(name=name, bind=True, max_retries=0, autoretry_for=retried)  # type: ignore[untyped-decorator]
    def charge(self: Any, amount: int) -> None:
        attempts.append(self.request.retries)
        payments.call(done.append, amount)

    with worker(app):
        server.trip(name)
        charge.delay(7)
        eventually("the task is done", lambda: done)
    assert (done, attempts) == ([7], [0, 0])
    assert server.state(name) == "closed"


WORKER = """
import os, time
from celery import Celery
from fusebox import Fusebox, reachability
from fusebox.integrations.celery import BreakerTask

# Outcomes that could not be sent are tried again when the process ends, and not before.
reachability.FIRST_PAUSE = reachability.LONGEST_PAUSE = 1_000.0
fb = Fusebox(os.environ["FUSEBOX_URL"], timeout=5.0)
app = Celery("shop", broker="filesystem://", task_cls=BreakerTask)
folder = os.environ["BROKER_FOLDER"]
app.conf.broker_transport_options = dict.fromkeys(("data_folder_in", "data_folder_out", "control_folder"), folder)


@app.task(name="work")
def work(name, is_away):
    fb.breaker(name).call(int)
    assert is_away or fb.flush(30)
    while is_away and fb._authority.sender._retry_at < time.monotonic():
        time.sleep(0.01)
"""


@pytest.mark.parametrize("pool", ["prefork", "solo"])
def test_the_processes_of_a_worker_send_their_reports_before_they_end(
    own_server: Server, tmp_path: pathlib.Path, name: str, pool: str
) -> None:
    own_server.put_counting(name)
    broker, log = tmp_path / "broker", tmp_path / "log"
    broker.mkdir()
    (tmp_path / "shop_worker.py").write_text(WORKER)
    producer = Celery("producer", broker="filesystem://", set_as_current=False)
    folders = dict.fromkeys(("data_folder_in", "data_folder_out", "control_folder"), str(broker))
    producer.conf.broker_transport_options = folders
    variables = {"FUSEBOX_URL": own_server.url, "BROKER_FOLDER": str(broker)}
    options = ["--workdir", str(tmp_path), "-A", "shop_worker", "worker", "--loglevel", "info", "--pool", pool]
    options += ["--concurrency", "2", "--without-gossip", "--without-mingle"]

    def work(times: int, is_away: bool, done: int) -> None:
        for _ in range(times):
            producer.send_task("work", (name, is_away))
        eventually("all tasks are done", lambda: log.read_text().count(" succeeded in ") == done, within=60)

    with process(log, "celery", *options, **variables):
        eventually("the worker is ready", lambda: "ready." in log.read_text(), within=60)
        work(4, False, 4)
        own_server.kill()
        work(4, True, 8)
        own_server.start()
    producer.close()
    assert own_server.counted(name) == (8, 0)


def test_an_exception_of_the_task_is_retried_as_without_fusebox(
    server: Server, remote: Fusebox, name: str, app: Any
) -> None:
    attempts: list[int] = []

    @app.task(name=name, bind=True, autoretry_for=(ValueError,), max_retries=2, default_retry_delay=0)  # type: ignore[untyped-decorator]
    def charge(self: Any) -> None:
        attempts.append(self.request.retries)
        remote.breaker(name).call(int, "x")

    server.put_counting(name)
    with worker(app):
        charge.delay()
        eventually("the task has used all its retries", lambda: attempts == [0, 1, 2])
    assert server.counted(name) == (3, 3)


def test_a_task_that_calls_retry_waits_for_the_recovery_timeout(
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
        eventually("the task is done", lambda: "done" in seen)
    assert seen == ["denied", "done"]


def test_a_task_that_is_called_directly_or_eagerly_raises_the_denial(
    server: Server, remote: Fusebox, name: str, app: Any
) -> None:
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
        ("open", math.inf, 180.0),
        ("open", math.nan, 180.0),
        ("half_open", 30.0, WHILE_PROBED),
        ("half_open", 0.5, 0.5),
    ],
)
def test_a_task_waits_for_the_time_in_the_denial_or_a_little_longer(state: str, retry_after: Any, wait: float) -> None:
    waits = [wait_for(BreakerOpen("a", state, retry_after), 180.0) for _ in range(100)]
    assert wait <= min(waits) and max(waits) <= wait * (1 + SPREAD)
    assert wait == 0 or max(waits) > min(waits)
