"""A slow disk: each commit takes longer than a call waits for the decision of a closed breaker."""

from __future__ import annotations

import asyncio
import itertools
import logging
import subprocess
import threading
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

import pytest
from doubtful import CLOSED, POLICY, PROBE, Answer, Doubtful, accepted, answer, problem
from server import ROOT, Server, eventually
from test_half_dead import messages, stream
from test_panel import outline

from fusebox import Breaker, BreakerOpen, Decision, Fusebox
from fusebox.pybreaker import CircuitBreaker, CircuitBreakerError
from fusebox.reachability import STEADY

#: The time in milliseconds that each sync takes, and that a breaker stays open.
SYNC_MS = 120
RECOVERY_MS = 3_000


@pytest.fixture(scope="module")
def slow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server on a slow disk."""
    folder = tmp_path_factory.mktemp("slow")
    library, source = folder / "slow_sync.so", ROOT / "Tests" / "SlowDisk" / "slow_sync.c"
    subprocess.run(["cc", "-shared", "-fPIC", "-o", str(library), str(source), "-ldl"], check=True)
    server = Server(folder, LD_PRELOAD=str(library), SLOW_SYNC_MS=str(SYNC_MS))
    yield server
    server.close()


def plainly(fb: Fusebox, name: str) -> Callable[[], Any]:
    payments = fb.breaker(name)
    return lambda: payments.call(int, "7")


def in_a_coroutine(fb: Fusebox, name: str) -> Callable[[], Any]:
    payments = fb.breaker(name)
    return lambda: asyncio.run(payments.call_async(asyncio.sleep, 0, 7))


def by_the_drop_in(fb: Fusebox, name: str) -> Callable[[], Any]:
    circuit = CircuitBreaker(name=name, fusebox=fb)
    return lambda: circuit.call(int, "7")


@pytest.mark.parametrize("mode", ["local", "remote"])
@pytest.mark.parametrize("kind", [plainly, in_a_coroutine, by_the_drop_in])
def test_the_first_probe_closes_an_open_breaker_on_a_slow_disk(
    slow: Server, name: str, mode: Any, kind: Callable[[Fusebox, str], Callable[[], Any]]
) -> None:
    slow.put(name, recovery_timeout_ms=RECOVERY_MS)
    slow.trip(name)
    with Fusebox(slow.url, mode=mode) as fb:
        call = kind(fb, name)

        def is_closed() -> bool:
            try:
                call()
            except (BreakerOpen, CircuitBreakerError):
                pass
            return slow.state(name) == "closed"

        eventually("the breaker is closed", is_closed)
    transitions = slow.ask("GET", f"/v1/breakers/{name}/transitions")["transitions"][::-1]
    assert [each["to"] for each in transitions] == ["open", "half_open", "closed"]
    opened, _, closed = (datetime.fromisoformat(each["at"].replace("Z", "+00:00")) for each in transitions)
    assert (closed - opened).total_seconds() <= 1.5 * RECOVERY_MS / 1_000


HALF_OPEN = {"allowed": False, "state": "half_open", "retry_after_ms": 1}


def asked_at_once(payments: Breaker) -> Decision:
    """Acquires with a request to the server, even directly after the last attempt."""
    payments._authority.reach._retry_at = 0.0
    return payments.acquire()


@pytest.mark.parametrize("mode", ["local", "remote"])
def test_an_unstable_server_leads_to_one_probe_of_a_dead_downstream(
    mode: Any, caplog: pytest.LogCaptureFixture
) -> None:
    answers = itertools.cycle([problem(503, "overloaded"), answer(HALF_OPEN)])

    def answering(path: str, body: Any) -> Answer:
        if path.startswith("/v1/events"):
            return stream(server, outline("payments", "half_open"))
        if path.endswith("/acquire"):
            return next(answers)
        return accepted(body, "half_open") if path == "/v1/reports" else answer(POLICY)

    with Doubtful(answering) as server, Fusebox(server.url, mode=mode, timeout=5.0) as fb:
        payments = fb.breaker("payments")
        if mode == "local":
            eventually("the stream is followed", lambda: payments.denial() or payments.state == "half_open")

        def is_heard_of() -> bool:
            decision = asked_at_once(payments)
            payments.give_back(decision)
            return decision.source == "server"

        eventually("the server decides", is_heard_of)
        probes = 0
        for _ in range(10):
            alone, asked = asked_at_once(payments), asked_at_once(payments)
            assert (alone.source, asked.source, asked.allowed) == ("fallback", "server", False)
            if alone.allowed:
                probes += 1
                payments.report("failure", alone)
        assert probes == 1
        assert messages(caplog) == ["Fusebox is unreachable", "Fusebox is reachable again"]


def test_a_brief_return_of_the_server_does_not_reset_the_local_breaker() -> None:
    is_there = threading.Event()

    def answering(path: str, body: Any) -> Answer:
        if path.endswith("/acquire"):
            return answer(CLOSED) if is_there.is_set() else problem(503, "overloaded")
        return problem(503, "overloaded") if path == "/v1/reports" else answer(POLICY)

    with Doubtful(answering) as server, Fusebox(server.url, mode="remote", timeout=5.0) as fb:
        payments, reach = fb.breaker("payments"), fb._authority.reach
        is_there.set()
        assert asked_at_once(payments).source == "server"
        is_there.clear()
        for _ in range(5):
            payments.report("failure", payments.acquire())
        states: list[Any] = []
        assert not payments.acquire().allowed
        states.append(payments.state)
        is_there.set()
        assert asked_at_once(payments).allowed
        states.append(payments.state)
        is_there.clear()
        assert not asked_at_once(payments).allowed
        states.append(payments.state)
        assert states == ["open", "closed", "open"]
        is_there.set()
        assert asked_at_once(payments).allowed
        assert reach._whole_from is not None
        reach._whole_from -= STEADY
        is_there.clear()
        assert asked_at_once(payments).allowed, "another outage starts with a closed breaker"


def test_late_answers_lead_to_one_probe_of_a_dead_downstream(caplog: pytest.LogCaptureFixture) -> None:
    def late() -> Iterator[bytes]:
        server.is_over.wait(0.3)
        yield from answer(PROBE)

    def answering(path: str, body: Any) -> Answer:
        if path.endswith("/acquire"):
            return late()
        return accepted(body, "half_open") if path == "/v1/reports" else answer(POLICY)

    caplog.set_level(logging.WARNING, "fusebox")
    with Doubtful(answering) as server, Fusebox(server.url, mode="remote", timeout=0.05, probe_timeout=0.1) as fb:
        payments = fb.breaker("payments")
        payments._cell.state = payments._cell.heard_state = "half_open"
        probes = 0
        for number in range(5):
            decision = asked_at_once(payments)
            assert decision.source == "fallback"
            if decision.allowed:
                probes += 1
                payments.report("failure", decision)
            eventually("the probe is given back", lambda: given_back(server) > number)  # noqa: B023
        assert probes == 1
        assert messages(caplog) == ["Fusebox is unreachable"]


def given_back(server: Doubtful) -> int:
    return sum(report["outcome"] == "ignored" for report in server.reports())


def test_one_late_answer_is_not_logged_and_makes_the_client_wait_longer_for_the_next(
    caplog: pytest.LogCaptureFixture,
) -> None:
    first = iter([CLOSED])

    def late() -> Iterator[bytes]:
        server.is_over.wait(0.5)
        yield from answer(HALF_OPEN)

    def answering(path: str, body: Any) -> Answer:
        if path.endswith("/acquire"):
            document = next(first, None)
            return late() if document is None else answer(document)
        return accepted(body) if path == "/v1/reports" else answer(POLICY)

    caplog.set_level(logging.WARNING, "fusebox")
    with Doubtful(answering) as server, Fusebox(server.url, mode="remote", timeout=0.25, probe_timeout=30.0) as fb:
        payments = fb.breaker("payments")
        assert payments.acquire().source == "server"
        assert payments.acquire().source == "fallback", "the time-out for a closed breaker does not change"
        eventually("the answer arrives", lambda: payments._cell.heard_state == "half_open")
        assert asked_at_once(payments).source == "server"
        assert messages(caplog) == []


@pytest.mark.parametrize("is_probe", [True, False])
def test_the_client_waits_for_the_report_of_a_probe_as_long_as_for_its_decision(is_probe: bool) -> None:
    def late(body: Any) -> Iterator[bytes]:
        server.is_over.wait(0.5)
        yield from answer({"applied": True, "state": "closed"})

    def answering(path: str, body: Any) -> Answer:
        if path.endswith("/report"):
            return late(body)
        if path.endswith("/acquire"):
            return answer(PROBE if is_probe else CLOSED)
        return accepted(body) if path == "/v1/reports" else answer(POLICY)

    with Doubtful(answering) as server, Fusebox(server.url, mode="remote", timeout=0.25, probe_timeout=30.0) as fb:
        payments = fb.breaker("payments")
        payments.call(int)
        assert fb.flush(30)
        assert len(server.reports()) == (0 if is_probe else 1), "a report without an answer in time is sent again"
