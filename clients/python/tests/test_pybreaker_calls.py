"""PyBreaker's documented behaviour of calls, tested with PyBreaker itself and with the drop-in."""

from __future__ import annotations

import asyncio
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Optional

import pytest
from server import eventually

Make = Callable[..., Any]


class Downstream:
    def __init__(self) -> None:
        self.calls = 0
        self.error: Optional[BaseException] = NotImplementedError("down")

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        self.calls += 1
        if self.error is not None:
            raise self.error
        return args, kwargs


@pytest.fixture
def downstream() -> Downstream:
    return Downstream()


def fail(breaker: Any, downstream: Downstream, times: int) -> None:
    for _ in range(times):
        with pytest.raises(NotImplementedError):
            breaker.call(downstream)


def test_a_call_passes_its_arguments_and_result_on(make_breaker: Make) -> None:
    breaker = make_breaker()
    assert breaker.call(lambda *args, **kwargs: (args, kwargs), 1, b=2) == ((1,), {"b": 2})
    assert (breaker.fail_counter, breaker.current_state) == (0, "closed")


def test_failures_below_the_maximum_are_counted_and_leave_the_breaker_closed(
    make_breaker: Make, downstream: Downstream
) -> None:
    breaker = make_breaker()
    fail(breaker, downstream, 2)
    assert (breaker.fail_counter, breaker.current_state) == (2, "closed")


def test_a_success_resets_the_failure_count(make_breaker: Make, downstream: Downstream) -> None:
    breaker = make_breaker()
    fail(breaker, downstream, 2)
    breaker.call(int)
    assert (breaker.fail_counter, breaker.current_state) == (0, "closed")


@pytest.mark.parametrize("fail_max", [1, 3, 5])
def test_the_failure_that_reaches_the_maximum_opens_the_breaker(
    make_breaker: Make, downstream: Downstream, kit: Any, fail_max: int
) -> None:
    breaker = make_breaker(fail_max=fail_max)
    fail(breaker, downstream, fail_max - 1)
    with pytest.raises(kit.CircuitBreakerError, match="Failures threshold reached, circuit breaker opened"):
        breaker.call(downstream)
    assert breaker.current_state == "open"


def test_four_failures_leave_a_breaker_with_the_default_maximum_closed(
    make_breaker: Make, downstream: Downstream
) -> None:
    breaker = make_breaker()
    fail(breaker, downstream, 4)
    assert breaker.current_state == "closed"


def test_an_open_breaker_denies_a_call_without_making_it(make_breaker: Make, downstream: Downstream, kit: Any) -> None:
    breaker = make_breaker(fail_max=1)
    for message in ("threshold reached", "Timeout not elapsed yet, circuit breaker still open"):
        with pytest.raises(kit.CircuitBreakerError, match=message):
            breaker.call(downstream)
    assert downstream.calls == 1


def test_the_error_of_the_opening_call_contains_the_original_error(
    make_breaker: Make, downstream: Downstream, kit: Any
) -> None:
    with pytest.raises(kit.CircuitBreakerError) as opened:
        make_breaker(fail_max=1).call(downstream)
    assert "NotImplementedError: down" in "".join(traceback.format_exception(None, opened.value, opened.tb))


def test_the_opening_call_raises_its_own_error_on_request(make_breaker: Make, downstream: Downstream, kit: Any) -> None:
    breaker = make_breaker(fail_max=2, throw_new_error_on_trip=False)
    fail(breaker, downstream, 2)
    with pytest.raises(kit.CircuitBreakerError):
        breaker.call(downstream)
    assert breaker.current_state == "open"


def settled(breaker: Any, kit: Any, function: Any) -> Any:
    """Returns the result of the first call that is let through."""

    def attempt() -> Any:
        try:
            return [breaker.call(function)]
        except kit.CircuitBreakerError as error:
            return "not elapsed" not in str(error)

    return eventually("the time-out has passed", attempt)


def test_a_call_that_succeeds_after_the_time_out_closes_the_breaker(
    make_breaker: Make, downstream: Downstream, kit: Any
) -> None:
    breaker = make_breaker(fail_max=1, reset_timeout=0.3)
    with pytest.raises(kit.CircuitBreakerError):
        breaker.call(downstream)
    downstream.error = None
    assert settled(breaker, kit, downstream) == [((), {})]
    # On a busy machine the trial may not wait for the answer to its report.
    assert eventually("the breaker closes", lambda: breaker.current_state == "closed")
    assert (breaker.fail_counter, downstream.calls) == (0, 2)


def test_a_call_that_fails_after_the_time_out_opens_the_breaker_again(
    make_breaker: Make, downstream: Downstream, kit: Any
) -> None:
    breaker = make_breaker(fail_max=3, reset_timeout=0.3)
    fail(breaker, downstream, 2)
    with pytest.raises(kit.CircuitBreakerError):
        breaker.call(downstream)
    assert settled(breaker, kit, downstream) is True
    assert (breaker.current_state, downstream.calls) == ("open", 4)


def test_the_breaker_closes_after_the_required_number_of_successes(make_breaker: Make, kit: Any) -> None:
    breaker = make_breaker(success_threshold=3)
    breaker.half_open()
    for successes in (1, 2):
        breaker.call(int)
        assert (breaker.current_state, breaker.success_counter) == ("half-open", successes)
    breaker.call(int)
    assert (breaker.current_state, breaker.success_counter) == ("closed", 0)


def test_a_decorated_function_keeps_its_name_and_documentation(make_breaker: Make) -> None:
    @make_breaker()
    def charge(amount: int) -> int:
        """Charges."""
        return amount

    @make_breaker()()
    def refund(amount: int) -> int:
        return -amount

    assert (charge(3), charge.__name__, charge.__doc__) == (3, "charge", "Charges.")
    assert (refund(3), refund.__name__) == (-3, "refund")


def test_a_block_is_a_guarded_call(make_breaker: Make, kit: Any) -> None:
    breaker = make_breaker(fail_max=2)
    with breaker.calling():
        pass
    with pytest.raises(NotImplementedError), breaker.calling():
        raise NotImplementedError
    with pytest.raises(kit.CircuitBreakerError, match="threshold reached"), breaker.calling():
        raise NotImplementedError
    with pytest.raises(kit.CircuitBreakerError, match="not elapsed"), breaker.calling():
        pytest.fail("the block was entered")


def test_a_generator_is_guarded_until_its_end(make_breaker: Make) -> None:
    breaker = make_breaker()

    @breaker
    def echo(value: str) -> Iterator[Any]:
        received = yield value
        if received == "raise":
            raise NotImplementedError

    failing: Any = echo("a")
    assert next(failing) == "a"
    assert breaker.fail_counter == 0
    with pytest.raises(NotImplementedError):
        failing.send("raise")
    assert breaker.fail_counter == 1
    assert list(echo("b")) == ["b"]
    assert breaker.fail_counter == 0


def test_a_guarded_generator_can_be_a_context_manager(make_breaker: Make) -> None:
    @contextmanager
    @make_breaker()
    def wrapped() -> Iterator[None]:
        try:
            yield
        except NotImplementedError as error:
            raise ValueError from error

    with pytest.raises(ValueError), wrapped():
        raise NotImplementedError


def test_tornado_coroutines_are_guarded(make_breaker: Make, kit: Any) -> None:
    gen = pytest.importorskip("tornado.gen")
    breaker = make_breaker(fail_max=2)

    @gen.coroutine
    def work(value: int) -> Any:
        yield gen.moment
        if value < 0:
            raise NotImplementedError
        return value

    guarded = breaker(__pybreaker_call_async=True)(work)

    async def main() -> None:
        assert await breaker.call_async(work, 3) == 3
        assert await guarded(4) == 4
        with pytest.raises(NotImplementedError):
            await guarded(-1)
        with pytest.raises(kit.CircuitBreakerError, match="threshold reached"):
            await guarded(-1)
        with pytest.raises(kit.CircuitBreakerError, match="not elapsed"):
            await breaker.call_async(work, 3)

    asyncio.run(main())


@pytest.mark.parametrize("way", ["function", "block", "generator"])
def test_a_breaker_of_nested_calls_recovers(make_breaker: Make, downstream: Downstream, kit: Any, way: str) -> None:
    breaker = make_breaker(fail_max=1, reset_timeout=0.3)

    def pieces() -> Iterator[Any]:
        yield breaker.call(downstream)
        yield breaker.call(downstream)

    def nested() -> Any:
        if way == "function":
            return breaker.call(breaker(downstream))
        if way == "generator":
            return list(breaker.call(pieces))[1]
        with breaker.calling():
            return breaker.call(downstream)

    def attempt() -> Any:
        try:
            return nested()
        except kit.CircuitBreakerError:
            return None

    assert attempt() is None
    assert (breaker.current_state, downstream.calls) == ("open", 1)
    downstream.error = None

    def recovers() -> Any:
        # If the server is slow to store a probe, the call goes through without it, and the breaker stays open.
        return attempt() == ((), {}) and breaker.current_state == "closed"

    assert eventually("the breaker recovers", recovers)
    assert breaker.fail_counter == 0


def test_a_listener_is_notified_of_nested_calls(make_breaker: Make, kit: Any) -> None:
    heard: list[str] = []

    class Listener(kit.CircuitBreakerListener):  # type: ignore[misc]
        def before_call(self, cb: Any, func: Any, *args: Any, **kwargs: Any) -> None:
            heard.append("before")

        def success(self, cb: Any) -> None:
            heard.append("success")

        def failure(self, cb: Any, exc: BaseException) -> None:
            heard.append("failure")

    breaker = make_breaker(listeners=[Listener()])
    breaker.call(breaker(int))
    with pytest.raises(ValueError):
        breaker.call(breaker(int), "x")
    assert heard == ["before", "before", "success", "success", "before", "before", "failure", "failure"]


def test_a_listener_can_make_guarded_calls(make_breaker: Make, downstream: Downstream, kit: Any) -> None:
    class Listener(kit.CircuitBreakerListener):  # type: ignore[misc]
        def failure(self, cb: Any, exc: BaseException) -> None:
            cb.call(int)

    breaker = make_breaker(listeners=[Listener()])
    breaker.half_open()
    with pytest.raises((NotImplementedError, kit.CircuitBreakerError)):
        breaker.call(downstream)
