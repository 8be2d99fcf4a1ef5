"""The drop-in's behaviour beyond PyBreaker: one breaker for all processes."""

from __future__ import annotations

import asyncio
import gc
import importlib
import logging
import pathlib
import pickle
import signal
from collections.abc import Callable, Iterator
from typing import Any, Optional

import pytest
from server import Server, eventually
from test_threads import in_child

import fusebox.default
from fusebox import Fusebox
from fusebox.pybreaker import (
    CircuitBreaker,
    CircuitBreakerError,
    CircuitBreakerStorage,
    CircuitMemoryStorage,
    CircuitRedisStorage,
    use,
)


def failing() -> None:
    raise NotImplementedError


@pytest.fixture
def local(server: Server, make: Callable[..., Fusebox]) -> Fusebox:
    return make(server)


def test_processes_share_the_failures_and_the_open_state(
    server: Server, make: Callable[..., Fusebox], name: str
) -> None:
    here, there = (CircuitBreaker(fail_max=3, name=name, fusebox=make(server)) for _ in range(2))
    for breaker in (here, there):
        with pytest.raises(NotImplementedError):
            breaker.call(failing)
    with pytest.raises(CircuitBreakerError):
        here.call(failing)

    def is_denied() -> bool:
        with pytest.raises((NotImplementedError, CircuitBreakerError)) as raised:
            there.call(failing)
        return raised.type is CircuitBreakerError

    eventually("the other process denies the call", is_denied)
    assert there.current_state == "open"


def test_the_first_circuit_breaker_sets_the_numbers_and_later_ones_keep_them(
    server: Server, local: Fusebox, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    CircuitBreaker(fail_max=3, reset_timeout=7, success_threshold=2, name=name, fusebox=local).call(int)
    policy = server.breaker(name)["policy"]
    assert [policy[each] for each in ("failure_threshold", "recovery_timeout_ms", "success_threshold")] == [3, 7_000, 2]
    server.ask("PATCH", f"/v1/breakers/{name}", {"policy": {"failure_threshold": 9}})
    with caplog.at_level(logging.WARNING, "fusebox"):
        later = CircuitBreaker(fail_max=3, reset_timeout=7, success_threshold=2, name=name, fusebox=local)
        later.call(int)
    assert later.fail_max == 9
    assert "keeps the server's numbers, because the breaker already exists: failure_threshold is 9" in caplog.text


def test_the_error_says_when_to_retry(local: Fusebox, name: str) -> None:
    breaker = CircuitBreaker(fail_max=1, name=name, fusebox=local)
    for _ in range(2):
        with pytest.raises(CircuitBreakerError) as denied:
            breaker.call(failing)
        assert denied.value.retry_after is not None and 50 < denied.value.retry_after <= 60
        copy = pickle.loads(pickle.dumps(denied.value))
        assert (str(copy), copy.retry_after) == (str(denied.value), denied.value.retry_after)


def test_the_error_of_a_failed_trial_has_no_retry_after_that_is_too_short(
    server: Server, local: Fusebox, name: str
) -> None:
    server.put(name, failure_threshold=1, recovery_timeout_ms=300, recovery_timeout_multiplier=10)
    breaker = CircuitBreaker(name=name, fusebox=local)
    with pytest.raises(CircuitBreakerError, match="threshold reached"):
        breaker.call(failing)

    def opened_again() -> list[Optional[float]]:
        with pytest.raises(CircuitBreakerError) as raised:
            breaker.call(failing)
        return [raised.value.retry_after] if "Trial" in str(raised.value) else []

    (rest,) = eventually("the time-out has passed", opened_again)
    assert rest is None or rest > 1


def test_coroutine_functions_are_guarded_without_an_option(server: Server, local: Fusebox, name: str) -> None:
    breaker = CircuitBreaker(fail_max=1, name=name, fusebox=local)

    @breaker
    async def work() -> None:
        await asyncio.sleep(0)
        raise NotImplementedError

    with pytest.raises(CircuitBreakerError, match="threshold reached"):
        asyncio.run(work())
    with pytest.raises(CircuitBreakerError, match="not elapsed"):
        asyncio.run(breaker.call(work))
    assert server.breaker(name)["last_failure"]["kind"] == "not_implemented_error"


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit, asyncio.CancelledError])
def test_an_interruption_or_a_cancellation_gives_the_probe_back(
    server: Server, local: Fusebox, name: str, error: type[BaseException]
) -> None:
    breaker = CircuitBreaker(name=name, fusebox=local)
    breaker.half_open()

    def interrupted() -> None:
        raise error

    with pytest.raises(error):
        breaker.call(interrupted)
    eventually("the probe is free", lambda: server.breaker(name)["probes"]["in_flight"] == 0)
    assert breaker.call(int) == 0
    assert breaker.current_state == "closed"


def test_a_generator_that_is_closed_early_is_not_a_failure(server: Server, local: Fusebox, name: str) -> None:
    @CircuitBreaker(fail_max=1, name=name, fusebox=local)
    def numbers() -> Iterator[int]:
        yield from range(3)

    generator: Any = numbers()
    assert next(generator) == 0
    generator.close()
    assert local.flush(5)
    assert server.counted(name) == (0, 0)


@pytest.mark.parametrize("is_started", [False, True])
def test_an_abandoned_generator_gives_its_probe_back(
    server: Server, remote: Fusebox, name: str, is_started: bool
) -> None:
    breaker = CircuitBreaker(fail_max=1, reset_timeout=0.1, name=name, fusebox=remote)

    def numbers() -> Iterator[int]:
        yield from range(3)

    with pytest.raises(CircuitBreakerError):
        breaker.call(divmod, 1, 0)
    generator: Any = eventually("a probe is granted", lambda: _granted(breaker, numbers))
    if is_started:
        assert next(generator) == 0
    del generator
    assert remote.flush(5)
    assert breaker.call(int) == 0


def _granted(breaker: CircuitBreaker, function: Any) -> Any:
    try:
        return breaker.call(function)
    except CircuitBreakerError:
        return None


def test_a_listener_is_notified_of_a_change_by_another_process(server: Server, local: Fusebox, name: str) -> None:
    breaker = CircuitBreaker(name=name, fusebox=local)
    changes: list[str] = []

    class Listener:
        def state_change(self, cb: Any, old: Any, new: Any) -> None:
            changes.append(f"{old.name} to {new.name}")

        def __getattr__(self, name: str) -> Any:
            return lambda *args, **kwargs: None

    listener: Any = Listener()
    breaker.add_listener(listener)
    breaker.call(int)
    eventually("the stream is connected", lambda: breaker._cell.is_followed)
    assert local.flush(5), "a success among the failures would keep the breaker closed"
    server.trip(name)
    eventually("the listener gets the change", lambda: changes == ["closed to open"])


def test_a_collected_circuit_breaker_leaves_no_listener(local: Fusebox, name: str) -> None:
    for _ in range(100):
        CircuitBreaker(name=name, fusebox=local)
    gc.collect()
    assert local.breaker(name)._cell.listeners == []


def test_a_renamed_circuit_breaker_stops_listening_to_its_old_breaker(local: Fusebox, name: str) -> None:
    breaker = CircuitBreaker(name=name, fusebox=local)
    breaker.name = f"{name}-2"
    assert [len(local.breaker(each)._cell.listeners) for each in (name, f"{name}-2")] == [0, 1]


def test_a_child_that_is_forked_while_the_default_is_created_waits_for_no_lock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fusebox.default._default", None)

    def work() -> None:
        assert CircuitBreaker(name="a", fusebox=None).breaker.name == "a"

    with fusebox.default._lock:
        in_child_within(work, 30)


def in_child_within(work: Callable[[], None], seconds: int) -> None:
    def limited() -> None:
        signal.alarm(seconds)
        work()

    in_child(limited)


def test_close_does_not_end_the_override_of_an_operator(server: Server, local: Fusebox, name: str) -> None:
    breaker = CircuitBreaker(name=name, fusebox=local)
    breaker.call(int)
    server.override(name, "force_open")
    with pytest.raises(Exception, match="forced"):
        breaker.close()
    assert breaker.current_state == "open"


def test_the_numbers_of_the_circuit_breaker_apply_without_fusebox(
    own_server: Server, make: Callable[..., Fusebox]
) -> None:
    own_server.kill()
    breaker = CircuitBreaker(fail_max=2, name="payments", fusebox=make(own_server, timeout=0.2))
    with pytest.raises(NotImplementedError):
        breaker.call(failing)
    with pytest.raises(CircuitBreakerError, match="threshold reached"):
        breaker.call(failing)
    with pytest.raises(CircuitBreakerError, match="not elapsed"):
        breaker.call(int)
    assert breaker.current_state == "open"
    with pytest.raises(Exception, match="is unreachable"):
        breaker.close()


def test_a_storage_provides_only_the_name_of_the_breaker(local: Fusebox) -> None:
    storage = CircuitRedisStorage("closed", object(), namespace="orders of shop")
    breaker = CircuitBreaker(state_storage=storage, fusebox=local)
    assert (breaker.name, breaker.breaker.name) == (None, "orders-of-shop-09409318")
    assert CircuitBreaker(state_storage=CircuitMemoryStorage("closed"), name="a", fusebox=local).breaker.name == "a"


@pytest.mark.parametrize("make_storage", [lambda: CircuitMemoryStorage("open"), lambda: CircuitRedisStorage("open")])
def test_a_storage_with_an_initial_state_is_refused(make_storage: Callable[[], Any]) -> None:
    with pytest.raises(ValueError, match="Fusebox keeps the state"):
        make_storage()


@pytest.mark.parametrize("option", [{"fail_max": 0}, {"reset_timeout": -1}, {"success_threshold": 0.5}])
def test_the_error_for_an_invalid_number_names_the_option(option: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=f"{next(iter(option))} must be"):
        CircuitBreaker(name="a", **option)


def test_a_custom_storage_is_refused() -> None:
    with pytest.raises(TypeError, match="Fusebox keeps the state"):
        CircuitBreaker(state_storage=CircuitBreakerStorage("files"))


SHOP = """
from fusebox import pybreaker

db_breaker = pybreaker.CircuitBreaker(
    fail_max=2,
)
if True:
    mails: pybreaker.CircuitBreaker = pybreaker.CircuitBreaker()
{more}
"""


def test_a_breaker_without_a_name_is_named_after_its_variable(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch, local: Fusebox
) -> None:
    (tmp_path / "shop.py").write_text(SHOP.format(more=""))
    monkeypatch.syspath_prepend(tmp_path)
    use(local)
    shop = importlib.import_module("shop")
    assert (shop.db_breaker.breaker.name, shop.mails.breaker.name) == ("shop.db_breaker", "shop.mails")
    assert shop.db_breaker.name is None


@pytest.mark.parametrize(
    "more",
    [
        "for host in 'ab':\n    breaker = pybreaker.CircuitBreaker()",
        "breakers = [pybreaker.CircuitBreaker() for host in 'ab']",
        "def make():\n    breaker = pybreaker.CircuitBreaker()\nmake()",
    ],
)
def test_a_name_is_required_if_no_variable_identifies_the_breaker(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch, local: Fusebox, more: str
) -> None:
    module = f"shop_{len(more)}"
    (tmp_path / f"{module}.py").write_text(SHOP.format(more=more))
    monkeypatch.syspath_prepend(tmp_path)
    use(local)
    with pytest.raises(ValueError, match="name must be given"):
        importlib.import_module(module)
