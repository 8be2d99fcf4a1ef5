"""The garbage collector may end a call at any point, even in a thread that holds the locks of the client."""

from __future__ import annotations

import asyncio
import gc
import threading
from collections.abc import Callable, Generator, Iterator
from contextvars import copy_context
from typing import Any

import httpx
import pytest
from server import Server, eventually

from fusebox import Decision, Fusebox
from fusebox.integrations.httpx import BreakerTransport
from fusebox.integrations.streams import AsyncGuardedStream
from fusebox.pybreaker import CircuitBreaker
from fusebox.threads import Threads

Make = Callable[..., Fusebox]
Hold = Callable[[Fusebox, str], Any]

LOCKS = (type(threading.Lock()), type(threading.RLock()))


def locks_of(thing: Any, seen: set[int]) -> Iterator[Any]:
    """Yields the locks of an object of the package and of all its attributes."""
    if id(thing) in seen:
        return
    seen.add(id(thing))
    if isinstance(thing, LOCKS):
        yield thing
    elif isinstance(thing, dict):
        for each in list(thing.values()):
            yield from locks_of(each, seen)
    elif type(thing).__module__.partition(".")[0] in ("fusebox", "httpx", "httpcore", "threading"):
        for each in list(getattr(thing, "__dict__", {}).values()):
            yield from locks_of(each, seen)


def let_go_under_all_locks(fb: Fusebox, things: list[Any]) -> None:
    """Drops the last reference to the things in a thread that holds every lock of the Fusebox."""
    has_ended = threading.Event()

    def let_go() -> None:
        held = [lock for lock in locks_of(fb, set()) if lock.acquire(timeout=0.01)]
        things.clear()
        gc.collect()
        for lock in held:
            lock.release()
        has_ended.set()

    assert sum(1 for _ in locks_of(fb, set())) > 10
    threading.Thread(target=let_go, daemon=True).start()
    assert has_ended.wait(30), "the finalizer waits for a lock that its own thread holds"


def body(fb: Fusebox, name: str) -> Any:
    """A response whose body is never read."""

    def parts() -> Iterator[bytes]:
        yield b"good"

    service = httpx.MockTransport(lambda request: httpx.Response(200, content=parts()))
    transport = BreakerTransport(fb, service, route=lambda method, url: name)
    return transport.handle_request(httpx.Request("GET", "http://localhost"))


def body_async(fb: Fusebox, name: str) -> Any:
    call = fb.breaker(name).guard()
    call.__enter__().detach()
    return AsyncGuardedStream(httpx.ByteStream(b"good"), call)


def block(fb: Fusebox, name: str) -> Any:
    def generator() -> Iterator[int]:
        with fb.breaker(name).guard():
            yield 1

    return begun(generator())


def failed_block(fb: Fusebox, name: str) -> Any:
    def generator() -> Iterator[int]:
        with fb.breaker(name).guard() as call:
            call.fail("late")
            yield 1

    return begun(generator())


def drop_in(fb: Fusebox, name: str) -> Any:
    def generator() -> Iterator[int]:
        yield 1

    return CircuitBreaker(name=name, fusebox=fb).call(generator)


def drop_in_block(fb: Fusebox, name: str) -> Any:
    def generator() -> Iterator[int]:
        with CircuitBreaker(name=name, fusebox=fb).calling():
            yield 1

    return begun(generator())


def begun(generator: Iterator[int]) -> Iterator[int]:
    next(generator)
    return generator


HOLDS = [body, body_async, block, drop_in, drop_in_block]


@pytest.mark.parametrize("hold", HOLDS)
def test_an_abandoned_probe_is_given_back(server: Server, remote: Fusebox, name: str, hold: Hold) -> None:
    server.put(name)
    server.reset(name, to="half_open")
    held = [hold(remote, name)]
    assert server.breaker(name)["probes"]["in_flight"] == 1
    let_go_under_all_locks(remote, held)
    eventually("the probe is given back", lambda: server.breaker(name)["probes"]["in_flight"] == 0)
    assert (server.breaker(name)["probes"]["lost"], server.state(name)) == (0, "half_open")


@pytest.mark.parametrize("mode", ["local", "remote"])
def test_the_failure_of_an_abandoned_block_is_reported(server: Server, make: Make, name: str, mode: str) -> None:
    fb = make(server, mode=mode)
    fb.breaker(name).call(int)
    let_go_under_all_locks(fb, [failed_block(fb, name)])
    eventually("the failure is counted", lambda: server.counted(name) == (2, 1))
    assert server.breaker(name)["last_failure"]["kind"] == "late"


class Forever:
    def __await__(self) -> Generator[None, None, None]:
        while True:
            yield


async def wait_for_ever() -> None:
    await Forever()


def task(coroutine: Any) -> Any:
    """Starts a coroutine in its own context, as a task does."""
    context = copy_context()
    context.run(coroutine.send, None)
    return context, coroutine


def coroutine(fb: Fusebox, name: str) -> Any:
    return task(fb.breaker(name).call_async(wait_for_ever))


def coroutine_block(fb: Fusebox, name: str) -> Any:
    async def main() -> None:
        async with fb.breaker(name):
            await Forever()

    return task(main())


def drop_in_coroutine(fb: Fusebox, name: str) -> Any:
    breaker = CircuitBreaker(name=name, fusebox=fb)
    breaker._numbers.is_settled = True
    return task(breaker.call_async(wait_for_ever))


def test_a_call_that_is_abandoned_after_close_is_dropped(server: Server, name: str) -> None:
    fb = Fusebox(server.url, timeout=5.0, unreachable="allow")
    payments = fb.breaker(name)
    fb.close()
    dropped = fb.statistics.dropped
    for _ in range(100):
        call = payments.guard().__enter__()
        del call
    eventually("all calls are dropped", lambda: gc.collect() >= 0 and fb.statistics.dropped == dropped + 100)
    assert not fb._authority.sender._later


def test_an_abandoned_probe_of_a_process_that_decides_alone_is_given_back(
    own_server: Server, make: Make, name: str
) -> None:
    own_server.put(name, recovery_timeout_ms=100)
    fb = make(own_server, max_staleness=0.5)
    payments = fb.breaker(name)
    eventually("the panel decides", lambda: payments.acquire().source == "local")
    own_server.trip(name)
    eventually("the breaker is open", lambda: payments.state == "open")
    own_server.kill()

    def take_and_give_back(why: str) -> None:
        decision = eventually(why, lambda: (granted := payments.acquire()).allowed and granted)
        assert isinstance(decision, Decision) and decision.source == "fallback"
        assert not payments.acquire().allowed
        payments.give_back(decision)

    take_and_give_back("the process decides alone and grants a probe")
    for hold in [*HOLDS, coroutine, coroutine_block, drop_in_coroutine]:
        held = [hold(fb, name)]
        assert not payments.acquire().allowed, "the call holds the probe"
        let_go_under_all_locks(fb, held)
        take_and_give_back(f"{hold.__name__} has given the probe back")


def test_a_task_that_ends_with_its_loop_hands_over_the_result_of_its_thread() -> None:
    threads = Threads(1, "test")
    has_begun, may_end, has_ended = threading.Event(), threading.Event(), threading.Event()
    told: list[str] = []

    def work() -> str:
        has_begun.set()
        may_end.wait(30)
        return "result"

    def abandoned(result: str) -> None:
        told.append(result)
        has_ended.set()

    loop = asyncio.new_event_loop()
    waiting = threads.run(work, abandoned=abandoned)

    async def begin(task: Any) -> None:
        task.send(None)

    loop.run_until_complete(begin(waiting))
    loop.close()
    assert has_begun.wait(30)
    waiting.close()
    assert told == []
    may_end.set()
    assert has_ended.wait(30)
    assert told == ["result"]
    threads.close()
