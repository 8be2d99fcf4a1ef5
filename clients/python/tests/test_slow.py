"""A Fusebox that answers late, in small pieces, or not at all."""

from __future__ import annotations

import asyncio
import itertools
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from doubtful import CLOSED, POLICY, PROBE, Answer, Doubtful, accepted, answer, dripped
from server import PATIENCE, eventually

from fusebox import Fusebox


def in_threads(count: int, work: Callable[[], Any]) -> list[Any]:
    """Runs the work in that many threads at once, and returns their results."""
    results: list[Any] = []
    all_there = threading.Barrier(count)

    def run() -> None:
        all_there.wait()
        results.append(work())

    threads = [threading.Thread(target=run, daemon=True) for _ in range(count)]
    for thread in threads:
        thread.start()
    end = time.monotonic() + PATIENCE
    for thread in threads:
        thread.join(max(end - time.monotonic(), 0))
    assert len(results) == count, "all threads end"
    return results


@pytest.mark.parametrize("in_pieces", [False, True])
def test_a_late_probe_is_given_back_by_a_client_that_knows_the_breaker_as_closed(in_pieces: bool) -> None:
    may_answer = threading.Event()
    documents = iter([CLOSED, PROBE])

    def late() -> Iterator[bytes]:
        may_answer.wait()
        yield from dripped(answer(PROBE), 0.002) if in_pieces else answer(PROBE)

    def answering(path: str, body: Any) -> Answer:
        if path.endswith("/acquire"):
            return answer(CLOSED) if next(documents, None) is CLOSED else late()
        return accepted(body) if path == "/v1/reports" else answer(POLICY)

    with Doubtful(answering) as server, Fusebox(server.url, mode="remote", timeout=0.3) as fb:
        payments = fb.breaker("payments")
        eventually("the breaker is closed", lambda: payments.acquire().source == "server")
        assert payments.state == "closed"
        assert payments.acquire().source == "fallback"
        may_answer.set()
        eventually("the probe is given back", lambda: server.reports())
        assert [(item["outcome"], item["permit"]) for item in server.reports()] == [("ignored", "9-abc")]


def test_an_endless_answer_delays_a_call_only_by_the_time_out() -> None:
    documents = iter([CLOSED])

    def answering(path: str, body: Any) -> Answer:
        if not path.endswith("/acquire") or next(documents, None):
            return answer(CLOSED if path.endswith("/acquire") else POLICY)
        return dripped(itertools.chain([b"HTTP/1.1 200 X\r\nx-filler: "], itertools.repeat(b"a", 10_000)), 0.02)

    with Doubtful(answering) as server, Fusebox(server.url, mode="remote", timeout=0.3) as fb:
        payments = fb.breaker("payments")
        payments.acquire()
        assert payments.state == "closed"
        asked = threading.Thread(target=payments.acquire, daemon=True)
        asked.start()
        asked.join(PATIENCE)
        assert not asked.is_alive()
        assert fb.is_away


def test_many_simultaneous_requests_for_a_probe_are_answered_in_time() -> None:
    def slow() -> Iterator[bytes]:
        yield b"HTTP/1.1 200 X\r\n"
        threading.Event().wait(0.5)
        yield answer(PROBE)[0].partition(b"\r\n")[2]

    def answering(path: str, body: Any) -> Answer:
        if path.endswith("/acquire"):
            return slow()
        return accepted(body, "half_open") if path == "/v1/reports" else answer(POLICY)

    with Doubtful(answering) as server, Fusebox(server.url, mode="remote", timeout=5.0) as fb:
        payments = fb.breaker("payments")
        assert payments.acquire().is_probe
        decisions = in_threads(50, payments.acquire)
        assert {decision.source for decision in decisions} == {"server"}
        assert fb.statistics.departures == 0


def test_coroutines_that_queue_for_longer_than_the_time_out_are_not_an_outage() -> None:
    def slow() -> Iterator[bytes]:
        threading.Event().wait(0.2)
        yield from answer(CLOSED)

    def answering(path: str, body: Any) -> Answer:
        return slow() if path.endswith("/acquire") else answer(POLICY)

    with Doubtful(answering) as server, Fusebox(server.url, mode="remote", timeout=2.0) as fb:
        payments = fb.breaker("payments")

        async def main() -> set[str]:
            return {d.source for d in await asyncio.gather(*(payments.acquire_async() for _ in range(200)))}

        assert asyncio.run(main()) == {"server"}
        assert fb.statistics.departures == 0


def test_a_hanging_lookup_delays_calls_only_by_the_time_out(monkeypatch: pytest.MonkeyPatch) -> None:
    may_go_on = threading.Event()
    looked_up: list[str] = []
    real = socket.getaddrinfo

    def slow(host: Any, port: Any, *more: Any, **options: Any) -> Any:
        if host == "fusebox.test":
            if options.get("flags"):
                raise socket.gaierror("it is a name")
            looked_up.append(host)
            may_go_on.wait()
            host = "127.0.0.1"
        return real(host, port, *more, **options)

    monkeypatch.setattr(socket, "getaddrinfo", slow)
    with Doubtful(lambda path, body: answer(CLOSED if path.endswith("/acquire") else POLICY)) as server:
        with Fusebox(server.url.replace("127.0.0.1", "fusebox.test"), mode="remote", timeout=0.3) as fb:
            payments = fb.breaker("payments")
            try:
                assert {decision.source for decision in in_threads(20, payments.acquire)} == {"fallback"}
                assert (fb.statistics.departures, len(looked_up)) == (1, 1)
            finally:
                may_go_on.set()
            eventually("the server is asked", lambda: payments.acquire().source == "server")


def test_a_dead_address_leaves_time_for_the_next_one(monkeypatch: pytest.MonkeyPatch) -> None:
    real = socket.getaddrinfo

    def two(host: Any, port: Any, *more: Any, **options: Any) -> Any:
        if host != "fusebox.test":
            return real(host, port, *more, **options)
        if options.get("flags"):
            raise socket.gaierror("it is a name")
        return real("127.0.0.2", port, **options) + real("127.0.0.1", port, **options)  # The first is dead.

    monkeypatch.setattr(socket, "getaddrinfo", two)
    with Doubtful(lambda path, body: answer(CLOSED if path.endswith("/acquire") else POLICY)) as server:
        url = server.url.replace("127.0.0.1", "fusebox.test")
        with Fusebox(url, mode="remote", timeout=5.0) as fb:
            assert fb.breaker("payments").acquire().source == "server"


class Interrupted(BaseException):
    """The exception of a signal handler during a wait, as Celery raises one for a task's soft time limit."""


@contextmanager
def interrupted_in(seconds: float) -> Iterator[None]:
    def interrupt(*_: Any) -> None:
        raise Interrupted

    before = signal.signal(signal.SIGALRM, interrupt)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        with pytest.raises(Interrupted):
            yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def test_a_probe_that_is_granted_after_an_interruption_is_given_back() -> None:
    may_answer = threading.Event()

    def late() -> Iterator[bytes]:
        may_answer.wait()
        yield from answer(PROBE)

    def answering(path: str, body: Any) -> Answer:
        if path.endswith("/acquire"):
            return late()
        return accepted(body) if path == "/v1/reports" else answer(POLICY)

    with Doubtful(answering) as server, Fusebox(server.url, mode="remote", timeout=60.0) as fb:
        payments = fb.breaker("payments")
        with interrupted_in(0.3):
            payments.acquire()
        may_answer.set()
        eventually("the probe is given back", lambda: server.reports())
        assert [(item["outcome"], item["permit"]) for item in server.reports()] == [("ignored", "9-abc")]


def test_an_interrupted_report_is_sent_again() -> None:
    def answering(path: str, body: Any) -> Answer:
        if path.endswith("/report"):
            return None
        if path.endswith("/acquire"):
            return answer(CLOSED)
        return accepted(body) if path == "/v1/reports" else answer(POLICY)

    with Doubtful(answering) as server, Fusebox(server.url, mode="remote", timeout=60.0) as fb:
        payments = fb.breaker("payments")
        decision = payments.acquire()
        with interrupted_in(0.3):
            payments.report("failure", decision)
        eventually("the report is sent again", lambda: server.reports())
        (tried,) = server.asked_for("/payments/report")
        assert [item["report_id"] for item in server.reports()] == [tried["report_id"]]
