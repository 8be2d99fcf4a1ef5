"""The age of a call in its report: old failures do not open a breaker when Fusebox is reachable again."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from doubtful import CLOSED, POLICY, Answer, Doubtful, accepted, answer, problem
from server import eventually

from fusebox import Fusebox


@pytest.mark.parametrize("mode", ["local", "remote"])
def test_a_report_that_is_sent_again_keeps_its_id_and_has_a_higher_age(mode: Any) -> None:
    refusals = iter([503, 503])

    def answering(path: str, body: Any) -> Answer:
        if "/report" in path:
            return problem(503, "later") if next(refusals, None) else accepted(body)
        return answer(CLOSED if path.endswith("/acquire") else POLICY)

    with Doubtful(answering) as server, Fusebox(server.url, mode=mode, timeout=5.0) as fb:
        payments = fb.breaker("payments")
        decision = payments.acquire()
        began = time.monotonic()
        payments.report("failure", decision)
        assert fb.flush(30)
        sent = server.asked_for("/payments/report") + server.reports()
        assert len(sent) == 3 and len({report["report_id"] for report in sent}) == 1
        ages = [report["age_ms"] for report in sent]
        assert ages == sorted(ages) and 0 <= ages[0] and ages[-1] <= (time.monotonic() - began) * 1_000


def test_waiting_outcomes_of_different_seconds_are_not_merged() -> None:
    with Doubtful(lambda path, body: accepted(body) if path == "/v1/reports" else answer(POLICY)) as server:
        with Fusebox(server.url, unreachable="allow") as fb:
            payments, sender = fb.breaker("payments"), fb._authority.sender
            payments.acquire()
            sender._retry_at = time.monotonic() + 1_000
            for ago in (60.0, 59.5, 30.0, 0.0):
                item = fb._authority._item(payments._cell, None, "failure", None, 0.1, time.monotonic() - ago)
                fb._authority.outbox.intake.append(item)
            sender._retry_at = 0.0
            assert fb.flush(30)
            told = [(report.get("count", 1), report["age_ms"] // 1_000) for report in server.reports()]
            assert [count for count, _ in told] == [2, 1, 1]
            assert [age >= least for (_, age), least in zip(told, (59, 30, 0))] == [True] * 3


def test_the_age_of_an_abandoned_call_counts_from_its_abandonment() -> None:
    may_answer = threading.Event()

    def held_up(body: Any) -> Iterator[bytes]:
        may_answer.wait()
        yield from accepted(body)

    def answering(path: str, body: Any) -> Answer:
        if path == "/v1/reports":
            return held_up(body)
        return answer(CLOSED if path.endswith("/acquire") else POLICY)

    with Doubtful(answering) as server, Fusebox(server.url) as fb:
        payments = fb.breaker("payments")
        decision = payments.acquire()
        payments.report("failure", decision, kind="first")
        eventually("the sender waits for an answer", server.reports)
        payments.leave(decision, "failure", "second")
        ended = time.monotonic()
        eventually("some time has passed", lambda: time.monotonic() > ended + 0.25)
        may_answer.set()
        eventually("the second report is sent", lambda: any(report["kind"] == "second" for report in server.reports()))
        (age,) = [report["age_ms"] for report in server.reports() if report["kind"] == "second"]
        assert age >= 250
