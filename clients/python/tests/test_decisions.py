"""The client counts the decisions that it makes itself, and sends the counts."""

from __future__ import annotations

import logging
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from doubtful import CLOSED, POLICY, Answer, Doubtful, accepted, answer, problem
from processes import environment
from server import Server, eventually

from fusebox import BreakerOpen, Fusebox
from fusebox.cell import Cell
from fusebox.decisions import Decisions
from fusebox.link import Away, Refused
from fusebox.standing import Freshness

PROCESSES, CALLS = 4, 50

#: A worker that makes calls under an open breaker, and prints how many were denied in its own process.
WORKER = """
import sys, time
from fusebox import BreakerOpen, Fusebox
with Fusebox(sys.argv[1], timeout=5.0, max_staleness=30.0) as fb:
    payments = fb.breaker(sys.argv[2])
    until = time.monotonic() + 30
    while payments.state != "open" and time.monotonic() < until:
        payments.denial()
        time.sleep(0.01)
    denied = 0
    for _ in range(int(sys.argv[3])):
        decision = payments.acquire()
        denied += not decision.allowed and decision.source == "local"
print(denied)
"""


def answering(path: str, body: Any) -> Answer:
    if path == "/v1/reports":
        return accepted(body)
    if path.endswith("/acquire"):
        return problem(503, "overloaded")
    return answer(POLICY)


def totals(items: list[Any]) -> tuple[int, int]:
    return sum(item["allowed"] for item in items), sum(item["denied"] for item in items)


def test_decisions_without_the_server_are_sent_when_it_is_back() -> None:
    def back(path: str, body: Any) -> Answer:
        return answer(CLOSED) if path.endswith("/acquire") else answering(path, body)

    with Doubtful(answering) as server:
        server.decisions = []
        with Fusebox(server.url, mode="remote", unreachable="deny") as fb:
            payments = fb.breaker("payments")
            for _ in range(3):
                assert not payments.acquire().allowed
            assert server.decisions == [], "the server is unreachable"
            server.answering = back
            eventually("the server decides again", lambda: payments.acquire().source == "server")
            assert not fb.is_away
            fb.flush(5)
            eventually("the counts are sent", lambda: totals(server.decisions or [])[1] >= 3)


class FakeLink:
    def __init__(self) -> None:
        self.asked: list[Any] = []
        self.error: Any = None

    def ask(self, method: str, path: str, document: Any, *, within: float) -> Any:
        self.asked.append(document)
        if self.error is not None:
            raise self.error
        return {"accepted": 0, "results": [], "decisions": []}


def counting() -> tuple[Decisions, FakeLink]:
    link = FakeLink()
    return Decisions(link), link  # type: ignore[arg-type]


def test_counts_are_merged_by_breaker_and_sent_once() -> None:
    decisions, link = counting()
    decisions.note("a", True)
    decisions.note("a", False)
    decisions.note("b", False)
    decisions.allowed("a", 4)
    decisions.send()
    decisions.send()
    assert len(link.asked) == 1
    assert [(i["name"], i["allowed"], i["denied"]) for i in link.asked[0]["decisions"]] == [("a", 5, 1), ("b", 0, 1)]


def test_counts_whose_answer_is_lost_are_not_sent_again() -> None:
    decisions, link = counting()
    decisions.note("a", False)
    link.error = Away("no answer")
    decisions.send()
    link.error = None
    decisions.send()
    assert len(link.asked) == 1


def test_counts_that_the_server_refuses_wait() -> None:
    decisions, link = counting()
    decisions.note("a", False)
    link.error = Refused(401, "no token", "unauthorized")
    decisions.send()
    link.error = None
    decisions.note("a", False)
    decisions.send()
    assert link.asked[-1]["decisions"][0]["denied"] == 2


def test_counts_above_the_limit_of_one_count_are_sent_with_the_next_request() -> None:
    decisions, link = counting()
    decisions.allowed("a", 2_500_000)
    decisions.note("a", False)
    for _ in range(4):
        decisions.send()
    assert [totals(asked["decisions"]) for asked in link.asked] == [(1_000_000, 1), (1_000_000, 0), (500_000, 0)]


def test_a_server_that_does_not_know_counts_gets_them_once() -> None:
    decisions, link = counting()
    decisions.note("a", False)
    link.error = Refused(400, "reports is required", "bad_request")
    decisions.send()
    decisions.note("a", False)
    assert decisions.due is None
    assert not decisions.intake


def test_each_change_of_state_is_logged_once_with_its_reason(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "fusebox")
    cell = Cell("payments", Freshness(5.0), [])
    for _ in range(2):
        cell.becomes("open", "local", "failure_threshold", "5 consecutive failures")
    cell.becomes("closed", "fallback")
    assert caplog.messages == [
        "payments is open (it was unknown): 5 consecutive failures",
        "payments is closed (it was open): by this process alone",
    ]


def test_the_server_counts_the_denials_of_all_processes(
    server: Server, make: Callable[..., Fusebox], name: str
) -> None:
    payments = make(server, mode="remote").breaker(name)

    def fail() -> None:
        raise ConnectionError

    for _ in range(5):
        with pytest.raises(ConnectionError):
            payments.call(fail)
    with pytest.raises(BreakerOpen):
        payments.call(fail)
    before = denials(server, name)
    command = [sys.executable, "-c", WORKER, server.url, name, str(CALLS)]
    workers = [
        subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment()) for _ in range(PROCESSES)
    ]
    denied = [int(worker.communicate(timeout=60)[0]) for worker in workers]
    assert denied == [CALLS] * PROCESSES
    eventually("the server has counted all denials", lambda: denials(server, name) - before == sum(denied))


def denials(server: Server, name: str) -> int:
    return int(httpx.get(f"{server.url}/v1/breakers/{name}").json()["decisions"]["denied"])
