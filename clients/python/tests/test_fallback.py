"""The fallback of a call that is denied or fails."""

from __future__ import annotations

import asyncio
import functools
import itertools
import pickle
import sys
import time
from typing import Any, Optional

import pytest
from server import Server

from fusebox import BreakerOpen, Cached, CachedFallback, Fusebox, MemoryStore, RedisStore

if sys.version_info < (3, 11):
    from exceptiongroup import BaseExceptionGroup  # A dependency of pytest.


class Provider:
    """A downstream that a test can break."""

    def __init__(self) -> None:
        self.error: Optional[Exception] = None

    def price(self, item: str) -> str:
        if self.error is not None:
            raise self.error
        return f"price of {item}"

    async def price_async(self, item: str) -> str:
        return self.price(item)


@pytest.mark.parametrize("value", [None, 0, "n/a"])
def test_a_fallback_value_replaces_a_denied_and_a_failed_call(
    server: Server, remote: Fusebox, name: str, value: Any
) -> None:
    payments = remote.breaker(name, fallback=value)
    assert payments.call(int, "7") == 7
    assert payments.served is None
    assert payments.call(int, "x") == value
    assert payments.served is not None and isinstance(payments.served.error, ValueError)
    server.trip(name)
    assert payments.call(int, "7") == value
    assert payments.served.source == "fallback" and isinstance(payments.served.error, BreakerOpen)


def test_a_fallback_function_gets_the_arguments_and_on_request_the_error(remote: Fusebox, name: str) -> None:
    def plain(text: str) -> str:
        return f"instead of {text}"

    def curious(text: str, error: BaseException) -> str:
        return f"{text}: {type(error).__name__}"

    instead: Any = remote.breaker(name, fallback=plain).call(int, "x")
    assert instead == "instead of x"
    instead = remote.breaker(name, fallback=curious).call(int, "x")
    assert instead == "x: ValueError"


def test_a_coroutine_function_is_a_fallback_only_for_coroutines(remote: Fusebox, name: str) -> None:
    async def instead(text: str) -> str:
        await asyncio.sleep(0)
        return f"instead of {text}"

    async def fails(text: str) -> str:
        raise ValueError(text)

    payments = remote.breaker(name, fallback=instead)
    assert asyncio.run(payments.call_async(fails, "x")) == "instead of x"
    with pytest.raises(TypeError, match="coroutine function"):
        payments.call(int, "x")


def test_an_ignored_exception_has_no_fallback(remote: Fusebox, name: str) -> None:
    with pytest.raises(ValueError):
        remote.breaker(name, ignore=ValueError, fallback=0).call(int, "x")


@pytest.mark.parametrize("outside", [KeyboardInterrupt(), asyncio.CancelledError()])
@pytest.mark.parametrize("is_within", [False, True])
def test_a_fallback_does_not_hide_an_interruption_or_a_cancellation(
    server: Server, remote: Fusebox, name: str, outside: BaseException, is_within: bool
) -> None:
    server.put_counting(name)
    payments = remote.breaker(name, fallback="n/a")
    outer = remote.breaker(name)

    def fail() -> None:
        raise BaseExceptionGroup("several", [TimeoutError(), outside])

    async def fail_async() -> None:
        fail()

    with pytest.raises(BaseExceptionGroup):
        outer.call(payments.call, fail) if is_within else payments.call(fail)

    async def main() -> None:
        call = payments.call_async(fail_async)
        await (outer.call_async(lambda: call) if is_within else call)

    with pytest.raises(BaseExceptionGroup):
        asyncio.run(main())
    assert remote.flush(5)
    assert server.counted(name) == (2, 2)


def test_a_fallback_replaces_a_result_that_counts_as_a_failure(server: Server, remote: Fusebox, name: str) -> None:
    payments = remote.breaker(name, failed=lambda status: status >= 500, fallback=200)
    assert payments.call(int, "404") == 404
    assert payments.call(int, "503") == 200
    assert server.breaker(name)["counts"]["failures"] == 1


@pytest.mark.parametrize("in_async", [False, True])
def test_the_last_good_result_replaces_failed_and_denied_calls(
    server: Server, remote: Fusebox, name: str, in_async: bool
) -> None:
    provider = Provider()
    payments = remote.breaker(name, fallback=CachedFallback(MemoryStore(), key=lambda item: item))

    def price(item: str) -> tuple[str, Optional[str]]:
        if not in_async:
            result = payments.call(provider.price, item)
            return result, payments.served and payments.served.source

        async def main() -> tuple[str, Optional[str]]:
            result = await payments.call_async(provider.price_async, item)
            return result, payments.served and payments.served.source

        return asyncio.run(main())

    assert price("tea") == ("price of tea", None)
    provider.error = ConnectionError()
    for _ in range(7):  # Five calls fail, and two are denied.
        assert price("tea") == ("price of tea", "cache")
    assert server.state(name) == "open"
    with pytest.raises(BreakerOpen):
        price("coffee")


def test_a_cached_result_has_an_age_and_is_removed_after_its_ttl(remote: Fusebox, name: str) -> None:
    provider = Provider()
    store = MemoryStore()
    payments = remote.breaker(name, fallback=CachedFallback(store, ttl=3_600, key=str))
    assert payments.call(provider.price, "tea")
    provider.error = ConnectionError()
    payments.call(provider.price, "tea")
    assert payments.served is not None and payments.served.age is not None and 0 <= payments.served.age < 3_600
    for key, (cached, until) in store._entries.items():
        assert until > time.monotonic() + 3_000
        store._entries[key] = cached, time.monotonic()
    with pytest.raises((ConnectionError, BreakerOpen)):
        payments.call(provider.price, "tea")
    assert len(store) == 0


def test_a_cache_without_a_key_function_refuses_arguments_that_are_not_plain(remote: Fusebox, name: str) -> None:
    payments = remote.breaker(name, fallback=CachedFallback(MemoryStore()))
    assert payments.call(divmod, 7, 2) == (3, 1)
    with pytest.raises(TypeError, match="needs key=, because argument 0 is a list"):
        payments.call(sum, [1, 2])


@pytest.mark.parametrize(
    "function",
    [
        (lambda user: lambda: user)("ann"),
        lambda user="ann": user,
        Provider().price,
        "tea".upper,
        functools.partial(str, "tea"),
    ],
    ids=["closure", "default", "method", "method in C", "partial"],
)
def test_a_cache_without_a_key_function_refuses_functions_with_state(remote: Fusebox, name: str, function: Any) -> None:
    payments = remote.breaker(name, fallback=CachedFallback(MemoryStore()))
    arguments = ["tea"] if getattr(function, "__name__", "") == "price" else []
    with pytest.raises(TypeError, match=r"needs key=, because .* may depend on more than its arguments"):
        payments.call(function, *arguments)


@pytest.mark.parametrize("key", [None, str])
def test_two_functions_do_not_share_results(remote: Fusebox, name: str, key: Any) -> None:
    payments = remote.breaker(name, fallback=CachedFallback(MemoryStore(), key=key))
    assert payments.call(int, "7") == 7
    with pytest.raises(ValueError):
        payments.call(fails, "7")


def fails(text: str) -> str:
    raise ValueError(text)


def test_another_fallback_replaces_a_call_without_a_cached_result(remote: Fusebox, name: str) -> None:
    payments = remote.breaker(name, fallback=CachedFallback(MemoryStore(), otherwise="n/a"))
    instead: Any = payments.call(int, "x")
    assert instead == "n/a"


def test_a_memory_store_keeps_the_most_recently_used_results() -> None:
    store = MemoryStore(size=2)
    for key in ("a", "b"):
        store.put(key, Cached(key, 0.0), 60)
    assert store.get("a") == Cached("a", 0.0)
    store.put("c", Cached("c", 0.0), 60)
    assert [store.get(key) is None for key in ("a", "b", "c")] == [False, True, False]


class BrokenStore:
    blocks = False

    def get(self, key: str) -> Optional[Cached]:
        raise OSError("no store")

    def put(self, key: str, cached: Cached, ttl: float) -> None:
        raise OSError("no store")


def test_a_store_that_fails_is_treated_as_empty(remote: Fusebox, name: str, caplog: pytest.LogCaptureFixture) -> None:
    payments = remote.breaker(name, fallback=CachedFallback(BrokenStore()))
    assert payments.call(int, "7") == 7
    with pytest.raises(ValueError):
        payments.call(int, "x")
    assert caplog.text.count("the store of last good results fails") == 1


class FullStore(BrokenStore):
    """Accepts every other result."""

    def __init__(self) -> None:
        self._turns = itertools.cycle([True, False])

    def put(self, key: str, cached: Cached, ttl: float) -> None:
        if next(self._turns):
            super().put(key, cached, ttl)


def test_a_store_that_fails_repeatedly_is_logged_once(
    remote: Fusebox, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    payments = remote.breaker(name, fallback=CachedFallback(FullStore()))
    assert [payments.call(int, "7") for _ in range(10)] == [7] * 10
    assert caplog.text.count("the store of last good results fails") == 1


@pytest.mark.parametrize("decode_responses", [False, True])
def test_a_redis_store_keeps_results_for_all_processes(
    remote: Fusebox, name: str, redis_port: int, decode_responses: bool
) -> None:
    redis = pytest.importorskip("redis")
    with redis.Redis(port=redis_port, decode_responses=decode_responses) as client:
        provider = Provider()
        payments = remote.breaker(name, fallback=CachedFallback(RedisStore(client), ttl=60, key=str))
        assert payments.call(provider.price, "tea") == "price of tea"
        provider.error = ConnectionError()
        assert payments.call(provider.price, "tea") == "price of tea"
        assert payments.served is not None and payments.served.source == "cache"
        (key,) = client.keys(f"fusebox:cached:{name}:*")
        assert 0 < client.pttl(key) <= 60_000


def test_a_redis_store_keeps_any_value_that_can_be_serialized(remote: Fusebox, name: str, redis_port: int) -> None:
    redis = pytest.importorskip("redis")
    with redis.Redis(port=redis_port) as client:
        store = RedisStore(client, dumps=pickle.dumps, loads=pickle.loads)
        payments = remote.breaker(name, fallback=CachedFallback(store, key=lambda: ""))
        good: Optional[set[int]] = {1, 2}

        async def numbers() -> set[int]:
            if good is None:
                raise ConnectionError
            return good

        assert asyncio.run(payments.call_async(numbers)) == {1, 2}
        good = None
        assert asyncio.run(payments.call_async(numbers)) == {1, 2}
