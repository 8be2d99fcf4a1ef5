"""Requests of the drop-in in addition to those of its calls.

They wait no longer than a call does, and do only what their token permits.
"""

from __future__ import annotations

import logging
import re
import subprocess
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from doubtful import CLOSED, Answer, Doubtful, accepted, answer, problem
from server import BINARY, Server, eventually

from fusebox import Fusebox
from fusebox.pybreaker import CircuitBreaker, CircuitBreakerError, OrderFailed

Make = Callable[..., Fusebox]


@pytest.fixture(scope="module")
def secrets(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The secrets by role, and the path of the tokens file."""
    made, lines = {}, []
    for role in ("worker", "operator"):
        command = [BINARY, "token", "new", "--name", role, "--role", role]
        said = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout
        made[role] = re.findall(r"fbx_\w+", said)[0]
        lines.append(re.findall(rf"{role} {role} sha256:\w+", said)[0])
    file = tmp_path_factory.mktemp("tokens") / "tokens"
    file.write_text("\n".join(lines) + "\n")
    file.chmod(0o600)
    return {**made, "file": str(file)}


@pytest.fixture(scope="module")
def guarded(secrets: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that requires tokens."""
    server = Server(tmp_path_factory.mktemp("guarded"), "--tokens", secrets["file"])
    yield server
    server.close()


@pytest.fixture(params=["local", "remote"])
def worker(request: pytest.FixtureRequest, guarded: Server, secrets: dict[str, str], make: Make) -> Fusebox:
    return make(guarded, token=secrets["worker"], mode=request.param)


@pytest.fixture
def operator(guarded: Server, secrets: dict[str, str], make: Make) -> Fusebox:
    return make(guarded, token=secrets["operator"])


def failing() -> None:
    raise NotImplementedError


def test_a_worker_uses_the_servers_numbers_for_an_unknown_breaker_and_logs_it(
    worker: Fusebox, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    breaker = CircuitBreaker(fail_max=2, reset_timeout=60, name=name, fusebox=worker)
    with caplog.at_level(logging.WARNING, "fusebox"):
        for _ in range(4):
            with pytest.raises(NotImplementedError):
                breaker.call(failing)
    assert (breaker.fail_max, breaker.fail_counter, breaker.success_counter) == (5, 4, 0)
    with pytest.raises(CircuitBreakerError, match="threshold reached"):
        breaker.call(failing)
    assert (breaker.current_state, breaker.fail_counter) == ("open", 5)
    (said,) = [record.getMessage() for record in caplog.records]
    reason = "this requires an operator's token: the role worker of the token worker"
    assert said.startswith(f"{name} keeps the server's numbers, because {reason}")
    assert said.endswith("failure_threshold is 5")


@pytest.mark.parametrize(
    "order",
    [
        lambda breaker: breaker.open(),
        lambda breaker: breaker.half_open(),
        lambda breaker: breaker.close(),
        lambda breaker: setattr(breaker, "state", "open"),
        lambda breaker: setattr(breaker, "fail_max", 1),
        lambda breaker: setattr(breaker, "reset_timeout", 1),
        lambda breaker: setattr(breaker, "success_threshold", 2),
    ],
)
@pytest.mark.parametrize("is_known", [False, True])
def test_the_order_of_a_worker_is_refused_with_a_reason_and_affects_no_call(
    worker: Fusebox, operator: Fusebox, name: str, order: Callable[[CircuitBreaker], Any], is_known: bool
) -> None:
    breaker = CircuitBreaker(name=name, fusebox=worker)
    if is_known:
        breaker.call(int)
    with pytest.raises(OrderFailed, match=r"requires an operator's token.*role worker|there is no breaker") as refused:
        order(breaker)
    assert refused.value.status in (403, 404)
    assert breaker.call(int, "7") == 7
    numbers = (breaker.current_state, breaker.fail_max, breaker.reset_timeout, breaker.success_threshold)
    assert numbers == ("closed", 5, 60, 1)
    as_operator = CircuitBreaker(name=name, fusebox=operator)
    order(as_operator)
    after = (as_operator.current_state, as_operator.fail_max, as_operator.reset_timeout, as_operator.success_threshold)
    assert after != numbers or order.__code__.co_names == ("close",)


def refusing_orders(path: str, body: Any) -> Answer:
    """Refuses a policy, and leaves all other requests without an answer."""
    return problem(403, "forbidden") if body is not None and "policy" in body else None


def silent(path: str, body: Any) -> Answer:
    return None


@pytest.mark.parametrize("answering", [silent, refusing_orders])
@pytest.mark.parametrize(
    ("use", "result"),
    [
        (lambda breaker: breaker.call(int, "7"), 7),
        (lambda breaker: breaker.current_state, "closed"),
        (lambda breaker: breaker.fail_counter, 0),
    ],
)
def test_the_drop_in_waits_for_a_silent_server_no_longer_than_for_a_decision(
    name: str, answering: Any, use: Callable[[CircuitBreaker], Any], result: Any
) -> None:
    with Doubtful(answering) as server, Fusebox(server.url, mode="remote", timeout=0.1) as fb:
        breaker = CircuitBreaker(fail_max=3, name=name, fusebox=fb)
        began = time.monotonic()
        assert use(breaker) == result
        assert time.monotonic() - began < 1.5, "the time-out of an order is two seconds"
        assert breaker.call(int, "7") == 7
        # The drop-in sends no request before the next attempt is due.
        fb._authority.reach.failed("a test", time.monotonic())
        fb._authority.reach._retry_at = time.monotonic() + 1_000
        asked = len(server.asked_for("/v1/breakers"))
        for _ in range(50):
            assert use(breaker) == result
        assert len(server.asked_for("/v1/breakers")) == asked


def test_a_read_of_a_counter_detects_that_the_server_is_reachable_again(
    own_server: Server, make: Make, name: str
) -> None:
    breaker = CircuitBreaker(fail_max=3, name=name, fusebox=make(own_server, mode="remote"))
    with pytest.raises(NotImplementedError):
        breaker.call(failing)
    own_server.kill()
    assert breaker.fail_counter == 0
    own_server.start()
    assert eventually("the server is asked again", lambda: breaker.fail_counter) == 1


#: The answer to a request for a breaker.
VIEW: dict[str, Any] = {
    **{"state": "closed", "generation": 7, "policy": {}, "override": None, "last_transition": None},
    **{"counts": {"consecutive_failures": 3}, "probes": {"successes": 0}},
}


@pytest.mark.parametrize(
    "garbage",
    [
        *(None, 5, [], {}, "x", {"policy": None}, {"policy": {}}, {**VIEW, "state": "ajar"}),
        *({**VIEW, "generation": "7"}, {**VIEW, "counts": {}}),
        *({**VIEW, "policy": {"failure_threshold": "5"}}, {**VIEW, "override": 1}, {**VIEW, "last_transition": {}}),
    ],
)
def test_a_malformed_answer_fails_no_guarded_call(name: str, garbage: Any) -> None:
    def answering(path: str, body: Any) -> Answer:
        if path == "/v1/reports":
            return accepted(body, "ajar")
        return answer(CLOSED if path.endswith("/acquire") else garbage)

    with Doubtful(answering) as server, Fusebox(server.url, mode="remote", timeout=5.0) as fb:
        breaker = CircuitBreaker(name=name, fusebox=fb)
        assert [breaker.call(int, "7") for _ in range(3)] == [7, 7, 7]
        with pytest.raises(NotImplementedError):
            breaker.call(failing)
        assert (breaker.current_state, breaker.fail_counter, breaker.success_counter) == ("closed", 0, 0)
        with pytest.raises(OrderFailed, match="not as expected"):
            breaker.close()


def test_a_decision_with_an_unknown_state_fails_no_guarded_call(name: str) -> None:
    def answering(path: str, body: Any) -> Answer:
        return answer({**CLOSED, "state": "ajar"} if path.endswith("/acquire") else VIEW)

    with Doubtful(answering) as server, Fusebox(server.url, mode="remote", timeout=5.0) as fb:
        breaker = CircuitBreaker(name=name, fusebox=fb)
        assert breaker.call(int, "7") == 7
        assert breaker.current_state == "closed"


def test_a_read_of_a_counter_leaves_the_next_attempt_for_a_decision_to_calls(name: str) -> None:
    decisions = iter([problem(503, "storage_unavailable")])

    def answering(path: str, body: Any) -> Answer:
        if path == "/v1/reports":
            return problem(503, "storage_unavailable")
        return next(decisions, answer(CLOSED)) if path.endswith("/acquire") else answer(VIEW)

    with Doubtful(answering) as server, Fusebox(server.url, mode="remote", timeout=0.2) as fb:
        breaker = CircuitBreaker(name=name, fusebox=fb)
        with pytest.raises(NotImplementedError):
            breaker.call(failing)
        assert fb.is_away

        def is_decided() -> bool:
            assert breaker.fail_counter in (0, 3)
            return breaker.breaker.acquire().source == "server"

        eventually("a call is decided", is_decided)


def test_a_failed_request_for_the_numbers_is_not_repeated_by_each_call(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fusebox.pybreaker.settings.AGAIN", 1_000.0)
    refusals = iter([503])

    def answering(path: str, body: Any) -> Answer:
        if path == "/v1/reports":
            return accepted(body)
        if path.endswith("/acquire"):
            return answer(CLOSED)
        return problem(503, "storage_unavailable") if next(refusals, None) else answer(VIEW)

    with Doubtful(answering) as server, Fusebox(server.url, mode="remote", timeout=5.0) as fb:
        breaker = CircuitBreaker(fail_max=3, name=name, fusebox=fb)

        def asked() -> int:
            return sum(body is not None and "policy" in body for _, body in list(server.asked))

        assert [breaker.call(int, "7") for _ in range(10)] == [7] * 10
        assert asked() == 1
        breaker._numbers._not_before = 0.0
        assert [breaker.call(int, "7") for _ in range(10)] == [7] * 10
        assert (asked(), breaker.fail_max) == (2, 5)
