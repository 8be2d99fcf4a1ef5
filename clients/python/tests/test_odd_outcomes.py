"""Malformed outcomes count as far as possible, and do not affect other outcomes."""

from __future__ import annotations

import logging
import time
from typing import Any

import pytest
from doubtful import CLOSED, POLICY, Answer, Doubtful, accepted, answer, problem
from server import Server, eventually

from fusebox import Fusebox
from fusebox.policy import Policy

#: The result of `os.fsdecode` for bytes that are not UTF-8.
HALF = "caf\udce9"


@pytest.mark.parametrize("mode", ["local", "remote"])
@pytest.mark.parametrize("is_policy_known", [False, True])
@pytest.mark.parametrize("duration", [float("nan"), float("inf"), float("-inf"), 10**400, "soon"])
def test_an_invalid_duration_is_omitted(
    server: Server, name: str, mode: Any, is_policy_known: bool, duration: Any
) -> None:
    server.put_counting(name)
    with Fusebox(server.url, mode=mode, timeout=5.0) as fb:
        payments = fb.breaker(name)
        decision = payments.acquire()
        if is_policy_known:
            eventually("the policy is known", lambda: payments._cell.policy)
        payments.report("failure", decision, duration=duration)
        payments.report("failure", decision, duration=0.1)
        assert fb.flush(30)
        assert server.counted(name) == (2, 2)
        assert fb.statistics.dropped == 0


@pytest.mark.parametrize("mode", ["local", "remote"])
@pytest.mark.parametrize(
    ("kind", "known_as"),
    [
        (ConnectionError(), "connection"),
        (503, "503"),
        (object(), None),
        (HALF, "caf?"),
        ("x" * 63 + "\ud800" + "y", "x" * 63 + "?"),
    ],
)
def test_a_kind_is_converted_to_a_short_string_or_omitted(
    server: Server, name: str, mode: Any, kind: Any, known_as: Any
) -> None:
    server.put_counting(name)
    with Fusebox(server.url, mode=mode, timeout=5.0) as fb:
        payments = fb.breaker(name, failed=lambda result: result)
        payments.report("failure", payments.acquire(), kind=kind)
        with payments as call:
            call.fail(kind)
        assert fb.flush(30)
        assert server.counted(name) == (2, 2)
        assert server.breaker(name)["last_failure"].get("kind") == known_as
        if isinstance(kind, str):
            payments.call(lambda: kind)
            assert fb.flush(30)
            assert server.counted(name) == (3, 3)


def test_a_local_breaker_counts_an_outcome_with_an_invalid_duration() -> None:
    with Doubtful(lambda path, body: problem(503, "unavailable")) as server, Fusebox(server.url) as fb:
        payments = fb.breaker("payments")
        payments._cell.policy = Policy(slow_call_ms=100)
        duration: Any = "soon"
        for _ in range(5):
            payments.report("failure", payments.acquire(), duration=duration)
        assert payments.state == "open"


def test_a_reporter_name_can_contain_an_unpaired_surrogate(server: Server, name: str) -> None:
    server.put_counting(name)
    with Fusebox(server.url, timeout=5.0, reporter=HALF) as fb:
        payments = fb.breaker(name)
        payments.report("failure", payments.acquire())
        assert fb.flush(30)
        assert server.breaker(name)["last_failure"]["reporter"] == "caf?"


def test_an_outcome_that_cannot_be_serialized_does_not_affect_the_others(
    server: Server, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    server.put_counting(name)
    with Fusebox(server.url, timeout=5.0) as fb:
        payments, other = fb.breaker(name), fb.breaker(f"{name}-other")
        decision, of_other = payments.acquire(), other.acquire()
        for number in range(20):
            payments.report("failure", decision, kind=f"k{number}")
            outcome: Any = object() if number in (3, 11) else "ignored"
            fb._authority.report(other._cell, of_other, outcome, None, None)
        assert fb.flush(30)
        assert server.counted(name) == (20, 20)
        assert fb.statistics.dropped == 2
        assert caplog.text.count(f"outcomes of {name}-other are refused") == 1


def test_an_outcome_that_the_server_refuses_does_not_affect_the_others() -> None:
    taken: list[str] = []

    def answering(path: str, body: Any) -> Answer:
        if path.endswith("/acquire"):
            return answer(CLOSED)
        if path != "/v1/reports":
            return answer(POLICY)
        kinds = [item["kind"] for item in body["reports"]]
        if "bad" in kinds:
            return problem(400, "invalid")
        taken.extend(kinds)
        return accepted(body)

    with Doubtful(answering) as server, Fusebox(server.url) as fb:
        payments = fb.breaker("payments")
        decision = payments.acquire()
        fb._authority.sender._retry_at = time.monotonic() + 1_000
        for kind in ("a", "b", "bad", "c", "bad", "d", "e"):
            payments.report("failure", decision, kind=kind)
        fb._authority.sender._retry_at = 0.0
        assert fb.flush(30)
        assert taken == ["a", "b", "c", "d", "e"], "each outcome is accepted once and in order"
        assert fb.statistics.dropped == 2


def test_the_accepted_part_of_a_batch_is_not_sent_again_with_the_rest() -> None:
    is_away = [True]

    def answering(path: str, body: Any) -> Answer:
        if path.endswith("/acquire"):
            return answer(CLOSED)
        if path != "/v1/reports":
            return answer(POLICY)
        kinds = [item["kind"] for item in body["reports"]]
        if len(kinds) > 2:
            return problem(413, "too_large")
        if "c" in kinds and is_away.pop():
            is_away.append(False)
            return problem(503, "unavailable")
        taken.extend(kinds)
        return accepted(body)

    taken: list[str] = []
    with Doubtful(answering) as server, Fusebox(server.url) as fb:
        payments = fb.breaker("payments")
        decision = payments.acquire()
        fb._authority.sender._retry_at = time.monotonic() + 1_000
        for kind in "abcd":
            payments.report("failure", decision, kind=kind)
        fb._authority.sender._retry_at = 0.0
        assert eventually("all reports are sent", lambda: fb.flush(30))
        assert taken == ["a", "b", "c", "d"]
        assert fb.statistics.dropped == 0


def test_the_client_pauses_if_the_server_refuses_every_report(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.ERROR, "fusebox")

    def answering(path: str, body: Any) -> Answer:
        if path.endswith("/acquire"):
            return answer(CLOSED)
        return problem(400, "invalid") if path == "/v1/reports" else answer(POLICY)

    with Doubtful(answering) as server, Fusebox(server.url) as fb:
        payments = fb.breaker("payments")
        payments.report("failure", payments.acquire())
        eventually("the report is refused", lambda: fb.statistics.dropped == 1)
        eventually("the client pauses", lambda: fb._authority.sender._retry_at > 0)
        assert caplog.text.count("outcomes of payments are refused") == 1


def test_an_outcome_with_a_malformed_error_is_dropped(caplog: pytest.LogCaptureFixture) -> None:
    def answering(path: str, body: Any) -> Answer:
        if path.endswith("/acquire"):
            return answer(CLOSED)
        error = {"error": {"code": ["later"], "detail": 7}}
        return answer({"results": [error for _ in body["reports"]]}) if path == "/v1/reports" else answer(POLICY)

    with Doubtful(answering) as server, Fusebox(server.url) as fb:
        payments = fb.breaker("payments")
        payments.report("failure", payments.acquire())
        eventually("the report is refused", lambda: fb.statistics.dropped == 1)
        assert "defect" not in caplog.text
