"""Fusebox and the downstream fail together: the local breaker of each process counts from the stream's end."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Optional

import pytest
from server import Server, eventually

from fusebox import Breaker, BreakerOpen, Fusebox
from fusebox.follower import Follower
from fusebox.pybreaker import CircuitBreaker, CircuitBreakerError

Make = Callable[..., Fusebox]

#: The time in seconds for which the panel is trusted. It is longer than any test takes.
FOR_LONG = 600.0


def refuse() -> None:
    raise ConnectionError


def followed(breaker: Breaker) -> None:
    eventually("the panel decides", lambda: breaker.acquire().source == "local")
    eventually("the policy is known", lambda: breaker._cell.policy is not None)


def broken(breaker: Breaker) -> None:
    eventually("the end of the stream is known", lambda: not breaker._cell.is_followed)


def let_through(breaker: Breaker, error: type[Exception] = ConnectionError) -> int:
    """Makes a hundred calls, each of which fails, and returns how many the breaker lets through."""
    count = 0
    for _ in range(100):
        try:
            breaker.call(refuse)
        except BreakerOpen:
            pass
        except error:
            count += 1
    return count


@pytest.mark.parametrize(("unreachable", "calls"), [("local", 5), ("deny", 5), ("allow", 100)])
def test_the_rule_limits_calls_although_the_panel_is_still_trusted(
    own_server: Server, make: Make, name: str, unreachable: str, calls: int
) -> None:
    fb = make(own_server, max_staleness=FOR_LONG, unreachable=unreachable)
    payments = fb.breaker(name)
    followed(payments)
    own_server.kill()
    broken(payments)
    assert payments.acquire().source == "local", "the panel is still trusted"
    assert let_through(payments) == calls
    assert payments.state == ("closed" if unreachable == "allow" else "open")


@pytest.mark.parametrize(("unreachable", "allowed"), [("local", False), ("deny", False), ("allow", True)])
def test_calls_in_flight_count_when_the_stream_breaks(
    own_server: Server, make: Make, name: str, unreachable: str, allowed: bool
) -> None:
    fb = make(own_server, max_staleness=FOR_LONG, unreachable=unreachable)
    payments = fb.breaker(name)
    followed(payments)
    under_way = [payments.acquire() for _ in range(5)]
    assert {decision.source for decision in under_way} == {"local"}
    own_server.kill()
    broken(payments)
    for decision in under_way:
        payments.report("failure", decision)
    assert payments.acquire().allowed is allowed


def test_calls_in_flight_count_when_fusebox_becomes_unreachable(own_server: Server, make: Make, name: str) -> None:
    payments = make(own_server, mode="remote").breaker(name)
    under_way = [payments.acquire() for _ in range(5)]
    own_server.kill()
    last = payments.acquire()
    assert (last.allowed, last.source) == (True, "fallback")
    for decision in under_way:
        payments.report("failure", decision)
    assert not payments.acquire().allowed


def test_the_rule_limits_coroutines_and_circuit_breakers(own_server: Server, make: Make, name: str) -> None:
    fb = make(own_server, max_staleness=FOR_LONG)
    payments, circuit = fb.breaker(name), CircuitBreaker(name=name, fusebox=fb)
    circuit.call(int)
    followed(payments)
    own_server.kill()
    broken(payments)

    async def refuse_async() -> None:
        raise ConnectionError

    for _ in range(2):
        with pytest.raises(ConnectionError):
            asyncio.run(payments.call_async(refuse_async))
    for _ in range(2):
        with pytest.raises(ConnectionError):
            circuit.call(refuse)
    with pytest.raises(CircuitBreakerError, match="opened"):
        circuit.call(refuse)
    with pytest.raises(BreakerOpen):
        payments.call(int)


def test_successful_calls_continue_and_count(own_server: Server, make: Make, name: str) -> None:
    own_server.put_counting(name)
    fb = make(own_server, max_staleness=FOR_LONG)
    payments = fb.breaker(name)
    followed(payments)
    own_server.kill()
    broken(payments)
    for _ in range(20):
        payments.call(int)
    assert fb.statistics.decisions_alone == 0
    own_server.start()
    assert eventually("all reports are sent", lambda: fb.flush(5))
    assert own_server.counted(name) == (20, 0)


def test_a_breaker_that_an_operator_forces_closed_stays_closed(own_server: Server, make: Make, name: str) -> None:
    payments = make(own_server, max_staleness=FOR_LONG).breaker(name)
    followed(payments)
    own_server.override(name, "force_closed")
    eventually("the override is known", lambda: payments._cell.standing.override is not None)
    own_server.kill()
    broken(payments)
    assert let_through(payments) == 100


def test_the_panel_alone_decides_once_the_stream_is_restored(own_server: Server, make: Make, name: str) -> None:
    heard: list[tuple[Optional[str], str, str]] = []
    own_server.put(name, failure_threshold=10)
    payments = make(own_server, max_staleness=FOR_LONG).breaker(name)
    payments.listen(lambda change: heard.append((change.before, change.after, change.source)))
    followed(payments)
    own_server.kill()
    broken(payments)
    assert let_through(payments) == 10
    assert heard == [("closed", "open", "fallback")]
    own_server.start()
    own_server.reset(name)
    eventually("the stream is restored", lambda: payments._cell.is_followed)
    assert (payments.acquire().source, payments.state) == ("local", "closed")


def test_the_count_continues_when_fusebox_becomes_unreachable(own_server: Server, make: Make, name: str) -> None:
    payments = make(own_server, max_staleness=FOR_LONG).breaker(name)
    followed(payments)
    own_server.kill()
    broken(payments)
    for _ in range(3):
        with pytest.raises(ConnectionError):
            payments.call(refuse)
    payments._authority.panel.freshness.expire()
    assert payments.acquire().source == "fallback", "the server does not answer"
    assert let_through(payments) == 2


def test_the_count_restarts_with_each_break_of_the_stream(own_server: Server, make: Make, name: str) -> None:
    own_server.put(name, failure_threshold=5)
    payments = make(own_server, max_staleness=FOR_LONG).breaker(name)
    followed(payments)
    for _ in range(2):
        own_server.kill()
        broken(payments)
        for _ in range(3):
            with pytest.raises(ConnectionError):
                payments.call(refuse)
        own_server.start()
        own_server.reset(name)
        eventually("the stream is restored", lambda: payments._cell.is_followed)


@pytest.mark.parametrize(("max_staleness", "silence"), [(5.0, 2.5), (60.0, 30.0), (0.5, 1.25)])
def test_a_silent_stream_counts_as_broken_before_the_panel_is_stale(max_staleness: float, silence: float) -> None:
    anything: Any = None
    assert Follower(anything, anything, anything, max_staleness)._silence == silence
