"""Nested calls: a call is part of the running call if the same breaker already protects that one."""

from __future__ import annotations

import asyncio
import contextvars
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any, NamedTuple, Optional

import flask
import httpx
import pytest
import requests
from downstream import Downstream
from fastapi import Depends, FastAPI
from server import Server, eventually
from test_threads import in_child
from test_web_frameworks import get

from fusebox import Breaker, BreakerOpen, Fusebox
from fusebox.integrations.fastapi import available, guarded
from fusebox.integrations.httpx import AsyncBreakerTransport, BreakerTransport
from fusebox.integrations.requests import BreakerAdapter
from fusebox.policy import Policy
from fusebox.pybreaker import CircuitBreaker
from fusebox.standin import StandIn
from fusebox.window import TimeWindow


class Both(NamedTuple):
    """One breaker of the server, as the client's breaker and as the drop-in's."""

    payments: Breaker
    circuit: CircuitBreaker


def zero() -> int:
    return 0


async def nothing() -> None:
    pass


def a_function_in_a_function(both: Both) -> None:
    both.payments.call(both.payments(zero))


def a_function_in_a_block(both: Both) -> None:
    with both.payments:
        both.payments.call(int)


def a_block_in_a_function(both: Both) -> None:
    def work() -> None:
        with both.payments:
            pass

    both.payments.call(work)


def a_function_in_a_guard(both: Both) -> None:
    with both.payments.guard():
        both.payments.call(int)


def a_function_in_a_context_manager(both: Both) -> None:
    @contextmanager
    def guarded() -> Iterator[None]:
        with both.payments.guard(), both.circuit.calling():
            yield

    with guarded():
        both.payments.call(int)


def a_coroutine_in_a_context_manager(both: Both) -> None:
    @asynccontextmanager
    async def guarded() -> AsyncIterator[None]:
        async with both.payments:
            yield

    async def work() -> None:
        async with guarded():
            await both.payments.call_async(nothing)

    asyncio.run(work())


def a_guard_of_a_generator_in_a_function(both: Both) -> None:
    def pieces() -> Iterator[int]:
        with both.payments.guard():
            yield 1

    both.payments.call(lambda: list(pieces()))


def two_that_are_acquired_in_a_function(both: Both) -> None:
    def work() -> None:
        decision = both.payments.acquire()
        assert decision.allowed
        both.payments.report("success", decision)
        both.payments.give_back(both.payments.acquire())

    both.payments.call(work)


def three_deep(both: Both) -> None:
    both.payments.call(both.payments(both.payments(zero)))


def a_coroutine_in_a_coroutine(both: Both) -> None:
    asyncio.run(both.payments.call_async(both.payments(nothing)))


def tasks_in_a_coroutine(both: Both) -> None:
    async def work() -> None:
        await asyncio.gather(*(both.payments.call_async(nothing) for _ in range(3)))

    asyncio.run(both.payments.call_async(work))


def blocks_in_a_block_of_a_coroutine(both: Both) -> None:
    async def work() -> None:
        async with both.payments, both.payments:
            await both.payments.call_async(nothing)

    asyncio.run(work())


def a_function_in_a_thread_of_a_coroutine(both: Both) -> None:
    async def work() -> None:
        context = contextvars.copy_context()
        await asyncio.get_running_loop().run_in_executor(None, context.run, both.payments(zero))

    asyncio.run(both.payments.call_async(work))


def a_coroutine_in_a_function(both: Both) -> None:
    both.payments.call(lambda: asyncio.run(both.payments.call_async(nothing)))


def a_circuit_in_a_circuit(both: Both) -> None:
    both.circuit.call(both.circuit(zero))


def a_coroutine_of_a_circuit_in_another(both: Both) -> None:
    asyncio.run(both.circuit.call_async(both.circuit(nothing)))


def a_circuit_in_its_block(both: Both) -> None:
    with both.circuit.calling():
        both.circuit.call(int)


def a_circuit_in_its_generator(both: Both) -> None:
    def pieces() -> Iterator[int]:
        yield both.circuit.call(int)
        yield both.circuit.call(int)

    assert list(both.circuit.call(pieces)) == [0, 0]


def a_circuit_in_a_function(both: Both) -> None:
    both.payments.call(both.circuit.call, int)


def a_function_in_a_circuit(both: Both) -> None:
    both.circuit.call(both.payments(zero))


WAYS: list[Callable[[Both], None]] = [
    a_function_in_a_function,
    a_function_in_a_block,
    a_block_in_a_function,
    a_function_in_a_guard,
    a_function_in_a_context_manager,
    a_coroutine_in_a_context_manager,
    a_guard_of_a_generator_in_a_function,
    two_that_are_acquired_in_a_function,
    three_deep,
    a_coroutine_in_a_coroutine,
    tasks_in_a_coroutine,
    blocks_in_a_block_of_a_coroutine,
    a_function_in_a_thread_of_a_coroutine,
    a_coroutine_in_a_function,
    a_circuit_in_a_circuit,
    a_coroutine_of_a_circuit_in_another,
    a_circuit_in_its_block,
    a_circuit_in_its_generator,
    a_circuit_in_a_function,
    a_function_in_a_circuit,
]


@pytest.mark.parametrize("mode", ["local", "remote"])
@pytest.mark.parametrize("way", WAYS)
def test_a_nested_call_is_part_of_the_outer_one(
    server: Server, make: Callable[..., Fusebox], name: str, way: Callable[[Both], None], mode: str
) -> None:
    fusebox = make(server, mode=mode)
    server.put_counting(name)
    both = Both(fusebox.breaker(name), CircuitBreaker(name=name, fusebox=fusebox))
    way(both)
    assert fusebox.flush(10)
    assert server.counted(name) == (1, 0), "the calls count once"
    server.reset(name, "half_open")
    if mode == "local":
        eventually("the half-open state is known", lambda: both.payments.state == "half_open")
    way(both)
    eventually("the breaker closes", lambda: server.state(name) == "closed")


def counted_alone(breaker: Breaker) -> int:
    """The calls in the window of the stand-in."""
    stand_in = breaker._cell.stand_in
    assert stand_in is not None
    window = stand_in._window
    assert isinstance(window, TimeWindow)
    return sum(each.calls for each in window._buckets)


@pytest.mark.parametrize("mode", ["local", "remote"])
@pytest.mark.parametrize("way", WAYS)
def test_a_nested_call_uses_the_decision_of_the_outer_one_while_fusebox_is_unreachable(
    offline: Callable[..., Fusebox], name: str, way: Callable[[Both], None], mode: str
) -> None:
    fusebox = offline(mode=mode)
    both = Both(fusebox.breaker(name), CircuitBreaker(name=name, fusebox=fusebox))
    both.payments._cell.heard_state = "half_open"
    way(both)
    assert both.payments.state == "closed", "the outer call is the one probe"
    assert fusebox.statistics.decisions_alone == 1
    way(both)
    assert fusebox.statistics.decisions_alone == 2
    assert counted_alone(both.payments) == 1, "the calls count once"


def fail() -> None:
    raise ConnectionError


async def fail_async() -> None:
    raise ConnectionError


def a_failing_function_in_a_function(both: Both) -> None:
    both.payments.call(both.payments(fail))


def a_failing_function_in_a_block(both: Both) -> None:
    with both.payments:
        both.payments.call(fail)


def a_failing_coroutine_in_a_coroutine(both: Both) -> None:
    asyncio.run(both.payments.call_async(both.payments(fail_async)))


def a_failing_circuit_in_a_circuit(both: Both) -> None:
    both.circuit.call(both.circuit(fail))


def a_failing_coroutine_of_a_circuit_in_another(both: Both) -> None:
    asyncio.run(both.circuit.call_async(both.circuit(fail_async)))


def a_failing_function_in_a_circuit(both: Both) -> None:
    both.circuit.call(both.payments(fail))


@pytest.mark.parametrize("mode", ["local", "remote"])
@pytest.mark.parametrize(
    "way",
    [
        a_failing_function_in_a_function,
        a_failing_function_in_a_block,
        a_failing_coroutine_in_a_coroutine,
        a_failing_circuit_in_a_circuit,
        a_failing_coroutine_of_a_circuit_in_another,
        a_failing_function_in_a_circuit,
    ],
)
def test_a_failed_nested_call_counts_once_while_fusebox_is_unreachable(
    offline: Callable[..., Fusebox], name: str, way: Callable[[Both], None], mode: str
) -> None:
    fusebox = offline(mode=mode)
    circuit = CircuitBreaker(name=name, fusebox=fusebox, throw_new_error_on_trip=False)
    both = Both(fusebox.breaker(name), circuit)
    for state in ["closed"] * 4 + ["open"]:
        with pytest.raises(ConnectionError):
            way(both)
        assert both.payments.state == state
    both.payments._cell.stand_in = StandIn(Policy(), time.monotonic(), "half_open")
    with pytest.raises(ConnectionError):
        way(both)
    assert both.payments.state == "open", "the outer call is the one probe, and it failed"
    assert fusebox.statistics.decisions_alone == 6


def test_a_nested_call_of_a_probe_that_is_cancelled_while_fusebox_is_unreachable_gives_it_back(
    offline: Callable[..., Fusebox], name: str
) -> None:
    breaker = offline().breaker(name)
    breaker._cell.heard_state = "half_open"

    async def main() -> None:
        begun = asyncio.Event()

        async def work() -> None:
            begun.set()
            await asyncio.get_running_loop().create_future()

        task = asyncio.ensure_future(breaker.call_async(breaker(work)))
        await begun.wait()
        assert not breaker._cell.running.get()
        with pytest.raises(BreakerOpen):
            await breaker.call_async(nothing)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await breaker.call_async(breaker(nothing))

    asyncio.run(main())
    assert breaker.state == "closed"


def test_two_clients_of_one_server_share_the_running_call(
    server: Server, make: Callable[..., Fusebox], name: str
) -> None:
    server.put(name)
    server.reset(name, "half_open")
    outer, inner = (make(server, mode="remote").breaker(name) for _ in range(2))
    outer.call(inner(zero))
    assert server.state(name) == "closed"


@pytest.fixture
def half_open(server: Server, remote: Fusebox, name: str) -> Breaker:
    server.put(name)
    server.reset(name, "half_open")
    return remote.breaker(name)


@pytest.mark.parametrize("in_a_thread", [False, True])
def test_a_guarded_fastapi_route_can_make_protected_calls(
    server: Server, half_open: Breaker, name: str, in_a_thread: bool
) -> None:
    app = FastAPI()

    def checkout() -> int:
        return half_open.call(int)

    async def checkout_async() -> None:
        await half_open.call_async(nothing)

    dependencies = [Depends(guarded(half_open)), Depends(available(half_open))]
    app.get("/", dependencies=dependencies)(checkout if in_a_thread else checkout_async)
    assert get(app).status_code == 200
    eventually("the breaker closes", lambda: server.state(name) == "closed")


def test_a_protected_flask_view_can_make_protected_calls(server: Server, half_open: Breaker, name: str) -> None:
    app = flask.Flask("shop")

    @app.route("/")
    @half_open
    def checkout() -> str:
        return str(half_open.call(int))

    assert app.test_client().get("/").text == "0"
    assert server.state(name) == "closed"


def httpx_in_a_function(fusebox: Fusebox, breaker: Breaker, url: str) -> Any:
    with httpx.Client(transport=BreakerTransport(fusebox)) as client:
        return breaker.call(client.get, url)


def httpx_in_a_coroutine(fusebox: Fusebox, breaker: Breaker, url: str) -> Any:
    async def work() -> httpx.Response:
        async with httpx.AsyncClient(transport=AsyncBreakerTransport(fusebox)) as client:
            return await breaker.call_async(client.get, url)

    return asyncio.run(work())


def requests_in_a_function(fusebox: Fusebox, breaker: Breaker, url: str) -> Any:
    with requests.Session() as session:
        session.mount("http://", BreakerAdapter(fusebox))
        return breaker.call(session.get, url)


@pytest.fixture(params=[httpx_in_a_function, httpx_in_a_coroutine, requests_in_a_function])
def exchange(request: pytest.FixtureRequest, remote: Fusebox, downstream: Downstream) -> Callable[..., Any]:
    """Sends a guarded request with a guarded client; both use the same breaker."""

    def exchange(**options: Any) -> Any:
        breaker = remote.breaker(f"127.0.0.1:{downstream.server_port}", **options)
        return request.param(remote, breaker, downstream.url)

    return exchange


def test_a_guarded_client_can_be_used_in_a_protected_function(
    server: Server, downstream: Downstream, exchange: Callable[..., Any]
) -> None:
    name = f"127.0.0.1:{downstream.server_port}"
    server.put_counting(name)
    server.reset(name, "half_open")
    assert exchange().text == "good"
    assert server.state(name) == "closed"
    exchange()
    assert server.counted(name) == (1, 0)


def test_a_failure_that_a_nested_call_does_not_raise_is_a_failure_of_the_outer_call(
    server: Server, downstream: Downstream, exchange: Callable[..., Any]
) -> None:
    name = f"127.0.0.1:{downstream.server_port}"
    server.put_counting(name)
    downstream.status = 503
    assert exchange(fallback="instead").status_code == 503, "the outer call does not fail"
    assert server.counted(name) == (1, 1)
    assert server.breaker(name)["last_failure"]["kind"] == "http_503"


def refuse() -> None:
    raise ConnectionError


def of_a_fallback(breaker: Breaker, fusebox: Fusebox) -> None:
    assert fusebox.breaker(breaker.name, fallback=7).call(refuse) == 7


def of_a_block(breaker: Breaker, fusebox: Fusebox) -> None:
    with breaker as call:
        call.fail("connection")


def two_deep(breaker: Breaker, fusebox: Fusebox) -> None:
    breaker.call(of_a_fallback, breaker, fusebox)


def before_another(breaker: Breaker, fusebox: Fusebox) -> None:
    of_a_fallback(breaker, fusebox)
    breaker.call(int)


def that_is_caught(breaker: Breaker, fusebox: Fusebox) -> None:
    with pytest.raises(ConnectionError):
        breaker.call(refuse)


def that_is_raised(breaker: Breaker, fusebox: Fusebox) -> None:
    breaker.call(refuse)


@pytest.mark.parametrize("of", ["function", "block", "coroutine", "circuit"])
@pytest.mark.parametrize(
    ("failure", "failures"),
    [
        (of_a_fallback, 1),
        (of_a_block, 1),
        (two_deep, 1),
        (before_another, 0),
        (that_is_caught, 0),
        (that_is_raised, 1),
    ],
)
def test_the_last_nested_call_decides_unless_it_raises(
    server: Server, remote: Fusebox, name: str, of: str, failure: Callable[..., None], failures: int
) -> None:
    breaker = remote.breaker(name)
    server.put_counting(name)

    async def work() -> None:
        failure(breaker, remote)

    def outer() -> None:
        if of == "function":
            breaker.call(failure, breaker, remote)
        elif of == "coroutine":
            asyncio.run(breaker.call_async(work))
        elif of == "circuit":
            CircuitBreaker(name=name, fusebox=remote).call(failure, breaker, remote)
        else:
            with breaker:
                failure(breaker, remote)

    if failure is that_is_raised:
        with pytest.raises(ConnectionError):
            outer()
    else:
        outer()
    assert remote.flush(10)
    assert server.counted(name) == (1, failures)
    if failures:
        assert server.breaker(name)["last_failure"]["kind"] == "connection"


def test_a_task_that_outlives_the_call_acquires_on_its_own(server: Server, half_open: Breaker, name: str) -> None:
    async def main() -> None:
        is_over = asyncio.Event()
        tasks: list[asyncio.Task[None]] = []

        async def later() -> None:
            await is_over.wait()
            await half_open.call_async(nothing)

        async def begin() -> None:
            tasks.append(asyncio.ensure_future(later()))

        await half_open.call_async(begin)
        server.trip(name)
        is_over.set()
        with pytest.raises(BreakerOpen):
            await tasks[0]

    asyncio.run(main())


def test_a_thread_that_outlives_the_call_acquires_on_its_own(server: Server, half_open: Breaker, name: str) -> None:
    is_over = threading.Event()
    raised: list[Optional[BaseException]] = []

    def later() -> None:
        assert is_over.wait(30)
        try:
            half_open.call(int)
        except BreakerOpen as denied:
            raised.append(denied)

    def begin() -> threading.Thread:
        thread = threading.Thread(target=contextvars.copy_context().run, args=(later,))
        thread.start()
        return thread

    thread = half_open.call(begin)
    server.trip(name)
    is_over.set()
    thread.join()
    assert len(raised) == 1


def test_a_forked_child_makes_its_own_calls(server: Server, remote: Fusebox, name: str) -> None:
    breaker = remote.breaker(name)
    server.put_counting(name)

    def call() -> None:
        breaker.call(int)

    breaker.call(in_child, call)
    assert server.counted(name) == (2, 0)


def test_a_call_between_the_parts_of_a_generator_is_not_part_of_it(server: Server, remote: Fusebox, name: str) -> None:
    breaker, circuit = remote.breaker(name), CircuitBreaker(name=name, fusebox=remote)
    server.put_counting(name)

    def pieces() -> Iterator[int]:
        with breaker.guard():
            yield 1

    def more_pieces() -> Iterator[int]:
        with circuit.calling(), breaker:
            yield 1

    for _ in pieces():
        breaker.call(int)
    assert server.counted(name) == (2, 0)
    for _ in more_pieces():
        breaker.call(int)
    assert remote.flush(10)
    assert server.counted(name) == (5, 0)
    for _ in circuit.call(lambda: (each for each in range(2))):
        circuit.call(int)
    assert remote.flush(10)
    assert server.counted(name) == (8, 0)


def test_a_call_while_a_response_is_read_is_not_part_of_it(
    server: Server, remote: Fusebox, downstream: Downstream
) -> None:
    breaker = remote.breaker(f"127.0.0.1:{downstream.server_port}")
    server.put_counting(breaker.name)
    with httpx.Client(transport=BreakerTransport(remote)) as client, client.stream("GET", downstream.url):
        breaker.call(int)
        assert server.counted(breaker.name) == (1, 0)
    assert server.counted(breaker.name) == (2, 0)


def test_a_response_that_breaks_after_its_protected_call_is_a_failure(
    server: Server, remote: Fusebox, downstream: Downstream
) -> None:
    breaker = remote.breaker(f"127.0.0.1:{downstream.server_port}")
    server.put_counting(breaker.name)
    downstream.breaks_off = True
    with httpx.Client(transport=BreakerTransport(remote)) as client:
        request = client.build_request("GET", downstream.url)
        response = breaker.call(client.send, request, stream=True)
        with pytest.raises(httpx.RemoteProtocolError):
            response.read()
    assert server.counted(breaker.name) == (2, 1)


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_a_call_that_raises_is_over(server: Server, remote: Fusebox, name: str, error: type[BaseException]) -> None:
    breaker, circuit = remote.breaker(name), CircuitBreaker(name=name, fusebox=remote)
    server.put_counting(name)

    def work() -> None:
        raise error

    async def work_async() -> None:
        raise error

    def block() -> None:
        with breaker:
            raise error

    calls: list[Callable[[], Any]] = [
        lambda: breaker.call(work),
        block,
        lambda: asyncio.run(breaker.call_async(work_async)),
        lambda: circuit.call(work),
    ]
    for call in calls:
        with pytest.raises(error):
            call()
        assert not breaker._cell.running.get()


def test_the_denial_method_returns_none_for_a_nested_call(
    server: Server, make: Callable[..., Fusebox], name: str
) -> None:
    payments = make(server).breaker(name)
    eventually("the panel decides", lambda: payments.acquire().source == "local")
    with payments:
        server.trip(name)
        eventually("the trip is known", lambda: payments.state == "open")
        assert payments.denial() is None
        payments.call(int)
    assert payments.denial() is not None
