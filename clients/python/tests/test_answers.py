"""A call uses the state in the previous answer, before the stream reports it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from typing import Any, Optional

import httpx
import pytest
import requests
from doubtful import POLICY, PROBE, Answer, Doubtful, answer
from downstream import Downstream
from server import Server, eventually
from test_panel import Trial, instant, outline

from fusebox import Breaker, BreakerOpen, Fusebox
from fusebox.cell import Cell
from fusebox.integrations.httpx import AsyncBreakerTransport, BreakerTransport
from fusebox.integrations.requests import BreakerAdapter
from fusebox.pybreaker import CircuitBreaker
from fusebox.standing import Standing


async def nothing() -> None:
    pass


def by_a_function(breaker: Breaker, circuit: CircuitBreaker) -> None:
    breaker.call(int)


def by_a_block(breaker: Breaker, circuit: CircuitBreaker) -> None:
    with breaker:
        pass


def by_a_coroutine(breaker: Breaker, circuit: CircuitBreaker) -> None:
    asyncio.run(breaker.call_async(nothing))


def by_a_report(breaker: Breaker, circuit: CircuitBreaker) -> None:
    decision = breaker.acquire()
    if not decision.allowed:
        raise BreakerOpen(breaker.name, decision.state, decision.retry_after)
    breaker.report("success", decision)


def by_a_circuit(breaker: Breaker, circuit: CircuitBreaker) -> None:
    circuit.call(int)


def by_a_circuits_coroutine(breaker: Breaker, circuit: CircuitBreaker) -> None:
    asyncio.run(circuit.call_async(nothing))


@pytest.mark.parametrize("mode", ["local", "remote"])
@pytest.mark.parametrize(
    "call", [by_a_function, by_a_block, by_a_coroutine, by_a_report, by_a_circuit, by_a_circuits_coroutine]
)
def test_a_call_after_a_successful_probe_of_the_same_caller_is_let_through(
    server: Server,
    make: Callable[..., Fusebox],
    name: str,
    call: Callable[[Breaker, CircuitBreaker], None],
    mode: str,
) -> None:
    server.put(name)
    fusebox = make(server, mode=mode, probe_timeout=30.0)
    payments, circuit = fusebox.breaker(name), CircuitBreaker(name=name, fusebox=fusebox)
    call(payments, circuit)
    for _ in range(15):
        server.reset(name, "half_open")
        if mode == "local":
            eventually("the half-open state is known", lambda: payments.state == "half_open")
        call(payments, circuit)
        call(payments, circuit)
        assert (payments.state, circuit.current_state) == ("closed", "closed")


async def refuse_async() -> None:
    raise ValueError


def by_a_function_that_refuses(breaker: Breaker) -> None:
    breaker.call(int, "x")


def by_a_block_that_refuses(breaker: Breaker) -> None:
    with breaker:
        raise ValueError


def by_a_coroutine_that_refuses(breaker: Breaker) -> None:
    asyncio.run(breaker.call_async(refuse_async))


@pytest.mark.parametrize("mode", ["local", "remote"])
@pytest.mark.parametrize("call", [by_a_function_that_refuses, by_a_block_that_refuses, by_a_coroutine_that_refuses])
def test_a_call_after_an_ignored_probe_of_the_same_caller_is_the_next_probe(
    server: Server, make: Callable[..., Fusebox], name: str, call: Callable[[Breaker], None], mode: str
) -> None:
    server.put(name)
    server.reset(name, "half_open")
    payments = make(server, mode=mode, probe_timeout=30.0).breaker(name, ignore=ValueError)
    for _ in range(15):
        with pytest.raises(ValueError):
            call(payments)
    assert server.state(name) == "half_open"


def get_by_httpx(fusebox: Fusebox, url: str, username: Optional[str]) -> Any:
    auth = None if username is None else httpx.DigestAuth(username, "secret")
    with httpx.Client(transport=BreakerTransport(fusebox), auth=auth, follow_redirects=True) as client:
        return client.get(url)


def get_by_httpx_in_a_coroutine(fusebox: Fusebox, url: str, username: Optional[str]) -> Any:
    auth = None if username is None else httpx.DigestAuth(username, "secret")

    async def get() -> httpx.Response:
        transport = AsyncBreakerTransport(fusebox)
        async with httpx.AsyncClient(transport=transport, auth=auth, follow_redirects=True) as client:
            return await client.get(url)

    return asyncio.run(get())


def get_by_requests(fusebox: Fusebox, url: str, username: Optional[str]) -> Any:
    auth = None if username is None else requests.auth.HTTPDigestAuth(username, "secret")
    with requests.Session() as session:
        session.mount("http://", BreakerAdapter(fusebox))
        return session.get(url, auth=auth)


@pytest.mark.parametrize("mode", ["local", "remote"])
@pytest.mark.parametrize("get", [get_by_httpx, get_by_httpx_in_a_coroutine, get_by_requests])
@pytest.mark.parametrize(
    ("username", "first"),
    [
        (None, (302, {"location": "/moved"})),
        ("me", (401, {"www-authenticate": 'Digest realm="shop", nonce="1", qop="auth"'})),
    ],
)
def test_a_request_that_needs_two_round_trips_can_be_the_probe(
    server: Server,
    make: Callable[..., Fusebox],
    downstream: Downstream,
    get: Callable[..., Any],
    username: Optional[str],
    first: Any,
    mode: str,
) -> None:
    fusebox = make(server, mode=mode, probe_timeout=30.0)
    breaker = fusebox.breaker(f"127.0.0.1:{downstream.server_port}")
    breaker.call(int)
    server.reset(breaker.name, "half_open")
    if mode == "local":
        eventually("the half-open state is known", lambda: breaker.state == "half_open")
    downstream.first = [first]
    assert get(fusebox, downstream.url, username).text == "good"
    assert len(downstream.paths) == 2


class Authority:
    """A server whose answers are ahead of its stream, which sends only the initial state."""

    def __init__(self, state: str = "half_open", generation: int = 7) -> None:
        self.began = outline("payments", state, generation=generation)
        self.acquired: dict[str, Any] = PROBE
        self.reported: dict[str, Any] = {"applied": True, "state": "closed", "generation": 10}

    def __call__(self, path: str, body: Any) -> Answer:
        if path.startswith("/v1/events"):
            return self._stream()
        if path == "/v1/reports":
            return answer({"accepted": 0, "results": [self.reported for _ in body["reports"]]})
        if path.endswith("/report"):
            return answer(self.reported)
        return answer(self.acquired if path.endswith("/acquire") else POLICY)

    def _stream(self) -> Iterator[bytes]:
        yield b"HTTP/1.1 200 X\r\n\r\n"
        event = {"type": "resync", "at": instant(0.0), "revision": 9, "breakers": [self.began]}
        yield json.dumps(event).encode() + b"\n"
        self.server.is_over.wait()

    server: Doubtful


@pytest.fixture
def authority() -> Authority:
    return Authority()


@pytest.fixture
def doubtful(authority: Authority) -> Iterator[Doubtful]:
    with Doubtful(authority) as server:
        authority.server = server
        yield server


@pytest.fixture
def local(doubtful: Doubtful) -> Iterator[Fusebox]:
    with Fusebox(doubtful.url, timeout=5.0, max_staleness=60.0) as fusebox:
        yield fusebox


def heard_of(breaker: Breaker, state: str) -> None:
    breaker._authority.foresee(breaker._cell)  # This makes the client request the stream.
    eventually(
        "the stream sends the state", lambda: breaker._cell.is_followed and breaker._cell.standing.state == state
    )


def test_the_answer_to_a_closing_probe_takes_effect_at_once(local: Fusebox) -> None:
    payments = local.breaker("payments")
    heard_of(payments, "half_open")
    payments.call(int)
    decision = payments.acquire()
    assert (decision.allowed, decision.source, decision.permit) == (True, "local", "10")
    assert payments.state == "closed"


def test_the_client_asks_the_server_after_an_answer_without_a_generation(local: Fusebox, authority: Authority) -> None:
    del authority.reported["generation"]
    payments = local.breaker("payments")
    heard_of(payments, "half_open")
    payments.call(int)
    authority.acquired = {"allowed": True, "state": "closed", "permit": "10"}
    decision = payments.acquire()
    assert (decision.allowed, decision.source, decision.permit) == (True, "server", "10")


def test_the_answer_to_an_opening_failure_takes_effect(
    local: Fusebox, authority: Authority, doubtful: Doubtful
) -> None:
    authority.began = outline("payments", "closed")
    authority.reported = {"applied": True, "state": "open", "generation": 10}
    authority.acquired = {"allowed": False, "state": "open", "retry_after_ms": 60_000, "generation": 11}
    payments = local.breaker("payments")
    heard_of(payments, "closed")
    with pytest.raises(ValueError):
        payments.call(int, "x")
    eventually("the answer arrives", lambda: payments.state == "open")
    decision = payments.acquire()
    assert (decision.allowed, decision.source) == (False, "server"), "the client does not know the recovery time"
    decision = payments.acquire()
    assert (decision.allowed, decision.source, len(doubtful.asked_for("/acquire"))) == (False, "local", 1)
    assert decision.retry_after is not None and 0 < decision.retry_after <= 60


def test_the_answer_to_an_outcome_of_a_batch_takes_effect(local: Fusebox, authority: Authority) -> None:
    authority.began = outline("payments", "closed")
    authority.reported = {"applied": False, "reason": "stale_permit", "state": "closed", "generation": 12}
    payments = local.breaker("payments")
    heard_of(payments, "closed")
    payments.call(int)
    assert local.flush(10)
    decision = payments.acquire()
    assert (decision.source, decision.permit) == ("local", "12")


def test_the_stream_notifies_listeners_of_a_change_and_its_cause(
    server: Server, make: Callable[..., Fusebox], name: str
) -> None:
    heard: list[tuple[str, Optional[str]]] = []
    server.put(name, failure_threshold=1)
    payments = make(server).breaker(name)
    payments.listen(lambda change: heard.append((change.after, change.cause)))
    eventually("the panel decides", lambda: payments.acquire().source == "local")
    for _ in range(3):
        with pytest.raises(ValueError):
            payments.call(int, "x")
        eventually("the breaker opens", lambda: payments.state == "open")
        server.reset(name, "half_open")
        eventually("the half-open state is known", lambda: payments.state == "half_open")
        payments.call(int)
        payments.call(int)
    expected = [("open", "failure_threshold"), ("half_open", "reset"), ("closed", "probes_succeeded")] * 3
    eventually("the listener gets all changes", lambda: heard == expected)


def learnt(cell: Cell) -> tuple[Optional[str], Optional[int], bool]:
    return cell.standing.state, cell.standing.generation, cell.standing.is_learnt


class TestLearning:
    """The state of a breaker after events and answers in a given order."""

    def test_an_answer_that_is_newer_than_the_panel_is_in_force_until_the_stream_catches_up(self) -> None:
        trial = Trial()
        cell = trial.panel.cell("a")
        trial.resync(1.0, outline("a", "open", open_until=instant(50.0)))
        cell.learn("closed", 12)
        assert learnt(cell) == ("closed", 12, True)
        assert cell.standing.lets_through is trial.panel.freshness
        trial.hear("transition", 2.0, **outline("a", "half_open", generation=9))
        trial.hear("heartbeat", 2.5, now=2.1)  # The clock is more exact, so the instants are translated again.
        assert learnt(cell) == ("closed", 12, True)
        trial.hear("transition", 3.0, **outline("a", "closed", generation=12))
        assert learnt(cell) == ("closed", 12, False)
        trial.hear("transition", 4.0, **outline("a", "open", generation=13))
        assert learnt(cell) == ("open", 13, False)

    @pytest.mark.parametrize("generation", [None, 6, 7])
    def test_an_answer_that_is_not_newer_changes_nothing(self, generation: Optional[int]) -> None:
        trial = Trial()
        cell = trial.panel.cell("a")
        trial.resync(1.0, outline("a"))
        cell.learn("open", generation)
        cell.learn("open", generation, is_exact=False)
        assert learnt(cell) == ("closed", 7, False)

    def test_an_answer_about_a_breaker_that_the_panel_does_not_know_changes_nothing(self) -> None:
        trial = Trial()
        cell = trial.panel.cell("a")
        trial.resync(1.0, outline("a"))
        trial.hear("deleted", 2.0, name="a", state=None)
        cell.learn("closed", 9)
        assert learnt(cell) == (None, None, False)

    def test_an_event_that_is_older_than_an_answer_changes_nothing(self) -> None:
        trial = Trial()
        cell = trial.panel.cell("a")
        trial.resync(1.0)
        cell.learn("open", 8)
        trial.hear("created", 2.0, **outline("a"))
        assert learnt(cell) == (None, None, False)
        trial.hear("transition", 3.0, **outline("a", "open", generation=8))
        assert learnt(cell) == ("open", 8, False)

    def test_an_inexact_generation_changes_nothing_while_the_state_is_the_same(self) -> None:
        trial = Trial()
        cell = trial.panel.cell("a")
        trial.resync(1.0, outline("a", "half_open"))
        cell.learn("half_open", 8, is_exact=False)
        assert learnt(cell) == ("half_open", 7, False)

    def test_a_restarted_stream_is_in_force_although_its_generations_are_lower(self) -> None:
        trial = Trial()
        cell = trial.panel.cell("a")
        trial.resync(1.0, outline("a"))
        cell.learn("closed", 12)
        trial.resync(2.0, outline("a", "open", generation=3))
        assert learnt(cell) == ("open", 3, False)

    @pytest.mark.parametrize(("mode", "stays"), [("shadow", True), ("force_open", False), ("force_closed", False)])
    def test_an_answer_ends_the_known_override_unless_it_is_a_shadow(self, mode: str, stays: bool) -> None:
        trial = Trial()
        cell = trial.panel.cell("a")
        override = {"mode": mode, "expires_at": None, "reason": "r", "actor": None}
        trial.resync(1.0, outline("a", override=override))
        cell.learn("open", 8, 60.0)
        assert cell.standing.mode(2.0) == (mode if stays else None)
        assert cell.standing.open_until == 60.0

    def test_the_state_is_unknown_until_the_next_event_after_an_inexact_generation(self) -> None:
        trial = Trial()
        cell = trial.panel.cell("a")
        trial.resync(1.0, outline("a"))
        cell.learn("open", 8, is_exact=False)
        assert isinstance(cell.standing, Standing) and learnt(cell) == (None, None, False)
        trial.hear("transition", 2.0, **outline("a", "open", generation=8))
        assert learnt(cell) == ("open", 8, False)
