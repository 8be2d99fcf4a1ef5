"""Invalid arguments are refused where they are passed."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Callable
from typing import Any

import pytest
from server import Server

from fusebox import CachedFallback, Fusebox, MemoryStore
from fusebox.integrations.httpx import AsyncBreakerTransport, BreakerTransport
from fusebox.integrations.requests import BreakerAdapter
from fusebox.pybreaker import CircuitBreaker


@pytest.mark.parametrize("outcome", ["Failure", "failed", "", None, True, ["failure"]])
def test_an_unknown_outcome_is_refused_and_the_caller_keeps_its_probe(
    server: Server, remote: Fusebox, name: str, outcome: Any
) -> None:
    server.put(name)
    server.reset(name, "half_open")
    payments = remote.breaker(name)
    decision = payments.acquire()
    assert decision.is_probe
    with pytest.raises(ValueError, match=r"outcome must be one of .*'success', 'failure', 'ignored'"):
        payments.report(outcome, decision)
    with pytest.raises(ValueError, match="outcome must be one of"):
        asyncio.run(payments.report_async(outcome, decision))
    assert server.state(name) == "half_open"
    payments.report("success", decision)
    assert server.state(name) == "closed"


@pytest.mark.parametrize("decision", ["7", ("success",), 7])
def test_a_decision_that_acquire_did_not_return_is_refused(remote: Fusebox, name: str, decision: Any) -> None:
    with pytest.raises(TypeError, match=r"decision must be a result of acquire\(\)"):
        remote.breaker(name).report("failure", decision)


def test_a_negative_duration_is_omitted_and_the_outcome_counts(server: Server, remote: Fusebox, name: str) -> None:
    server.put_counting(name)
    remote.breaker(name).report("failure", duration=-1.5)
    assert server.counted(name) == (1, 1)
    assert server.breaker(name)["last_failure"]["duration_ms"] is None


def test_a_listener_that_cannot_be_called_is_refused(remote: Fusebox, name: str) -> None:
    nothing: Any = None
    for listen in (remote.listen, remote.breaker(name).listen):
        with pytest.raises(TypeError, match="listener must be a function"):
            listen(nothing)


def test_an_exclusion_that_is_neither_class_nor_function_is_refused(remote: Fusebox, name: str) -> None:
    wrong: Any = "ValueError"
    with pytest.raises(TypeError, match="can be excluded, not 'ValueError'"):
        CircuitBreaker(name=name, fusebox=remote, exclude=[KeyError, wrong])
    circuit = CircuitBreaker(name=name, fusebox=remote)
    for add in (circuit.add_excluded_exception, circuit.add_excluded_exceptions):
        with pytest.raises(TypeError, match="can be excluded"):
            add(wrong)
    assert circuit.excluded_exceptions == ()


@pytest.mark.parametrize("made", [BreakerTransport, AsyncBreakerTransport, BreakerAdapter])
@pytest.mark.parametrize("option", [{"failures": 503}, {"ignore": "x"}, {"failed": 500}, {"route": "payments"}])
def test_an_invalid_option_of_a_transport_is_refused_before_the_first_request(
    remote: Fusebox, made: Any, option: dict[str, Any]
) -> None:
    with pytest.raises(TypeError, match=next(iter(option))):
        made(remote, **option)


def one(amount: int) -> int:
    return amount


def two(amount: int, currency: str = "EUR") -> int:
    return amount


def named(*, amount: int) -> int:
    return amount


class Shop:
    def instead(self, amount: int) -> int:
        return 0

    def __call__(self) -> int:
        return 0


async def later(amount: int) -> int:
    return amount


WRONG: list[tuple[Callable[..., Any], Any]] = [
    (one, lambda: 0),
    (one, lambda amount, currency: 0),
    (one, named),
    (one, lambda error: 0),
    (one, lambda amount, error, /: 0),
    (one, functools.partial(one, 7)),
    (one, Shop()),
    (two, one),
    (named, lambda *, total: 0),
    (named, lambda amount, /: 0),
    (later, lambda: 0),
    (one, later),
    (one, CachedFallback(MemoryStore(), key=lambda: "")),
    (one, CachedFallback(MemoryStore(), otherwise=lambda: 0)),
    (functools.partial(two, 7), lambda: 0),
]


@pytest.mark.parametrize(("function", "fallback"), WRONG)
def test_a_fallback_that_does_not_fit_the_function_is_refused_by_the_decorator(
    remote: Fusebox, name: str, function: Any, fallback: Any
) -> None:
    with pytest.raises(TypeError, match=r"cannot be called as .* can|is a coroutine function"):
        remote.breaker(name, fallback=fallback)(function)


FITTING: list[tuple[Callable[..., Any], Any]] = [
    (one, lambda value: 0),
    (one, lambda *args, **kwargs: 0),
    (one, lambda amount, error: 0),
    (one, lambda amount, *, error: 0),
    (one, lambda amount, more=0: 0),
    (one, Shop().instead),
    (one, functools.partial(two, currency="USD")),
    (one, str),
    (one, int),
    (one, "n/a"),
    (two, two),
    (named, named),
    (named, one),
    (named, lambda **kwargs: 0),
    (later, later),
    (later, one),
    (print, one),
    (max, lambda: 0),
    (lambda *args: 0, one),
    (one, CachedFallback(MemoryStore(), key=str)),
]


@pytest.mark.parametrize(("function", "fallback"), FITTING)
def test_a_fallback_that_fits_the_function_is_accepted(
    remote: Fusebox, name: str, function: Any, fallback: Any
) -> None:
    remote.breaker(name, fallback=fallback)(function)


@pytest.mark.parametrize(
    ("fallback", "arguments"),
    [
        (lambda: 0, {"args": (7,)}),
        (lambda total: 0, {"kwargs": {"amount": 7}}),
        (CachedFallback(MemoryStore(), key=lambda: ""), {"args": (7,)}),
        (CachedFallback(MemoryStore(), otherwise=lambda: 0), {"args": (7,)}),
    ],
)
def test_a_call_whose_arguments_do_not_fit_the_fallback_is_refused_although_it_would_succeed(
    server: Server, remote: Fusebox, name: str, fallback: Any, arguments: dict[str, Any]
) -> None:
    payments = remote.breaker(name, fallback=fallback)
    server.put(name)
    server.reset(name, "half_open")
    args, kwargs = arguments.get("args", ()), arguments.get("kwargs", {})
    for _ in range(2):
        with pytest.raises(TypeError, match="cannot be called with the arguments of this call"):
            payments.call(one, *args, **kwargs)
        with pytest.raises(TypeError, match="cannot be called with the arguments of this call"):
            asyncio.run(payments.call_async(later, *args, **kwargs))
    assert server.breaker(name)["probes"]["in_flight"] == 0


def test_a_coroutine_function_is_refused_as_a_fallback_for_a_synchronous_call(remote: Fusebox, name: str) -> None:
    with pytest.raises(TypeError, match="coroutine function"):
        remote.breaker(name, fallback=later).call(one, 7)


def test_a_key_that_cannot_be_called_is_refused() -> None:
    with pytest.raises(TypeError, match="key must be a function"):
        CachedFallback(MemoryStore(), key="user_id")  # type: ignore[arg-type]
