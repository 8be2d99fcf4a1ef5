"""Calls that return an awaitable or a future, which is judged when it ends."""

from __future__ import annotations

import asyncio
import concurrent.futures
import functools
import gc
from collections.abc import AsyncIterator, Awaitable, Callable, Generator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import pytest
from server import Server, eventually, free_port
from test_threads import in_child

from fusebox import BreakerOpen, Fusebox
from fusebox.functions import is_coroutine_function
from fusebox.pybreaker import CircuitBreaker

pytestmark = pytest.mark.filterwarnings("ignore:coroutine .* was never awaited:RuntimeWarning")


async def work(error: Any = None) -> str:
    await asyncio.sleep(0)
    if error is not None:
        raise error
    return "done"


class Later:
    def __init__(self, error: Any) -> None:
        self.error = error

    def __await__(self) -> Generator[Any, None, str]:
        return work(self.error).__await__()


class Worker:
    async def __call__(self, error: Any = None) -> str:
        return await work(error)


def a_coroutine(error: Any = None) -> Awaitable[str]:
    return work(error)


def a_task(error: Any = None) -> Awaitable[str]:
    return asyncio.get_running_loop().create_task(work(error))


def a_future(error: Any = None) -> Awaitable[str]:
    future: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    if error is None:
        future.set_result("done")
    elif isinstance(error, asyncio.CancelledError):
        future.cancel()
    else:
        future.set_exception(error)
    return future


def an_awaitable(error: Any = None) -> Awaitable[str]:
    return Later(error)


def unnoticed(function: Callable[..., Any]) -> Callable[..., Any]:
    """A decorator that hides the function that it decorates."""
    return lambda *args: function(*args)


FUNCTIONS: list[Any] = [
    a_coroutine,
    a_task,
    a_future,
    an_awaitable,
    unnoticed(work),
    functools.partial(work),
    functools.partial(a_coroutine),
    Worker(),
    unnoticed(Worker()),
]
#: The functions for which call() raises an error that suggests call_async().
REFUSED_BY_CALL = [each for each in FUNCTIONS if is_coroutine_function(each)]
ENDS = [(None, (1, 0)), (TimeoutError(), (1, 1)), (asyncio.CancelledError(), (0, 0))]


@pytest.fixture(params=["breaker", "circuit breaker"])
def protect(request: pytest.FixtureRequest, server: Server, remote: Fusebox, name: str) -> Any:
    server.put_counting(name)
    return remote.breaker(name) if request.param == "breaker" else CircuitBreaker(name=name, fusebox=remote)


@pytest.mark.parametrize("function", FUNCTIONS)
@pytest.mark.parametrize(("error", "counted"), ENDS)
@pytest.mark.parametrize("way", ["decorator", "call"])
def test_an_awaitable_is_judged_when_it_ends(
    server: Server,
    remote: Fusebox,
    name: str,
    protect: Any,
    function: Any,
    error: Any,
    counted: tuple[int, int],
    way: str,
) -> None:
    async def main() -> Any:
        if way == "decorator":
            return await protect(function)(error)
        if function in REFUSED_BY_CALL:
            return await protect.call_async(function, error)
        return await protect.call(function, error)

    if error is None:
        assert asyncio.run(main()) == "done"
    else:
        with pytest.raises(type(error)):
            asyncio.run(main())
    assert remote.flush(5)
    eventually("the call is counted", lambda: server.counted(name) == counted)


def test_a_call_does_not_count_before_its_awaitable_has_run(
    server: Server, remote: Fusebox, name: str, protect: Any
) -> None:
    async def main() -> None:
        waiting = protect.call(a_coroutine)
        assert remote.flush(5)
        assert server.counted(name) == (0, 0)
        await waiting

    asyncio.run(main())
    assert remote.flush(5)
    assert server.counted(name) == (1, 0)


def test_a_protected_task_is_still_a_task(protect: Any) -> None:
    async def main() -> bool:
        task = protect.call(a_task)
        done, _ = await asyncio.wait({task})
        return isinstance(task, asyncio.Task) and task in done

    assert asyncio.run(main())


@pytest.mark.parametrize(("error", "counted"), [(None, (1, 0)), (ConnectionError(), (1, 1))])
def test_the_future_of_a_thread_is_judged_when_it_ends(
    server: Server, remote: Fusebox, name: str, protect: Any, error: Any, counted: tuple[int, int]
) -> None:
    def in_thread() -> str:
        if error is not None:
            raise error
        return "done"

    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        future = protect.call(pool.submit, in_thread)
        assert isinstance(future, concurrent.futures.Future)
        assert future.exception(30) is error
        eventually("the call is counted", lambda: server.counted(name) == counted)

        async def main() -> str:
            result: str = await protect.call_async(pool.submit, lambda: "awaited")
            return result

        assert asyncio.run(main()) == "awaited"


def a_failed_future() -> Any:
    future: concurrent.futures.Future[None] = concurrent.futures.Future()
    future.set_exception(ConnectionError())
    return future


@pytest.mark.parametrize("is_circuit", [False, True])
@pytest.mark.parametrize("run", [lambda work: work(), in_child])
def test_failed_futures_open_the_breaker_if_fusebox_was_never_reachable(
    name: str, is_circuit: bool, run: Callable[[Callable[[], None]], None]
) -> None:
    with Fusebox(f"http://127.0.0.1:{free_port()}") as fb:
        protect: Any = CircuitBreaker(name=name, fusebox=fb) if is_circuit else fb.breaker(name)

        def fail() -> None:
            for _ in range(5):
                protect.call(a_failed_future)
            with pytest.raises(BreakerOpen):
                protect.call(int)

        run(fail)


def test_an_abandoned_block_that_failed_counts_if_fusebox_was_never_reachable(name: str) -> None:
    with Fusebox(f"http://127.0.0.1:{free_port()}") as fb:
        payments = fb.breaker(name)

        def pieces() -> Iterator[int]:
            with payments.guard() as call:
                call.fail()
                yield 1

        def is_denied() -> bool:
            try:
                next(iter(pieces()))
            except BreakerOpen:
                return True
            return False

        eventually("the breaker denies calls", is_denied, within=10)


def test_a_cancelled_future_gives_its_probe_back(server: Server, remote: Fusebox, name: str, protect: Any) -> None:
    server.reset(name, "half_open")
    future: Any = protect.call(concurrent.futures.Future)
    assert server.breaker(name)["probes"]["in_flight"] == 1
    future.cancel()
    eventually("the probe is free", lambda: server.breaker(name)["probes"]["in_flight"] == 0)


def test_an_awaitable_that_is_never_awaited_gives_its_probe_back(
    server: Server, remote: Fusebox, name: str, protect: Any
) -> None:
    server.reset(name, "half_open")
    waiting = protect.call(a_coroutine)
    assert server.breaker(name)["probes"]["in_flight"] == 1
    del waiting
    gc.collect()
    eventually("the probe is free", lambda: server.breaker(name)["probes"]["in_flight"] == 0)


def test_an_awaited_probe_closes_the_breaker(server: Server, remote: Fusebox, name: str, protect: Any) -> None:
    server.reset(name, "half_open")
    # The call opens the breaker, and the drop-in raises BreakerOpen for it.
    with pytest.raises((TimeoutError, BreakerOpen)):
        asyncio.run(protect(a_coroutine)(TimeoutError()))
    eventually("the breaker is open", lambda: server.state(name) == "open")
    server.reset(name, "half_open")
    assert asyncio.run(protect(a_coroutine)()) == "done"
    eventually("the breaker is closed", lambda: server.state(name) == "closed")


@pytest.mark.parametrize("is_task", [False, True])
def test_nested_calls_of_an_awaited_probe_are_part_of_it(
    server: Server, remote: Fusebox, name: str, protect: Any, is_task: bool
) -> None:
    server.reset(name, "half_open")

    async def outer() -> str:
        await asyncio.sleep(0)
        result: str = await protect.call_async(work)
        return result

    async def main() -> None:
        start = asyncio.get_running_loop().create_task if is_task else lambda coroutine: coroutine
        assert await protect.call(lambda: start(outer())) == "done"
        assert remote.flush(5)
        eventually("the breaker is closed", lambda: server.state(name) == "closed")
        assert await protect.call_async(work) == "done"

    asyncio.run(main())
    assert remote.flush(5)
    eventually("the call after the probe counts on its own", lambda: server.counted(name) == (1, 0))


@pytest.mark.parametrize("error", [None, KeyError()])
def test_a_block_continues_after_an_awaitable_within_it(
    server: Server, remote: Fusebox, name: str, protect: Any, error: Any
) -> None:
    async def main() -> None:
        waiting = protect.call(a_coroutine, error)
        async with remote.breaker(name):
            if error is None:
                await waiting
            else:
                with pytest.raises(KeyError):
                    await waiting
            await protect.call_async(work)

    asyncio.run(main())
    assert remote.flush(5)
    assert server.counted(name)[0] == 2, "the awaitable is one call, and the block with its nested call another"


@contextmanager
def session() -> Iterator[int]:
    yield 7


@asynccontextmanager
async def async_session() -> AsyncIterator[int]:
    yield 7


async def numbers() -> AsyncIterator[int]:
    yield 7


def counting() -> Iterator[int]:
    yield 7


NOT_JUDGED: list[Any] = [session, async_session, unnoticed(numbers), functools.partial(unnoticed(session))]


@pytest.mark.parametrize("function", [*NOT_JUDGED, unnoticed(counting)])
@pytest.mark.parametrize("way", ["decorator", "call"])
def test_a_result_without_a_known_end_is_refused_and_gives_its_probe_back(
    server: Server, remote: Fusebox, name: str, function: Any, way: str
) -> None:
    server.put(name)
    server.reset(name, "half_open")
    payments = remote.breaker(name)
    with pytest.raises(TypeError, match=r"cannot judge what .* returned"):
        payments(function)() if way == "decorator" else payments.call(function)
    assert remote.flush(5)
    assert server.breaker(name)["probes"]["in_flight"] == 0


@pytest.mark.parametrize("function", NOT_JUDGED)
@pytest.mark.parametrize("way", ["decorator", "call"])
def test_a_circuit_breaker_refuses_a_result_without_a_known_end(
    server: Server, remote: Fusebox, name: str, function: Any, way: str
) -> None:
    server.put(name)
    server.reset(name, "half_open")
    circuit = CircuitBreaker(name=name, fusebox=remote)
    with pytest.raises(TypeError, match=r"cannot judge what .* returned"):
        circuit(function)() if way == "decorator" else circuit.call(function)
    assert remote.flush(5)
    assert server.breaker(name)["probes"]["in_flight"] == 0


async def a_manager() -> Any:
    return session()


async def an_async_generator() -> Any:
    return numbers()


async def a_coroutine_in_a_coroutine() -> Any:
    return work(TimeoutError())


async def a_generator() -> Any:
    return counting()


@pytest.mark.parametrize("function", [a_manager, an_async_generator])
def test_a_circuit_breaker_refuses_a_result_of_a_coroutine_without_a_known_end(
    offline: Callable[..., Fusebox], name: str, function: Any
) -> None:
    circuit = CircuitBreaker(name=name, fusebox=offline())
    circuit._cell.heard_state = "half_open"
    with pytest.raises(TypeError, match=r"cannot judge what .* returned"):
        asyncio.run(circuit.call_async(function))
    circuit.call(int)
    assert circuit.breaker.state == "closed", "the probe was given back"


def test_a_circuit_breaker_judges_the_awaitable_and_the_generator_of_a_coroutine_when_they_end(
    offline: Callable[..., Fusebox], name: str
) -> None:
    circuit = CircuitBreaker(name=name, fusebox=offline(), fail_max=1, throw_new_error_on_trip=False)

    async def main() -> None:
        assert list(await circuit.call_async(a_generator)) == [7]
        later = await circuit.call_async(a_coroutine_in_a_coroutine)
        assert circuit.breaker.state != "open"
        with pytest.raises(TimeoutError):
            await later

    asyncio.run(main())
    assert circuit.breaker.state == "open"


def test_a_circuit_breaker_refuses_an_awaitable_whose_result_has_no_known_end(
    offline: Callable[..., Fusebox], name: str
) -> None:
    circuit = CircuitBreaker(name=name, fusebox=offline())

    async def main() -> None:
        with pytest.raises(TypeError, match="it is not over when it has been awaited"):
            await circuit.call(lambda: a_manager())

    asyncio.run(main())


def test_the_result_of_a_coroutine_function_is_judged_too(server: Server, remote: Fusebox, name: str) -> None:
    server.put_counting(name)
    payments = remote.breaker(name)

    @payments
    async def managed() -> Any:
        return session()

    @payments
    async def again() -> Any:
        return work(TimeoutError())

    async def main() -> None:
        with pytest.raises(TypeError, match="cannot judge"):
            await managed()
        with pytest.raises(TimeoutError):
            await (await again())

    asyncio.run(main())
    assert remote.flush(5)
    assert server.counted(name) == (1, 1)


def test_a_result_that_cannot_be_awaited_is_not_a_failure(
    server: Server, remote: Fusebox, name: str, protect: Any
) -> None:
    server.reset(name, "half_open")
    with pytest.raises(TypeError, match="cannot be awaited"):
        asyncio.run(protect.call_async(int, "7"))
    assert remote.flush(5)
    assert (server.state(name), server.breaker(name)["probes"]["in_flight"]) == ("half_open", 0)


def test_a_fallback_is_refused_for_an_awaitable_of_a_plain_function(server: Server, remote: Fusebox, name: str) -> None:
    server.put(name)
    server.reset(name, "half_open")
    payments = remote.breaker(name, fallback="n/a")
    with pytest.raises(TypeError, match="a fallback can only stand in for it"):
        payments.call(a_coroutine)
    assert remote.flush(5)
    assert server.breaker(name)["probes"]["in_flight"] == 0


@pytest.mark.parametrize("option", ["failed", "failures", "ignore"])
def test_a_coroutine_function_is_refused_as_a_classifier_or_listener(remote: Fusebox, name: str, option: str) -> None:
    options: dict[str, Any] = {option: work}
    with pytest.raises(TypeError, match=f"{option} must .*not a coroutine function"):
        remote.breaker(name, **options)
    with pytest.raises(TypeError, match="not a coroutine function"):
        remote.listen(work)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="not a coroutine function"):
        CircuitBreaker(name=name, fusebox=remote, exclude=[work])  # type: ignore[list-item]
