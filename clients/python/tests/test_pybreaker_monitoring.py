"""PyBreaker's documented listeners, exclusions, numbers and orders, tested with PyBreaker and with the drop-in."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pybreaker as original
import pytest
from doubtful import CLOSED, POLICY, Answer, Doubtful, accepted, answer
from server import Server, eventually
from test_panel import outline

from fusebox import Fusebox
from fusebox import pybreaker as shared

Make = Callable[..., Any]


def raising(error: BaseException) -> Callable[[], None]:
    def function() -> None:
        raise error

    return function


class Rejected(Exception):
    status_code = 400


class Worse(Rejected):
    status_code = 500


def test_an_excluded_exception_and_its_subclasses_are_not_failures(make_breaker: Make) -> None:
    breaker = make_breaker(fail_max=1, exclude=[Rejected])
    for error in (Rejected, Worse):
        with pytest.raises(error):
            breaker.call(raising(error()))
    assert (breaker.fail_counter, breaker.current_state) == (0, "closed")


def test_an_excluded_exception_resets_the_failure_count(make_breaker: Make) -> None:
    breaker = make_breaker(exclude=[Rejected])
    for error, count in ((ValueError(), 1), (Rejected(), 0)):
        with pytest.raises(type(error)):
            breaker.call(raising(error))
        assert breaker.fail_counter == count


def test_a_function_can_decide_which_exceptions_are_excluded(make_breaker: Make) -> None:
    breaker = make_breaker(exclude=[KeyError, lambda error: getattr(error, "status_code", 500) < 500])
    for error, count in ((Rejected(), 0), (Worse(), 1), (KeyError(), 0), (ValueError(), 1)):
        with pytest.raises(type(error)):
            breaker.call(raising(error))
        assert breaker.fail_counter == count


def test_the_failure_count_grows_until_the_breaker_closes(make_breaker: Make, kit: Any) -> None:
    breaker = make_breaker(fail_max=2)
    counts = [breaker.fail_counter]
    for error in (ValueError, kit.CircuitBreakerError, kit.CircuitBreakerError):
        with pytest.raises(error):
            breaker.call(raising(ValueError()))
        counts.append(breaker.fail_counter)
    assert counts == [0, 1, 2, 2]
    breaker.half_open()
    with pytest.raises(kit.CircuitBreakerError, match="Trial"):
        breaker.call(raising(ValueError()))
    assert (breaker.fail_counter, breaker.current_state) == (3, "open")
    breaker.half_open()
    assert breaker.call(int) == 0
    assert (breaker.fail_counter, breaker.current_state) == (0, "closed")


def test_a_trial_that_fails_after_half_open_is_the_first_failure(make_breaker: Make, kit: Any) -> None:
    breaker = make_breaker()
    breaker.half_open()
    assert breaker.fail_counter == 0
    with pytest.raises(kit.CircuitBreakerError):
        breaker.call(raising(ValueError()))
    assert breaker.fail_counter == 1


def test_a_breaker_with_a_short_time_out_can_be_opened_by_hand(make_breaker: Make, kit: Any) -> None:
    breaker = make_breaker(reset_timeout=0.3)
    breaker.open()
    with pytest.raises(kit.CircuitBreakerError, match="not elapsed"):
        breaker.call(int)


def test_exclusions_are_added_and_removed(make_breaker: Make) -> None:
    breaker = make_breaker()
    breaker.add_excluded_exception(KeyError)
    breaker.add_excluded_exceptions(ValueError, Rejected)
    assert breaker.excluded_exceptions == (KeyError, ValueError, Rejected)
    breaker.remove_excluded_exception(ValueError)
    assert breaker.excluded_exceptions == (KeyError, Rejected)
    assert [breaker.is_system_error(error) for error in (KeyError(), ValueError(), Worse())] == [False, True, False]


@pytest.fixture
def listener(kit: Any) -> Any:
    class Listener(kit.CircuitBreakerListener):  # type: ignore[misc]
        def __init__(self) -> None:
            self.heard: list[Any] = []

        def before_call(self, cb: Any, func: Any, *args: Any, **kwargs: Any) -> None:
            self.heard.append(("before", func.__name__, args, kwargs))

        def success(self, cb: Any) -> None:
            self.heard.append("success")

        def failure(self, cb: Any, exc: BaseException) -> None:
            self.heard.append(f"failure {type(exc).__name__}")

        def state_change(self, cb: Any, old_state: Any, new_state: Any) -> None:
            self.heard.append(f"{old_state.name} to {new_state.name} of {cb.name}")

    return Listener()


def test_a_listener_is_notified_of_calls_and_their_outcomes(make_breaker: Make, listener: Any) -> None:
    breaker = make_breaker(listeners=[listener], exclude=[KeyError])
    breaker.call(max, 1, 2, key=abs)
    with pytest.raises(ValueError):
        breaker.call(raising(ValueError()))
    with pytest.raises(KeyError):
        breaker.call(raising(KeyError()))
    before: Any = ("before", "function", (), {})
    assert listener.heard == [
        ("before", "max", (1, 2), {"key": abs}),
        *("success", before, "failure ValueError", before, "success"),
    ]


def test_a_listener_is_notified_of_a_change_before_the_call_ends(make_breaker: Make, listener: Any, kit: Any) -> None:
    breaker = make_breaker(name="checkout-changes", fail_max=1, listeners=(listener,))
    with pytest.raises(kit.CircuitBreakerError):
        breaker.call(raising(ValueError()))
    with pytest.raises(kit.CircuitBreakerError):
        breaker.call(int)
    assert listener.heard[1:] == ["failure ValueError", "closed to open of checkout-changes"]


@pytest.mark.parametrize("attempt", range(10))
def test_a_call_ends_after_its_slow_listeners(make_breaker: Make, kit: Any, attempt: int) -> None:
    heard: list[str] = []

    class Slow(kit.CircuitBreakerListener):  # type: ignore[misc]
        def state_change(self, breaker: Any, before: Any, after: Any) -> None:
            time.sleep(0.01)
            heard.append(after.name)

    breaker = make_breaker(fail_max=1, listeners=[Slow()])
    with pytest.raises(kit.CircuitBreakerError):
        breaker.call(raising(ValueError()))
    assert heard == ["open"]
    breaker.close()
    assert heard == ["open", "closed"]


@pytest.mark.parametrize("options", [{}, {"mode": "remote"}], ids=["local", "remote"])
def test_a_listener_can_read_the_breaker_during_its_notification(
    server: Server, make: Callable[..., Fusebox], make_breaker: Make, kit: Any, options: Any
) -> None:
    heard: list[Any] = []
    if kit is not original:
        options = {"fusebox": make(server, **options)}
    elif options:
        pytest.skip("PyBreaker has no modes")

    class Curious(kit.CircuitBreakerListener):  # type: ignore[misc]
        def state_change(self, breaker: Any, before: Any, after: Any) -> None:
            heard.append((after.name, breaker.fail_counter))

        def failure(self, breaker: Any, error: Exception) -> None:
            heard.append(breaker.fail_counter)

    breaker = make_breaker(fail_max=2, listeners=[Curious()], **options)
    for _ in range(2):
        with pytest.raises((kit.CircuitBreakerError, ValueError)):
            breaker.call(raising(ValueError()))
    assert heard == [1, 2, ("open", 2)]
    assert breaker.fail_counter == 2


def test_a_running_listener_does_not_block_other_calls(server: Server, make: Callable[..., Fusebox], name: str) -> None:
    is_told, may_end = threading.Event(), threading.Event()

    class Long(shared.CircuitBreakerListener):
        def state_change(self, breaker: Any, before: Any, after: Any) -> None:
            is_told.set()
            may_end.wait()

    fusebox = make(server, mode="remote", timeout=1_000.0)
    breaker = shared.CircuitBreaker(name=name, fail_max=1, fusebox=fusebox, listeners=[Long()])

    def call() -> None:
        with pytest.raises((shared.CircuitBreakerError, ValueError)):
            breaker.call(raising(ValueError()))

    async def call_async() -> None:
        call_of_loop = breaker.call_async(asyncio.sleep, 0)
        with pytest.raises(shared.CircuitBreakerError):
            await call_of_loop

    tripping = threading.Thread(target=call)
    others = [threading.Thread(target=call), threading.Thread(target=lambda: asyncio.run(call_async()))]
    tripping.start()
    assert is_told.wait(30)
    for other in others:
        other.start()
    for other in others:
        other.join(30)
    have_ended = not any(other.is_alive() for other in others)
    may_end.set()
    for thread in (tripping, *others):
        thread.join()
    assert have_ended


def test_a_listener_is_notified_of_every_order(make_breaker: Make, listener: Any) -> None:
    breaker = make_breaker(name="checkout-orders", listeners=(listener,))
    breaker.open()
    breaker.half_open()
    breaker.close()
    changes = ["closed to open", "open to half-open", "half-open to closed"]
    assert listener.heard == [f"{change} of checkout-orders" for change in changes]


def test_listeners_are_added_and_removed(make_breaker: Make, kit: Any) -> None:
    first, second, third = (kit.CircuitBreakerListener() for _ in range(3))
    breaker = make_breaker(listeners=[first])
    breaker.add_listeners(second, third)
    breaker.remove_listener(second)
    breaker.add_listener(second)
    assert breaker.listeners == (first, third, second)


def test_the_numbers_are_read_and_set(make_breaker: Make, kit: Any) -> None:
    breaker = make_breaker(fail_max=3, reset_timeout=30, success_threshold=2)
    assert (breaker.fail_max, breaker.reset_timeout, breaker.success_threshold) == (3, 30, 2)
    breaker.fail_max, breaker.reset_timeout, breaker.success_threshold = 1, 20, 3
    assert (breaker.fail_max, breaker.reset_timeout, breaker.success_threshold) == (1, 20, 3)
    with pytest.raises(kit.CircuitBreakerError):
        breaker.call(raising(ValueError()))


def test_the_numbers_have_defaults(make_breaker: Make) -> None:
    breaker = make_breaker()
    assert (breaker.fail_max, breaker.reset_timeout, breaker.success_threshold) == (5, 60, 1)
    assert (breaker.excluded_exceptions, breaker.listeners) == ((), ())


def test_a_breaker_can_be_opened_by_hand(make_breaker: Make, kit: Any) -> None:
    breaker = make_breaker()
    assert breaker.open() is True
    assert (breaker.current_state, breaker.state.name) == (kit.STATE_OPEN, "open")
    assert type(breaker.state) is kit.CircuitOpenState
    with pytest.raises(kit.CircuitBreakerError, match="not elapsed"):
        breaker.call(int)


def test_a_breaker_can_be_half_opened_by_hand_and_a_call_decides(make_breaker: Make, kit: Any) -> None:
    breaker = make_breaker()
    breaker.half_open()
    assert breaker.current_state == kit.STATE_HALF_OPEN == "half-open"
    assert type(breaker.state) is kit.CircuitHalfOpenState
    with pytest.raises(kit.CircuitBreakerError, match="Trial call failed, circuit breaker opened"):
        breaker.call(raising(ValueError()))
    assert breaker.current_state == "open"
    breaker.half_open()
    assert breaker.call(int) == 0
    assert breaker.current_state == "closed"


def test_a_breaker_can_be_closed_by_hand(make_breaker: Make, kit: Any) -> None:
    breaker = make_breaker(fail_max=1)
    with pytest.raises(kit.CircuitBreakerError):
        breaker.call(raising(ValueError()))
    breaker.close()
    assert (breaker.current_state, breaker.fail_counter) == (kit.STATE_CLOSED, 0)
    assert type(breaker.state) is kit.CircuitClosedState
    assert breaker.call(int) == 0


def test_the_name_of_a_breaker_is_read_and_set(make_breaker: Make) -> None:
    breaker = make_breaker(name="Orders DB")
    assert breaker.name == "Orders DB"
    breaker.name = "Orders DB 2"
    assert breaker.name == "Orders DB 2"


def test_a_stream_that_lags_behind_an_answer_does_not_notify_listeners() -> None:
    goes_on = threading.Event()

    def stream() -> Iterator[bytes]:
        yield b"HTTP/1.1 200 X\r\n\r\n"
        goes_on.wait()
        for event in ({"type": "heartbeat"}, {"type": "resync", "breakers": [outline("payments", "closed")]}):
            yield json.dumps({"at": "2026-01-01T00:00:00.000Z", "revision": 7, **event}).encode() + b"\n"
        server.is_over.wait()

    def answering(path: str, body: Any) -> Answer:
        if path.startswith("/v1/events"):
            return stream()
        if path == "/v1/reports":
            return accepted(body, "open")
        return answer(CLOSED if path.endswith("/acquire") else POLICY)

    with Doubtful(answering) as server, Fusebox(server.url, timeout=5.0) as fb:
        heard: list[str] = []

        class Listener(shared.CircuitBreakerListener):
            def state_change(self, breaker: Any, before: Any, after: Any) -> None:
                heard.append(after.name)

        breaker = shared.CircuitBreaker(name="payments", fusebox=fb, listeners=[Listener()])
        with pytest.raises(ValueError):
            breaker.breaker.call(raising(ValueError()))
        eventually("the listener gets the change from the answer", lambda: heard == ["open"])
        goes_on.set()
        eventually("the stream sends the earlier state", lambda: breaker._cell.standing.state == "closed")
        fb._authority.panel.resume(time.monotonic())
        assert heard == ["open"]
