"""Calls while Fusebox is unreachable, and the reports of their outcomes when it is reachable again."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Callable
from typing import Any, Optional

import pytest
from doubtful import Doubtful
from server import Server, eventually
from wire import Wire

from fusebox import Breaker, BreakerOpen, Decision, Fusebox
from fusebox.integrations.unavailable import body_of, headers_of

Make = Callable[..., Fusebox]


@pytest.mark.parametrize("mode", ["local", "remote"])
@pytest.mark.parametrize(("unreachable", "allowed"), [("local", True), ("allow", True), ("deny", False)])
def test_the_unreachable_option_decides_without_a_server(
    offline: Make, mode: str, unreachable: str, allowed: bool
) -> None:
    fb = offline(mode=mode, unreachable=unreachable)
    decision = fb.breaker("payments").acquire()
    assert (decision.allowed, decision.source) == (allowed, "fallback")
    assert fb.is_away
    assert fb.statistics.decisions_alone == 1


def test_a_denial_of_a_closed_fusebox_has_no_retry_after(offline: Make) -> None:
    fb = offline(unreachable="deny")
    payments = fb.breaker("payments")
    fb.close()
    with pytest.raises(BreakerOpen) as denied:
        payments.call(int)
    assert denied.value.retry_after is None
    assert body_of(denied.value)["retry_after"] is None and "Retry-After" not in headers_of(denied.value)


def test_a_breaker_of_the_process_denies_after_five_failures(offline: Make) -> None:
    payments = offline().breaker("payments")
    for _ in range(5):
        with pytest.raises(ValueError):
            payments.call(int, "x")
    with pytest.raises(BreakerOpen) as denied:
        payments.call(int, "7")
    assert denied.value.retry_after is not None and 59 < denied.value.retry_after <= 60
    assert payments.state == "open"


@pytest.mark.parametrize("in_async", [False, True])
def test_a_success_in_progress_when_the_stream_breaks_counts_beside_the_panel(offline: Make, in_async: bool) -> None:
    fb = offline()
    payments, freshness = fb.breaker("payments"), fb._authority.panel.freshness
    payments._cell.place("closed", 7, None, None, is_anew=True)
    freshness.heard(time.monotonic())
    in_progress = [payments.acquire() for _ in range(8)]
    assert {decision.source for decision in in_progress} == {"local"}

    def fail(count: int) -> None:
        for _ in range(count):
            payments.report("failure", in_progress.pop(), kind="timeout")

    def work() -> None:
        freshness.broke()
        fail(4)

    async def work_async() -> None:
        work()

    if in_async:
        asyncio.run(payments.call_async(work_async))
    else:
        payments.call(work)
    fail(4)
    stand_in = payments._cell.stand_in
    assert stand_in is not None and stand_in.state == "closed", "the success ended the streak"


def test_an_outage_is_logged_once_when_it_begins_and_once_when_it_ends(
    own_server: Server, make: Make, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING, "fusebox")
    fb = make(own_server, mode="remote")
    payments = fb.breaker(name)
    payments.call(int)
    own_server.kill()
    for _ in range(20):
        payments.call(int)
    own_server.start()
    eventually("the server is asked again", lambda: payments.acquire().source == "server")
    said = [record.getMessage().split(":")[0].split(";")[0] for record in caplog.records]
    assert said == ["Fusebox is unreachable", "Fusebox is reachable again"]
    assert fb.statistics.decisions_alone >= 20
    assert fb.statistics.departures == 1


@pytest.mark.parametrize("mode", ["local", "remote"])
def test_a_silent_server_delays_only_one_call_by_the_time_out(mode: Any) -> None:
    with Doubtful(lambda path, body: None) as server, Fusebox(server.url, mode=mode, timeout=0.2) as fb:
        payments, reach = fb.breaker("payments"), fb._authority.reach

        def ask(times: int) -> int:
            """Returns the number of requests that the client sends for that many calls."""
            before = len(server.asked_for("/acquire"))
            assert {payments.acquire().source for _ in range(times)} == {"fallback"}
            return len(server.asked_for("/acquire")) - before

        began = time.monotonic()
        assert ask(1) == 1
        assert time.monotonic() - began >= 0.2
        assert reach.rest(time.monotonic()) > 0
        reach._retry_at = time.monotonic() + 1_000
        assert ask(1_000) == 0
        reach._retry_at = 0.0
        assert ask(1) == 1, "the client asks again after the pause"
        assert fb.statistics.decisions_alone == 1_002


def test_outcomes_wait_for_the_server_and_count_once(own_server: Server, make: Make, name: str) -> None:
    own_server.put_counting(name)
    fb = make(own_server, mode="remote")
    payments = fb.breaker(name)
    payments.call(int)
    own_server.kill()
    for text in ["1"] * 10 + ["x"] * 3 + ["1"] * 7:
        try:
            payments.call(int, text)
        except ValueError:
            pass
    own_server.start()
    assert eventually("all reports are sent", lambda: fb.flush(5))
    assert own_server.counted(name) == (21, 3)
    assert (fb.statistics.waiting, fb.statistics.dropped) == (0, 0)


def test_a_later_report_is_sent_after_the_reports_that_wait(own_server: Server, make: Make, name: str) -> None:
    wire = Wire(own_server.port)
    own_server.put(name, failure_threshold=3)
    with Fusebox(wire.url, mode="remote", timeout=5.0, unreachable="allow") as fb:
        payments = fb.breaker(name)
        payments.call(int)
        decision = payments.acquire()
        wire.cut()
        for kind in ("timeout", "connection"):
            payments.report("failure", decision, kind=kind)
        sender, outbox = fb._authority.sender, fb._authority.outbox
        eventually("the reports cannot be sent", lambda: sender._retry_at > time.monotonic() and len(outbox) == 2)
        sender._retry_at = time.monotonic() + 1_000
        wire.mend()
        eventually("the server is asked again", lambda: payments.acquire().source == "server")
        payments.report("success", decision)
        assert fb.flush(30)
        assert own_server.breaker(name)["counts"]["consecutive_failures"] == 0
    wire.close()


def test_the_oldest_outcomes_are_dropped_and_counted(own_server: Server, make: Make, name: str) -> None:
    own_server.put_counting(name)
    fb = make(own_server, mode="remote", unreachable="allow", buffer=10)
    payments = fb.breaker(name)
    payments.call(int)
    own_server.kill()
    for number in range(30):  # The outcomes alternate, so that no two are merged into one report.
        payments.report("failure" if number % 2 else "success", payments.acquire(), kind="k")
    eventually("twenty outcomes are dropped", lambda: fb.statistics.dropped == 20)
    own_server.start()
    assert eventually("the other reports are sent", lambda: fb.flush(5))
    assert own_server.counted(name) == (11, 5)


def test_the_last_known_policy_and_state_decide(own_server: Server, make: Make, name: str) -> None:
    own_server.put(name, failure_threshold=2, recovery_timeout_ms=60_000)
    opened = f"{name}-open"
    own_server.put(opened, recovery_timeout_ms=60_000)
    own_server.trip(opened)
    fb = make(own_server, max_staleness=0.5)
    payments, other = fb.breaker(name), fb.breaker(opened)
    eventually("both breakers are known", lambda: payments.acquire().source == other.acquire().source == "local")
    eventually("the policy is known", lambda: fb._authority.panel.cell(name).policy is not None)
    own_server.kill()
    eventually("the server is unreachable", lambda: payments.acquire().source == other.acquire().source == "fallback")
    for _ in range(2):
        with pytest.raises(ValueError):
            payments.call(int, "x")
    assert not payments.acquire().allowed
    decision = other.acquire()
    assert (decision.allowed, decision.state) == (False, "open")
    assert decision.retry_after is not None and 0 < decision.retry_after < 60


def test_a_client_that_starts_without_a_server_trusts_the_panel_once_it_arrives(
    own_server: Server, make: Make, name: str
) -> None:
    own_server.kill()
    fb = make(own_server, max_staleness=0.5)
    payments = fb.breaker(name)
    for _ in range(5):
        with pytest.raises(ValueError):
            payments.call(int, "x")
    assert (payments.acquire().source, payments.state) == ("fallback", "open")
    own_server.start()
    own_server.put(name)
    eventually("the panel decides", lambda: payments.acquire().source == "local")
    # The generation of a breaker without any event is unknown, so these failures may trip it.
    eventually("all reports are sent", lambda: fb.flush(5))
    own_server.reset(name)
    eventually("the panel says closed", lambda: payments.state == "closed" and payments.acquire().source == "local")
    own_server.kill()
    eventually("the server is unreachable again", lambda: payments.acquire().source == "fallback")
    assert payments.acquire().allowed, "the state from the first outage is discarded"


def test_the_panel_decides_again_after_an_outage(own_server: Server, make: Make, name: str) -> None:
    heard: list[tuple[Optional[str], str, str]] = []
    payments = make(own_server, max_staleness=0.5).breaker(name)
    payments.listen(lambda change: heard.append((change.before, change.after, change.source)))
    eventually("the panel decides", lambda: payments.acquire().source == "local")
    own_server.kill()
    eventually("the server is unreachable", lambda: payments.acquire().source == "fallback")
    for _ in range(5):
        with pytest.raises(ValueError):
            payments.call(int, "x")
    assert payments.state == "open"
    own_server.start()
    eventually("the panel decides again", lambda: payments.acquire().source == "local")
    own_server.reset(name)
    eventually("the panel decides", lambda: payments.state == "closed")
    assert heard[0] == ("closed", "open", "fallback")
    assert heard[-1][:2] == ("open", "closed")


@pytest.mark.parametrize(("mode", "allowed"), [("force_open", False), ("force_closed", True)])
def test_the_last_known_override_is_obeyed(own_server: Server, make: Make, name: str, mode: str, allowed: bool) -> None:
    fb = make(own_server, max_staleness=0.5, unreachable="deny" if allowed else "allow")
    payments = fb.breaker(name)
    eventually("the panel decides", lambda: payments.acquire().source == "local")
    if allowed:
        own_server.trip(name)
        eventually("the breaker denies calls", lambda: not payments.acquire().allowed)
    own_server.override(name, mode)
    eventually("the override is known", lambda: (d := payments.acquire()).source == "local" and d.allowed == allowed)
    own_server.kill()
    decision = eventually("the server is unreachable", lambda: (d := payments.acquire()).source == "fallback" and d)
    assert isinstance(decision, Decision) and decision.allowed == allowed


@pytest.mark.parametrize("unreachable", ["local", "allow", "deny"])
def test_an_override_without_an_expiry_stays_in_force_during_an_outage_in_remote_mode(
    own_server: Server, make: Make, name: str, unreachable: str
) -> None:
    own_server.put(name)
    own_server.override(name, "force_open")
    payments = make(own_server, mode="remote", unreachable=unreachable).breaker(name)
    denied = (False, "open", None)
    decision = payments.acquire()
    assert (decision.source, decision[:2], decision.retry_after) == ("server", denied[:2], None)
    own_server.kill()
    for _ in range(3):
        decision = payments.acquire()
        assert (decision.source, decision[:2], decision.retry_after) == ("fallback", denied[:2], None)
    own_server.start()
    own_server.clear_override(name)
    eventually("the server is asked again", lambda: payments.acquire().source == "server")
    own_server.reset(name)
    eventually("the server allows calls", lambda: (d := payments.acquire()).source == "server" and d.state == "closed")
    own_server.kill()
    assert payments.acquire().allowed == (unreachable != "deny"), "the override has ended"


def test_a_deleted_breaker_with_an_override_is_not_denied_during_an_outage(
    own_server: Server, make: Make, name: str
) -> None:
    own_server.put(name)
    own_server.override(name, "force_open")
    payments = make(own_server, max_staleness=0.5).breaker(name)
    assert payments.acquire().source == "server"
    eventually("the panel decides", lambda: payments.acquire().source == "local")
    own_server.ask("DELETE", f"/v1/breakers/{name}")
    eventually("the deletion is known", lambda: payments._cell.standing.state is None)
    own_server.kill()
    assert payments.acquire().allowed


def test_a_stale_panel_does_not_decide(own_server: Server, make: Make, name: str) -> None:
    payments = make(own_server, max_staleness=1.0, timeout=0.2).breaker(name)
    eventually("the panel decides", lambda: payments.acquire().source == "local")
    own_server.pause()
    eventually("the server does not answer", lambda: payments.acquire().source == "fallback")
    own_server.resume()
    eventually("the panel is fresh again", lambda: payments.acquire().source == "local")


def test_a_probe_that_is_granted_after_the_time_out_is_given_back(own_server: Server, make: Make, name: str) -> None:
    payments = make(own_server, mode="remote", timeout=0.2).breaker(name)
    payments.call(int)
    own_server.reset(name, to="half_open")
    own_server.trip(name)  # This changes nothing, but its answer shows that all earlier changes are stored.
    payments.give_back(payments.acquire())
    eventually("the probe is free", lambda: own_server.breaker(name)["probes"]["in_flight"] == 0)
    own_server.pause()
    assert payments.acquire().source == "fallback"
    own_server.resume()
    eventually("the probe is granted and given back", lambda: own_server.breaker(name)["probes"]["in_flight"] == 0)
    decision = eventually("the server is asked again", lambda: (d := payments.acquire()).source == "server" and d)
    assert isinstance(decision, Decision) and decision.is_probe
    assert own_server.breaker(name)["probes"]["lost"] == 0


def hammer(payments: Breaker, until: threading.Event, made: list[int]) -> None:
    while not until.is_set():
        payments.call(int, "7")
        made.append(1)
        time.sleep(0.0005)


def kill_in_the_midst_of_it(server: Server, fb: Fusebox, name: str) -> None:
    calls, _ = server.counted(name)
    eventually("the server counts calls", lambda: server.counted(name)[0] > calls)
    server.kill()
    alone = fb.statistics.decisions_alone
    eventually("calls continue without the server", lambda: fb.statistics.decisions_alone > alone + 20)


@pytest.mark.parametrize("mode", ["local", "remote"])
def test_no_call_fails_or_counts_twice_when_the_server_is_killed_under_load(
    own_server: Server, make: Make, name: str, mode: str
) -> None:
    own_server.put_counting(name)
    fb = make(own_server, mode=mode, timeout=0.25, max_staleness=0.5)
    payments = fb.breaker(name)
    until = threading.Event()
    made: list[list[int]] = [[] for _ in range(4)]
    threads = [threading.Thread(target=hammer, args=(payments, until, each)) for each in made]
    for thread in threads:
        thread.start()
    for _ in range(3):
        kill_in_the_midst_of_it(own_server, fb, name)
        own_server.start()
    until.set()
    for thread in threads:
        thread.join()
    assert eventually("all reports are sent", lambda: fb.flush(5))
    assert fb.statistics.dropped == 0
    assert own_server.counted(name) == (sum(map(len, made)), 0)
