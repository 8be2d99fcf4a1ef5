"""The ways to make a protected call in remote mode, in which the server decides each call."""

from __future__ import annotations

import asyncio
import inspect
import pickle
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from server import Server

from fusebox import Breaker, BreakerOpen, Fusebox


def test_a_decorated_function_keeps_its_result_its_name_and_its_arguments(remote: Fusebox, name: str) -> None:
    @remote.breaker(name)
    def charge(amount: int, *, currency: str = "EUR") -> str:
        """Charges."""
        return f"{amount} {currency}"

    assert charge(3, currency="CHF") == "3 CHF"
    assert charge.__name__ == "charge" and charge.__doc__ == "Charges."


def test_a_decorated_coroutine_function_is_a_coroutine_function(server: Server, remote: Fusebox, name: str) -> None:
    @remote.breaker(name)
    async def charge(amount: int) -> int:
        await asyncio.sleep(0)
        return amount

    assert inspect.iscoroutinefunction(charge)
    assert asyncio.run(charge(3)) == 3
    assert server.breaker(name)["counts"]["calls"] == 1


def test_methods_can_be_protected(server: Server, remote: Fusebox, name: str) -> None:
    payments = remote.breaker(name)

    class Provider:
        fee = 2

        @payments
        def charge(self, amount: int) -> int:
            return amount + self.fee

        @staticmethod
        @payments
        def ping() -> str:
            return "pong"

        @payments
        async def refund(self, amount: int) -> int:
            return amount - self.fee

    assert Provider().charge(1) == 3
    assert Provider.ping() == "pong"
    assert asyncio.run(Provider().refund(3)) == 1
    assert server.breaker(name)["counts"]["calls"] == 3


def generator() -> Iterator[int]:
    yield 1


async def async_generator() -> AsyncIterator[int]:
    yield 1


@pytest.mark.parametrize(
    ("function", "reason"),
    [
        (generator, "generator"),
        (async_generator, "generator"),
        (dict, "class"),
        (staticmethod(generator), "below"),
        (3, "3"),
    ],
)
def test_an_object_that_is_not_a_plain_function_is_refused_by_the_decorator(
    remote: Fusebox, name: str, function: Any, reason: str
) -> None:
    with pytest.raises(TypeError, match=reason):
        remote.breaker(name)(function)


def test_call_refuses_a_coroutine_function(remote: Fusebox, name: str) -> None:
    async def charge() -> None: ...

    with pytest.raises(TypeError, match="call_async"):
        remote.breaker(name).call(charge)  # type: ignore[unused-coroutine]


def test_call_and_call_async_pass_arguments_on(server: Server, remote: Fusebox, name: str) -> None:
    payments = remote.breaker(name)

    async def charge(amount: int, fee: int) -> int:
        return amount + fee

    assert payments.call(divmod, 7, 2) == (3, 1)
    assert asyncio.run(payments.call_async(charge, 1, fee=2)) == 3
    assert server.breaker(name)["counts"]["calls"] == 2


def test_a_block_counts_as_a_call(server: Server, remote: Fusebox, name: str) -> None:
    payments = remote.breaker(name)
    with payments as call:
        assert call.decision.allowed
    with pytest.raises(ValueError), payments:
        raise ValueError
    with payments as call:
        call.fail("http_503")
    with payments as call:
        call.ignore()
    assert server.breaker(name)["counts"]["calls"] == 3
    kinds = [failure["kind"] for failure in server.ask("GET", f"/v1/breakers/{name}/failures")["failures"]]
    assert kinds == ["http_503", "value_error"]


def test_interleaved_blocks_of_tasks_are_independent(server: Server, remote: Fusebox, name: str) -> None:
    payments, other = remote.breaker(name), remote.breaker(f"{name}-other")

    async def work(number: int) -> None:
        async with payments as outer:
            await asyncio.sleep(0.001 * (number % 3))
            async with other:
                await asyncio.sleep(0.001 * (number % 2))
            if number % 2:
                outer.fail()

    async def main() -> None:
        await asyncio.gather(*(work(number) for number in range(4)))

    server.put(name, failure_threshold=None)
    asyncio.run(main())
    assert (server.counted(name), server.counted(other.name)) == ((4, 2), (4, 0))


def test_blocks_of_two_breakers_may_be_left_in_any_order(server: Server, remote: Fusebox, name: str) -> None:
    first, second = remote.breaker(name), remote.breaker(f"{name}-other")
    first.__enter__().fail("of_first")
    second.__enter__().fail("of_second")
    second.__enter__().ignore()
    first.__exit__(None, None, None)
    second.__exit__(None, None, None)
    second.__exit__(None, None, None)
    assert server.breaker(first.name)["last_failure"]["kind"] == "of_first"
    assert server.breaker(second.name)["last_failure"]["kind"] == "of_second"
    assert server.counted(second.name) == (1, 1)


def test_the_error_for_a_block_left_in_another_context_suggests_guard(remote: Fusebox, name: str) -> None:
    payments = remote.breaker(name)
    with pytest.raises(RuntimeError, match="guard"):
        payments.__exit__(None, None, None)


def test_guards_in_interleaved_generators_are_independent(server: Server, remote: Fusebox, name: str) -> None:
    payments = remote.breaker(name)

    def pieces(number: int) -> Iterator[int]:
        with payments.guard() as call:
            yield number
            call.fail()

    first, second = pieces(1), pieces(2)
    assert next(first) + next(second) == 3
    assert list(first) == list(second) == []
    assert server.breaker(name)["counts"]["failures"] == 2


@pytest.fixture
def opened(server: Server, remote: Fusebox, name: str) -> Breaker:
    server.trip(name)
    return remote.breaker(name)


def test_a_denied_call_is_not_made_and_its_error_says_when_to_retry(opened: Breaker, name: str) -> None:
    with pytest.raises(BreakerOpen) as denied:
        opened.call(pytest.fail, "the call was made")
    assert (denied.value.breaker, denied.value.state) == (name, "open")
    assert denied.value.retry_after is not None and 50 < denied.value.retry_after <= 60
    copy = pickle.loads(pickle.dumps(denied.value))
    assert (str(copy), copy.retry_after) == (str(denied.value), denied.value.retry_after)


def test_an_open_breaker_denies_blocks_and_coroutines(opened: Breaker) -> None:
    async def charge() -> None:
        pytest.fail("the call was made")

    async def block() -> None:
        async with opened:
            pytest.fail("the block was entered")

    with pytest.raises(BreakerOpen), opened:
        pytest.fail("the block was entered")
    with pytest.raises(BreakerOpen):
        asyncio.run(opened.call_async(charge))
    with pytest.raises(BreakerOpen):
        asyncio.run(block())


def test_a_caller_can_acquire_and_report_by_hand(server: Server, remote: Fusebox, name: str) -> None:
    payments = remote.breaker(name)
    decision = payments.acquire()
    assert (decision.allowed, decision.state, decision.source) == (True, "closed", "server")
    assert decision.permit is not None
    payments.report("failure", decision, kind="timeout", duration=1.25)
    asyncio.run(payments.report_async("success", asyncio.run(payments.acquire_async())))
    failure = server.breaker(name)["last_failure"]
    assert (failure["kind"], failure["duration_ms"], failure["reporter"]) == ("timeout", 1250, "test")
    assert server.breaker(name)["counts"]["calls"] == 2


@pytest.mark.parametrize("bad", ["", "-x", "a b", "x" * 129, "ä", None])
def test_the_client_refuses_a_name_that_the_server_would_refuse(remote: Fusebox, bad: Any) -> None:
    with pytest.raises(ValueError, match="name must be"):
        remote.breaker(bad)


@pytest.mark.parametrize(
    "option",
    [{"mode": "both"}, {"unreachable": "yes"}, {"timeout": 0}, {"max_staleness": -1}, {"buffer": 0}, {"url": "x"}],
)
def test_the_error_for_an_invalid_option_names_the_option(option: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=f"{next(iter(option))} must be"):
        Fusebox(**option)
