"""Decisions in this process, from the server's stream."""

from __future__ import annotations

import asyncio
import pathlib
import subprocess
from collections.abc import Callable
from typing import Optional

import pytest
from server import BINARY, Server, eventually
from wire import Wire

from fusebox import Breaker, BreakerOpen, Decision, Fusebox, StateChange

Make = Callable[..., Fusebox]


@pytest.fixture
def local(server: Server, make: Make) -> Fusebox:
    return make(server)


def decides_here(breaker: Breaker) -> Decision:
    """Returns the first decision that this process makes itself."""

    def decided() -> Decision | None:
        decision = breaker.acquire()
        if decision.source == "local":
            return decision
        breaker.give_back(decision)
        return None

    decision = eventually("the panel decides", decided)
    assert decision is not None
    return decision


def test_the_first_call_of_an_unknown_breaker_asks_the_server_and_later_ones_do_not(
    server: Server, local: Fusebox, name: str
) -> None:
    payments = local.breaker(name)
    assert payments.acquire().source == "server"
    decision = decides_here(payments)
    assert (decision.allowed, decision.state) == (True, "closed")
    assert decision.permit == str(server.breaker(name)["generation"])


def test_a_trip_by_another_process_denies_calls_in_this_one(server: Server, local: Fusebox, name: str) -> None:
    payments = local.breaker(name)
    decides_here(payments)
    server.trip(name)
    eventually("the trip is known", lambda: payments.state == "open")
    decision = payments.acquire()
    assert (decision.allowed, decision.source, decision.permit) == (False, "local", None)
    assert decision.retry_after is not None and 50 < decision.retry_after < 61
    with pytest.raises(BreakerOpen):
        payments.call(int)


def test_five_failures_in_this_process_open_the_breaker_on_the_server(
    server: Server, local: Fusebox, name: str
) -> None:
    payments = local.breaker(name, failures=ZeroDivisionError)
    decides_here(payments)

    @payments
    def divide(by: int) -> float:
        return 1 / by

    for _ in range(5):
        with pytest.raises(ZeroDivisionError):
            divide(0)
    eventually("the failures are reported", lambda: server.state(name) == "open")
    assert server.breaker(name)["last_failure"]["kind"] == "zero_division_error"


def test_only_a_possible_probe_goes_to_the_server(server: Server, local: Fusebox, name: str) -> None:
    server.put(name, recovery_timeout_ms=300)
    payments = local.breaker(name)
    decides_here(payments)
    server.trip(name)
    eventually("the trip is known", lambda: payments.state == "open")
    assert payments.acquire().source == "local"
    decision = eventually("a probe is due", lambda: (d := payments.acquire()).allowed and d)
    assert isinstance(decision, Decision)
    assert (decision.source, decision.state, decision.is_probe) == ("server", "half_open", True)
    other = payments.acquire()
    assert (other.allowed, other.source) == (False, "server")
    payments.report("success", decision)
    eventually("the breaker closes", lambda: payments.state == "closed")
    assert decides_here(payments).permit == str(server.breaker(name)["generation"])


def test_a_cancelled_probe_is_given_back(server: Server, local: Fusebox, name: str) -> None:
    payments = local.breaker(name)
    decides_here(payments)
    server.reset(name, to="half_open")
    eventually("the half-open state is known", lambda: payments.state == "half_open")

    async def main() -> None:
        task = asyncio.ensure_future(payments.call_async(asyncio.sleep, 60))
        while server.breaker(name)["probes"]["in_flight"] == 0:
            await asyncio.sleep(0.005)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(main())
    eventually("the probe is given back", lambda: server.breaker(name)["probes"]["in_flight"] == 0)
    assert server.breaker(name)["probes"]["lost"] == 0
    assert payments.acquire().is_probe


@pytest.mark.parametrize(
    ("mode", "allowed", "would_deny"),
    [("force_open", False, False), ("force_closed", True, False), ("shadow", True, True)],
)
def test_an_override_decides_calls(
    server: Server, local: Fusebox, name: str, mode: str, allowed: bool, would_deny: bool
) -> None:
    payments = local.breaker(name)
    decides_here(payments)
    server.trip(name)
    eventually("the trip is known", lambda: payments.state == "open")
    server.override(name, mode, expires_in_ms=60_000 if mode == "force_open" else None)
    decision = eventually("the override is known", lambda: (d := payments.acquire()).allowed == allowed and d)
    assert isinstance(decision, Decision)
    assert (decision.source, decision.would_deny) == ("local", would_deny)
    if mode == "force_open":
        assert decision.retry_after is not None
        eventually("the denial has the override's remaining time", lambda: (payments.acquire().retry_after or 0) > 55)
    server.clear_override(name)


def test_a_denial_has_no_retry_after_while_an_override_has_no_expiry(server: Server, local: Fusebox, name: str) -> None:
    payments = local.breaker(name)
    decides_here(payments)
    server.override(name, "force_open")
    decision = eventually("the override is known", lambda: not (d := payments.acquire()).allowed and d)
    assert isinstance(decision, Decision)
    assert (decision.source, decision.retry_after) == ("local", None)


def test_the_client_asks_the_server_again_for_a_deleted_breaker(server: Server, local: Fusebox, name: str) -> None:
    payments = local.breaker(name)
    first = decides_here(payments)
    server.ask("DELETE", f"/v1/breakers/{name}")
    eventually("the deletion is known", lambda: payments.acquire().source == "server")
    assert decides_here(payments).permit != first.permit


def test_a_listener_gets_each_change_with_its_cause(server: Server, local: Fusebox, name: str) -> None:
    heard: list[StateChange] = []
    everything: list[StateChange] = []
    payments = local.breaker(name)
    payments.listen(heard.append)

    @local.listen
    def broken(change: StateChange) -> None:
        everything.append(change)
        raise RuntimeError("a listener's own mistake")

    decides_here(payments)
    server.trip(name)
    server.reset(name, to="half_open")
    server.reset(name)
    eventually("the listener gets three changes", lambda: len(heard) == 3)
    assert [(c.before, c.after, c.cause) for c in heard] == [
        ("closed", "open", "failure_threshold"),
        ("open", "half_open", "reset"),
        ("half_open", "closed", "reset"),
    ]
    assert heard[0].detail is not None and heard[0].detail.startswith("5 consecutive failures")
    assert everything == heard


def test_a_broken_stream_resumes_after_its_last_event(server: Server, name: str) -> None:
    wire = Wire(server.port)
    heard: list[tuple[Optional[str], str]] = []
    with Fusebox(wire.url, timeout=5.0) as local:
        payments = local.breaker(name)
        payments.listen(lambda change: heard.append((change.before, change.after)))
        decides_here(payments)
        wire.cut()
        server.trip(name)
        server.reset(name)
        wire.mend()
        eventually("the listener gets both changes", lambda: len(heard) == 2)
        assert heard == [("closed", "open"), ("open", "closed")]
        assert decides_here(payments).permit == str(server.breaker(name)["generation"])
    wire.close()


def test_a_worker_token_is_sufficient(tmp_path: pathlib.Path) -> None:
    command = [BINARY, "token", "new", "--name", "t", "--role", "worker", "--prefix", "mine:"]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    secret, line = (line.partition(":")[2].strip() for line in said.splitlines())
    (tmp_path / "tokens").write_text(line + "\n")
    server = Server(tmp_path, "--tokens", "tokens")
    with Fusebox(server.url, token=secret, timeout=5.0) as local:
        assert decides_here(local.breaker("mine:a")).allowed
        foreign = local.breaker("theirs:a")
        assert foreign.acquire().source == "fallback"
        assert not local.is_away
    server.close()


def test_an_existing_breaker_is_known_from_the_first_call(server: Server, make: Make, name: str) -> None:
    server.trip(name)
    local = make(server)
    other = local.breaker(f"{name}-other")
    decides_here(other)
    decision = local.breaker(name).acquire()
    assert (decision.allowed, decision.source) == (False, "local")
