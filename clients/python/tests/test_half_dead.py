"""A partly failing Fusebox: its stream works while decisions fail, or the other way round."""

from __future__ import annotations

import asyncio
import itertools
import json
import logging
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from doubtful import CLOSED, POLICY, PROBE, Answer, Doubtful, accepted, answer, problem
from server import Server, eventually
from test_panel import outline
from test_slow import in_threads
from wire import Wire

from fusebox import Fusebox
from fusebox.orders import OrderFailed, Orders
from fusebox.policy import RANGES, Policy

NOW = "2026-01-01T00:00:00.000Z"


def fusebox(url: str, **options: Any) -> Fusebox:
    return Fusebox(url, **options)


def stream(server: Doubtful, *outlines: dict[str, Any]) -> Iterator[bytes]:
    """Yields a stream that stays open."""
    yield b"HTTP/1.1 200 X\r\n\r\n"
    heartbeat = json.dumps({"type": "heartbeat", "at": NOW, "revision": 7}).encode() + b"\n"
    yield heartbeat
    yield json.dumps({"type": "resync", "at": NOW, "revision": 7, "breakers": outlines}).encode() + b"\n"
    while not server.is_over.wait(0.02):
        yield heartbeat


def messages(caplog: pytest.LogCaptureFixture) -> list[str]:
    """Returns the beginning of each log message."""
    return [record.getMessage().split(":")[0].split(";")[0] for record in caplog.records]


@pytest.mark.parametrize("mode", ["local", "remote"])
def test_a_server_that_decides_nothing_is_unreachable_once_while_its_stream_works(
    mode: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING, "fusebox")

    def answering(path: str, body: Any) -> Answer:
        if path.startswith("/v1/events"):
            return stream(server, outline("payments", "half_open"))
        if path.endswith("/acquire"):
            return problem(503, "overloaded")
        return accepted(body, "half_open") if path == "/v1/reports" else answer(POLICY)

    with Doubtful(answering) as server, fusebox(server.url, mode=mode, timeout=5.0) as fb:
        payments = fb.breaker("payments")
        if mode == "local":
            eventually("the stream is followed", lambda: payments.denial() or payments.state == "half_open")
        for _ in range(5):
            decision = payments.acquire()
            if decision.allowed:
                payments.report("failure", decision)
        assert not payments.acquire().allowed
        tries = len(server.asked_for("/acquire"))
        eventually(
            "the server is asked again", lambda: payments.acquire() and len(server.asked_for("/acquire")) > tries + 2
        )
        assert not payments.acquire().allowed, "the local breaker stays open"
        assert eventually("the server accepts outcomes", lambda: server.reports())
        assert messages(caplog) == ["Fusebox is unreachable"]
        assert fb.statistics.departures == 1


def test_the_local_breaker_decides_although_the_stream_restarts_repeatedly() -> None:
    def answering(path: str, body: Any) -> Answer:
        if path.startswith("/v1/events"):
            return itertools.islice(stream(server, outline("payments", "half_open")), 5)
        if path.endswith("/acquire"):
            return problem(503, "overloaded")
        return accepted(body, "half_open") if path == "/v1/reports" else answer(POLICY)

    with Doubtful(answering) as server, Fusebox(server.url, timeout=5.0) as fb:
        payments = fb.breaker("payments")
        eventually("the stream is followed", lambda: payments.denial() or payments.state == "half_open")
        payments.report("failure", payments.acquire())
        streams = len(server.asked_for("/v1/events"))
        eventually("the stream restarts", lambda: len(server.asked_for("/v1/events")) > streams + 2)
        decision = payments.acquire()
        assert (decision.allowed, decision.state, decision.source) == (False, "open", "fallback")


def test_the_client_retries_a_stream_that_ends_at_once_less_and_less_often() -> None:
    def answering(path: str, body: Any) -> Answer:
        if path.startswith("/v1/events"):
            return itertools.islice(stream(server), 2)
        return accepted(body) if path == "/v1/reports" else answer(CLOSED if path.endswith("/acquire") else POLICY)

    with Doubtful(answering) as server, fusebox(server.url, timeout=5.0) as fb:
        fb.breaker("payments").call(int)
        eventually("the client requests the stream four times", lambda: len(server.asked_for("/v1/events")) >= 4)
        assert fb._authority.follower is not None and fb._authority.follower._pause._attempts >= 4


def test_an_answer_that_is_not_a_stream_of_changes_is_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    def answering(path: str, body: Any) -> Answer:
        if path.startswith("/v1/events"):
            return [b"HTTP/1.1 200 X\r\ncontent-type: text/html\r\n\r\n<html>\n<body>Please log in</body>\n"]
        return accepted(body) if path == "/v1/reports" else answer(CLOSED if path.endswith("/acquire") else POLICY)

    with Doubtful(answering) as server, fusebox(server.url, timeout=5.0) as fb:
        payments = fb.breaker("payments")
        payments.call(int)
        eventually("the client requests the stream four times", lambda: len(server.asked_for("/v1/events")) >= 4)
        assert payments.acquire().source == "server"
    assert caplog.text.count("the stream of changes cannot be followed") == 1
    assert "defect" not in caplog.text and "Traceback" not in caplog.text


def test_a_server_that_decides_while_its_stream_fails_is_reachable() -> None:
    def answering(path: str, body: Any) -> Answer:
        if path.startswith("/v1/events"):
            return problem(503, "overloaded")
        return answer(CLOSED if path.endswith("/acquire") else POLICY)

    with Doubtful(answering) as server, Fusebox(server.url, timeout=5.0) as fb:
        payments = fb.breaker("payments")
        eventually(
            "the client requests the stream again",
            lambda: payments.acquire().source == "fallback" or len(server.asked_for("/v1/events")) > 4,
        )
        assert payments.acquire().source == "server"
        assert fb.statistics.departures == 0


def test_a_server_that_refuses_outcomes_still_decides(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING, "fusebox")

    def answering(path: str, body: Any) -> Answer:
        if "/report" in path:
            return problem(503, "storage_unavailable")
        return answer(CLOSED if path.endswith("/acquire") else POLICY)

    with Doubtful(answering) as server, Fusebox(server.url, mode="remote", timeout=5.0) as fb:
        payments = fb.breaker("payments")
        for _ in range(10):
            decision = payments.acquire()
            assert decision.source == "server"
            payments.report("success", decision)
        assert (fb.statistics.departures, caplog.records) == (0, [])


@pytest.mark.parametrize("mode", ["local", "remote"])
def test_fifty_threads_that_wait_in_vain_are_one_outage(mode: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING, "fusebox")
    with Doubtful(lambda path, body: None) as server, fusebox(server.url, mode=mode, timeout=0.5) as fb:
        payments = fb.breaker("payments")
        assert {decision.source for decision in in_threads(50, payments.acquire)} == {"fallback"}
        assert fb.statistics.departures == 1
        assert messages(caplog) == [], "the answer may still arrive"
        assert fb._authority.reach._pause._attempts == 1
        asked = len(server.asked_for("/acquire"))
        for _ in range(1_000):
            payments.acquire()
        assert len(server.asked_for("/acquire")) < asked + 100, "almost all calls are decided without a wait"
        eventually("a second request gets no answer", lambda: payments.acquire() and messages(caplog))
        assert messages(caplog) == ["Fusebox is unreachable"]
        assert fb.statistics.departures == 1


def test_fifty_coroutines_that_wait_in_vain_are_one_outage() -> None:
    with Doubtful(lambda path, body: None) as server, Fusebox(server.url, mode="remote", timeout=0.5) as fb:
        payments = fb.breaker("payments")

        async def main() -> set[str]:
            return {
                decision.source for decision in await asyncio.gather(*(payments.acquire_async() for _ in range(50)))
            }

        assert asyncio.run(main()) == {"fallback"}
        assert fb.statistics.departures == 1
        assert fb._authority.reach._pause._attempts == 1
        assert len(server.asked_for("/acquire")) <= 17, "the queued coroutines do not send requests"


def test_an_order_with_a_shorter_time_out_does_not_make_the_server_unreachable() -> None:
    with Doubtful(lambda path, body: None) as server, Fusebox(server.url, timeout=0.5) as fb:
        orders = Orders(fb._authority, fb._authority.panel.cell("payments"))
        with pytest.raises(OrderFailed):
            orders.view(within=0.001)
        assert not fb.is_away
        with pytest.raises(OrderFailed):
            orders.view(within=0.5)
        assert fb.is_away


def test_a_refused_breaker_is_not_an_outage_and_is_not_requested_by_each_call(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING, "fusebox")

    def answering(path: str, body: Any) -> Answer:
        if "mine" in path:
            return answer(CLOSED if path.endswith("/acquire") else POLICY)
        return problem(403, "forbidden")

    with Doubtful(answering) as server, Fusebox(server.url, mode="remote", timeout=5.0) as fb:
        theirs = fb.breaker("theirs")
        for _ in range(200):
            assert theirs.acquire().source == "fallback"
        assert len(server.asked_for("/theirs/acquire")) < 100
        assert not fb.is_away
        assert fb.breaker("mine").acquire().source == "server"
        eventually(
            "the server is asked again", lambda: theirs.acquire() and len(server.asked_for("/theirs/acquire")) > 2
        )
        assert messages(caplog) == ["Fusebox makes no decisions about theirs"]


@pytest.mark.parametrize("mode", ["local", "remote"])
def test_an_invalid_token_is_logged_once_for_each_kind_of_request(mode: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING, "fusebox")

    def answering(path: str, body: Any) -> Answer:
        return problem(401, "unauthorized")

    options = {"mode": mode, "timeout": 5.0, "unreachable": "allow"}
    with Doubtful(answering) as server, fusebox(server.url, **options) as fb:
        for number in range(10):
            for _ in range(20):
                payments = fb.breaker(f"payments-{number}")
                payments.report("failure", payments.acquire())
        assert not fb.is_away
        eventually("outcomes are refused", lambda: any("outcomes" in message for message in messages(caplog)))
        if mode == "local":
            eventually("the stream is refused", lambda: any("followed" in message for message in messages(caplog)))
        assert len(server.asked_for("/v1/reports")) < 20, "the client pauses between batches"
        assert fb.statistics.dropped == 0
        expected = {"Fusebox makes no decisions about any breaker", "outcomes are refused and wait in the buffer"}
        if mode == "local":
            expected.add("the stream of changes cannot be followed, so every call asks Fusebox")
        assert sorted(messages(caplog)) == sorted(expected)


@pytest.mark.parametrize("status", [401, 403, 404, 408, 429, 500, 503])
@pytest.mark.parametrize("is_awaited", [False, True])
def test_outcomes_that_are_refused_temporarily_are_sent_again(status: int, is_awaited: bool) -> None:
    refusals = iter([status, status])

    def answering(path: str, body: Any) -> Answer:
        if path == "/v1/reports" or path.endswith("/report"):
            return problem(status, "later") if next(refusals, None) else accepted(body)
        return answer(CLOSED if path.endswith("/acquire") else POLICY)

    with Doubtful(answering) as server, Fusebox(server.url, mode="remote", timeout=5.0) as fb:
        payments = fb.breaker("payments")
        if is_awaited:
            payments.report("ignored", payments.acquire())
        else:
            payments.give_back(payments.acquire())
        assert fb.flush(30)
        assert fb.statistics.dropped == 0
        reports = [{**report, "name": "payments"} for report in server.asked_for("/payments/report")] + server.reports()
        ages = [report.pop("age_ms") for report in reports]
        assert len(reports) == 3 and all(report == reports[0] for report in reports)
        assert ages == sorted(ages)


@pytest.mark.parametrize(("status", "code"), [(400, "invalid"), (403, "forbidden"), (409, "report_id_conflict")])
def test_an_outcome_that_is_refused_permanently_is_dropped_and_delays_no_other(status: int, code: str) -> None:
    def answering(path: str, body: Any) -> Answer:
        if path.endswith("/theirs/report"):
            return problem(status, code)
        return accepted(body) if path == "/v1/reports" else answer(CLOSED)

    with Doubtful(answering) as server, Fusebox(server.url, mode="remote", timeout=5.0) as fb:
        theirs, mine = fb.breaker("theirs"), fb.breaker("mine")
        for _ in range(3):
            theirs.report("ignored", theirs.acquire())
            mine.report("ignored", mine.acquire())
        assert (len(server.asked_for("/theirs/report")), len(server.asked_for("/mine/report"))) == (3, 3)
        assert (fb.statistics.dropped, server.reports()) == (3, [])


def test_an_outcome_that_cannot_be_stored_yet_is_sent_again_with_the_later_ones() -> None:
    faults = iter(["storage_unavailable", "overloaded", "outcome_unknown"])
    taken: list[tuple[str, str]] = []

    def answering(path: str, body: Any) -> Answer:
        if path != "/v1/reports":
            return answer(CLOSED if path.endswith("/acquire") else POLICY)
        results: list[Any] = []
        for item in body["reports"]:
            fault = next(faults, None) if item["kind"] == "b" else None
            if fault:
                results.append({"error": {"code": fault, "detail": "not now"}})
                continue
            results.append({"applied": True, "state": "closed"})
            taken.append((item["name"], item["kind"]))
        return answer({"accepted": len(results), "results": results})

    with Doubtful(answering) as server, Fusebox(server.url) as fb:
        fb._authority.sender._retry_at = time.monotonic() + 1_000
        payments, other = fb.breaker("payments"), fb.breaker("other")
        decision, of_other = payments.acquire(), other.acquire()
        for kind in ("a", "b", "c"):
            payments.report("failure", decision, kind=kind)
            other.report("failure", of_other, kind=f"other-{kind}")
        fb._authority.sender._retry_at = 0.0
        eventually("all reports are sent", lambda: fb.flush(30))
        assert fb.statistics.dropped == 0
        assert [kind for name, kind in taken if name == "other"] == ["other-a", "other-b", "other-c"]
        # The server accepts "c" while it cannot store "b". The client sends "c" again, and it counts once, by its id.
        assert [kind for name, kind in taken if name == "payments"] == ["a", "c", "c", "c", "b", "c"]


@pytest.mark.parametrize(("last", "permit"), [(CLOSED, "7"), (PROBE, "9"), (None, None)])
def test_an_outcome_of_a_local_decision_has_the_last_known_generation(last: Any, permit: Any) -> None:
    documents = iter([] if last is None else [last])

    def answering(path: str, body: Any) -> Answer:
        if path.endswith("/acquire"):
            document = next(documents, None)
            return problem(503, "overloaded") if document is None else answer(document)
        return accepted(body) if path == "/v1/reports" else answer(POLICY)

    with Doubtful(answering) as server, Fusebox(server.url, mode="remote", timeout=5.0) as fb:
        payments = fb.breaker("payments")
        if last is not None:
            assert payments.acquire().source == "server"
        decision = payments.acquire()
        assert decision.source == "fallback" and decision.ticket is not None
        payments.report("failure", decision)
        eventually("the report is sent", lambda: server.reports())
        assert [report.get("permit") for report in server.reports()] == [permit]


def test_failures_of_an_outage_do_not_trip_a_breaker_in_a_later_generation(server: Server, name: str) -> None:
    wire = Wire(server.port)
    with Fusebox(wire.url, mode="remote", timeout=5.0, unreachable="allow") as fb:
        payments = fb.breaker(name)
        payments.give_back(payments.acquire())
        assert fb.flush(30)
        wire.cut()
        for _ in range(5):
            payments.report("failure", payments.acquire())
        server.reset(name)
        wire.mend()
        assert fb.flush(30)
        assert (server.state(name), server.counted(name)) == ("closed", (0, 0))
    wire.close()


@pytest.mark.parametrize(("mode", "path"), [("local", b"POST /v1/reports"), ("remote", b"/report")])
def test_outcomes_whose_answer_is_lost_count_once(server: Server, name: str, mode: str, path: bytes) -> None:
    server.put_counting(name)
    wire = Wire(server.port)
    with fusebox(wire.url, mode=mode, timeout=0.5) as fb:
        payments = fb.breaker(name)
        source = "local" if mode == "local" else "server"
        eventually("the expected source decides", lambda: payments.acquire().source == source)
        assert fb.flush(30)
        wire.hushed = path
        for text in ["7"] * 10 + ["x"] * 3 + ["7"] * 5:
            try:
                payments.call(int, text)
            except ValueError:
                pass
        pause = fb._authority.sender._pause
        eventually("the reports get no answer", lambda: pause._attempts > 1)
        eventually("the server counts the calls", lambda: server.counted(name)[0] > 0)
        assert fb.statistics.departures == 0
        wire.hushed = None
        eventually("the reports are answered", lambda: fb.flush(5))
        assert server.counted(name) == (18, 3)
        assert fb.statistics.dropped == 0
    wire.close()


def test_a_failed_request_for_a_policy_is_repeated() -> None:
    refusals = iter([503])

    def answering(path: str, body: Any) -> Answer:
        if path.startswith("/v1/events"):
            return stream(server, outline("payments", "closed"))
        if path == "/v1/reports":
            return accepted(body)
        if path.endswith("/acquire"):
            return answer(CLOSED)
        return problem(503, "overloaded") if next(refusals, None) else answer({"policy": {"failure_threshold": 2}})

    with Doubtful(answering) as server, Fusebox(server.url, timeout=5.0) as fb:
        payments = fb.breaker("payments")
        cell = fb._authority.panel.cell("payments")
        eventually("the policy is known", lambda: payments.call(int) == 0 and cell.policy is not None)
        assert cell.policy is not None and cell.policy.failure_threshold == 2


def test_a_failed_request_for_a_policy_is_repeated_without_any_report() -> None:
    refusals = iter([503, 503])

    def answering(path: str, body: Any) -> Answer:
        if path.endswith("/acquire"):
            return answer({"allowed": False, "state": "open", "retry_after_ms": 60_000})
        return problem(503, "overloaded") if next(refusals, None) else answer({"policy": {"failure_threshold": 2}})

    with Doubtful(answering) as server, fusebox(server.url, mode="remote", timeout=5.0) as fb:
        payments = fb.breaker("payments")
        assert not payments.acquire().allowed
        eventually("the policy is known", lambda: payments._cell.policy is not None)


def repr_of(garbage: Any) -> str:
    return f"{garbage!r:.60}"


@pytest.mark.parametrize(
    "garbage",
    [
        5,
        [],
        {},
        {"allowed": True},
        {**CLOSED, "permit": 7},
        {**CLOSED, "permit": "9" * 5_000},
        {**CLOSED, "state": "foo"},
        {**CLOSED, "state": ["closed"]},
        {**CLOSED, "lease_ms": "30"},
        {"allowed": False, "state": "open", "retry_after_ms": float("inf")},
        {"allowed": False, "state": "open", "retry_after_ms": -1},
        {"allowed": False, "state": "open", "retry_after_ms": 10**400},
        {"results": 3},
        {"results": [1]},
        "x",
    ],
    ids=repr_of,
)
@pytest.mark.parametrize("mode", ["local", "remote"])
def test_a_malformed_answer_fails_no_call(mode: str, garbage: Any, caplog: pytest.LogCaptureFixture) -> None:
    with Doubtful(lambda path, body: answer(garbage)) as server, fusebox(server.url, mode=mode, timeout=5.0) as fb:
        payments = fb.breaker("payments")
        assert [payments.call(int, "7") for _ in range(3)] == [7, 7, 7]
        with pytest.raises(ValueError):
            payments.call(int, "x")
        assert payments.acquire().source == "fallback"
        eventually("the outcomes are sent", lambda: server.asked_for("/v1/reports"))
        assert "defect" not in caplog.text


@pytest.mark.parametrize("mode", ["local", "remote"])
def test_a_closed_fusebox_decides_alone_and_logs_nothing(
    server: Server, name: str, mode: str, caplog: pytest.LogCaptureFixture
) -> None:
    fb = fusebox(server.url, mode=mode, timeout=5.0)
    payments = fb.breaker(name)
    payments.call(int)
    fb.close()
    threads = set(threading.enumerate())
    asked = fb._authority.link.asked
    assert payments.call(int, "7") == 7
    assert asyncio.run(payments.call_async(asyncio.sleep, 0, 7)) == 7
    with pytest.raises(ValueError):
        payments.call(int, "x")
    payments.give_back(payments.acquire())
    fb.flush(0.01)
    fb.close()
    assert (fb._authority.link.asked, fb.statistics.departures) == (asked, 0)
    assert set(threading.enumerate()) <= threads
    assert "Fusebox is" not in caplog.text


@pytest.mark.parametrize("document", [{"failure_threshold": "5"}, {"half_open_probes": None}, {"slow_call_ms": []}, 5])
def test_a_malformed_policy_is_refused(document: Any) -> None:
    with pytest.raises(TypeError):
        Policy.read(document)


@pytest.mark.parametrize("field", Policy._fields)
def test_the_ranges_of_a_policy_are_those_of_the_server(server: Server, name: str, field: str) -> None:
    least, most = RANGES[field]
    is_share = field.endswith("_rate_threshold")
    fields: dict[str, Any] = {"window_ms": None} if field == "window_calls" else {}
    fields = {"slow_call_ms": 5} if field == "slow_call_rate_threshold" else fields
    fields = {"recovery_timeout_ms": 100} if field == "recovery_timeout_max_ms" else fields
    for good in (0.001, most) if is_share else (least, most):
        there = server.put(name, **{**fields, field: good})["policy"]
        assert there[field] == good and Policy.read(there) == Policy.read({**there, field: float(good)})
    for bad in (least - 1, most + 1, float("nan"), float("inf"), 10**400):
        with pytest.raises(ValueError):
            Policy.read({field: bad})
    for bad in (least - 1, most + 1):
        with pytest.raises(AssertionError, match=r"400|422"):
            server.put(name, **{**fields, field: bad})


def test_the_defaults_of_a_policy_are_those_of_the_server(server: Server, name: str) -> None:
    assert Policy.read(server.put(name)["policy"]) == Policy()


def test_whole_numbers_of_a_policy_are_integers() -> None:
    policy = Policy.read({"window_calls": 5.0, "failure_rate_threshold": 0.5})
    assert isinstance(policy.window_calls, int) and policy.failure_rate_threshold == 0.5
    with pytest.raises(ValueError):
        Policy.read({"window_calls": 5.5})


@pytest.mark.parametrize("policy", [{"window_calls": -1}, {"half_open_probes": 0}, {"recovery_timeout_ms": 10**400}])
def test_an_invalid_policy_is_not_used(policy: Any, caplog: pytest.LogCaptureFixture) -> None:
    is_away = threading.Event()

    def answering(path: str, body: Any) -> Answer:
        if is_away.is_set():
            return problem(503, "unavailable")
        if path == "/v1/reports":
            return accepted(body)
        return answer({**CLOSED, "state": "half_open"} if path.endswith("/acquire") else {"policy": policy})

    with Doubtful(answering) as server, fusebox(server.url, mode="remote", timeout=5.0) as fb:
        payments = fb.breaker("payments")
        assert payments.call(int, "7") == 7
        eventually("the invalid policy is logged", lambda: "the policy of payments cannot be read" in caplog.text)
        is_away.set()
        assert [payments.call(int, "7") for _ in range(3)] == [7, 7, 7]
