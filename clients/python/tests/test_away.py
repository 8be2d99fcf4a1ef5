"""What becomes of calls while Fusebox is away, and of their outcomes when it is back."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any, Optional

import pytest
from doubtful import Doubtful
from server import Server, eventually, free_port
from wire import Wire

from fusebox import Breaker, BreakerOpen, Decision, Fusebox
from fusebox.integrations.unavailable import body_of, headers_of

Make = Callable[..., Fusebox]


@pytest.fixture
def nobody() -> Iterator[Callable[..., Fusebox]]:
    """A Fusebox at an address where nobody listens."""
    made: list[Fusebox] = []

    def make(**options: Any) -> Fusebox:
        made.append(Fusebox(f"http://127.0.0.1:{free_port()}", **options))
        return made[-1]

    yield make
    for each in made:
        each.close()


@pytest.mark.parametrize("mode", ["local", "remote"])
@pytest.mark.parametrize(("unreachable", "allowed"), [("local", True), ("allow", True), ("deny", False)])
def test_the_policy_for_it_decides(nobody: Make, mode: str, unreachable: str, allowed: bool) -> None:
    fb = nobody(mode=mode, unreachable=unreachable)
    decision = fb.breaker("payments").acquire()
    assert (decision.allowed, decision.source) == (allowed, "fallback")
    assert fb.is_away
    assert fb.statistics.decisions_alone == 1


def test_one_that_is_closed_and_denies_says_no_time(nobody: Make) -> None:
    fb = nobody(unreachable="deny")
    payments = fb.breaker("payments")
    fb.close()
    with pytest.raises(BreakerOpen) as denied:
        payments.call(int)
    assert denied.value.retry_after is None
    assert body_of(denied.value)["retry_after"] is None and "Retry-After" not in headers_of(denied.value)


def test_a_breaker_of_this_process_denies_after_five_failures(nobody: Make) -> None:
    payments = nobody().breaker("payments")
    for _ in range(5):
        with pytest.raises(ValueError):
            payments.call(int, "x")
    with pytest.raises(BreakerOpen) as denied:
        payments.call(int, "7")
    assert denied.value.retry_after is not None and 59 < denied.value.retry_after <= 60
    assert payments.state == "open"


def test_going_and_coming_are_logged_once_each(
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
    eventually("it is asked again", lambda: payments.acquire().source == "server")
    said = [record.getMessage().split(":")[0].split(";")[0] for record in caplog.records]
    assert said == ["Fusebox is unreachable", "Fusebox is reachable again"]
    assert fb.statistics.decisions_alone >= 20
    assert fb.statistics.departures == 1


@pytest.mark.parametrize("mode", ["local", "remote"])
def test_a_server_that_does_not_answer_costs_one_call_its_time_out(mode: Any) -> None:
    with Doubtful(lambda path, body: None) as server, Fusebox(server.url, mode=mode, timeout=0.2) as fb:
        payments, reach = fb.breaker("payments"), fb._authority.reach

        def ask(times: int) -> int:
            """How many requests that takes."""
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
        assert ask(1) == 1, "it is asked again when it is time"
        assert fb.statistics.decisions_alone == 1_002


def test_outcomes_wait_and_count_once(own_server: Server, make: Make, name: str) -> None:
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
    assert eventually("all is sent", lambda: fb.flush(5))
    assert own_server.counted(name) == (21, 3)
    assert (fb.statistics.waiting, fb.statistics.dropped) == (0, 0)


def test_what_is_reported_later_waits_behind_what_could_not_be_sent(own_server: Server, make: Make, name: str) -> None:
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
        eventually("they could not be sent", lambda: sender._retry_at > time.monotonic() and len(outbox) == 2)
        sender._retry_at = time.monotonic() + 1_000
        wire.mend()
        eventually("it is asked again", lambda: payments.acquire().source == "server")
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
    for number in range(30):  # Alternately, so that no two become one report.
        payments.report("failure" if number % 2 else "success", payments.acquire(), kind="k")
    eventually("twenty are dropped", lambda: fb.statistics.dropped == 20)
    own_server.start()
    assert eventually("the rest is sent", lambda: fb.flush(5))
    assert own_server.counted(name) == (11, 5)


def test_the_last_known_policy_and_state_decide(own_server: Server, make: Make, name: str) -> None:
    own_server.put(name, failure_threshold=2, recovery_timeout_ms=60_000)
    opened = f"{name}-open"
    own_server.put(opened, recovery_timeout_ms=60_000)
    own_server.trip(opened)
    fb = make(own_server, max_staleness=0.5)
    payments, other = fb.breaker(name), fb.breaker(opened)
    eventually("both are known", lambda: payments.acquire().source == other.acquire().source == "local")
    eventually("so is the policy", lambda: fb._authority.panel.cell(name).policy is not None)
    own_server.kill()
    eventually("it is away", lambda: payments.acquire().source == other.acquire().source == "fallback")
    for _ in range(2):
        with pytest.raises(ValueError):
            payments.call(int, "x")
    assert not payments.acquire().allowed
    decision = other.acquire()
    assert (decision.allowed, decision.state) == (False, "open")
    assert decision.retry_after is not None and 0 < decision.retry_after < 60


def test_who_begins_while_it_is_away_believes_the_panel_once_it_is_there(
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
    eventually("the panel is believed", lambda: payments.acquire().source == "local")
    # Of a breaker that was never heard of the generation is not known, and their failures may trip it.
    eventually("outcomes are sent", lambda: fb.flush(5))
    own_server.reset(name)
    eventually("it says closed", lambda: payments.state == "closed" and payments.acquire().source == "local")
    own_server.kill()
    eventually("it is away again", lambda: payments.acquire().source == "fallback")
    assert payments.acquire().allowed, "what was decided in the first absence is over"


def test_the_panel_counts_again_when_it_is_back(own_server: Server, make: Make, name: str) -> None:
    heard: list[tuple[Optional[str], str, str]] = []
    payments = make(own_server, max_staleness=0.5).breaker(name)
    payments.listen(lambda change: heard.append((change.before, change.after, change.source)))
    eventually("the panel decides", lambda: payments.acquire().source == "local")
    own_server.kill()
    eventually("it is away", lambda: payments.acquire().source == "fallback")
    for _ in range(5):
        with pytest.raises(ValueError):
            payments.call(int, "x")
    assert payments.state == "open"
    own_server.start()
    eventually("it is back", lambda: payments.acquire().source == "local")
    own_server.reset(name)
    eventually("the panel is believed", lambda: payments.state == "closed")
    assert heard[0] == ("closed", "open", "fallback")
    assert heard[-1][:2] == ("open", "closed")


@pytest.mark.parametrize(("mode", "allowed"), [("force_open", False), ("force_closed", True)])
def test_the_last_known_override_is_obeyed(own_server: Server, make: Make, name: str, mode: str, allowed: bool) -> None:
    fb = make(own_server, max_staleness=0.5, unreachable="deny" if allowed else "allow")
    payments = fb.breaker(name)
    eventually("the panel decides", lambda: payments.acquire().source == "local")
    if allowed:
        own_server.trip(name)
        eventually("it denies", lambda: not payments.acquire().allowed)
    own_server.override(name, mode)
    eventually("it is known", lambda: (d := payments.acquire()).source == "local" and d.allowed == allowed)
    own_server.kill()
    decision = eventually("it is away", lambda: (d := payments.acquire()).source == "fallback" and d)
    assert isinstance(decision, Decision) and decision.allowed == allowed


@pytest.mark.parametrize("unreachable", ["local", "allow", "deny"])
def test_what_is_shut_for_good_stays_so_where_each_call_asks(
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
    eventually("it is asked again", lambda: payments.acquire().source == "server")
    own_server.reset(name)
    eventually("it lets calls through", lambda: (d := payments.acquire()).source == "server" and d.state == "closed")
    own_server.kill()
    assert payments.acquire().allowed == (unreachable != "deny"), "the override is over"


def test_what_was_shut_for_good_and_is_gone_is_not_denied(own_server: Server, make: Make, name: str) -> None:
    own_server.put(name)
    own_server.override(name, "force_open")
    payments = make(own_server, max_staleness=0.5).breaker(name)
    assert payments.acquire().source == "server"
    eventually("the panel decides", lambda: payments.acquire().source == "local")
    own_server.ask("DELETE", f"/v1/breakers/{name}")
    eventually("it is heard of", lambda: payments._cell.standing.state is None)
    own_server.kill()
    assert payments.acquire().allowed


def test_a_stale_panel_is_not_believed(own_server: Server, make: Make, name: str) -> None:
    payments = make(own_server, max_staleness=1.0, timeout=0.2).breaker(name)
    eventually("the panel decides", lambda: payments.acquire().source == "local")
    own_server.pause()
    eventually("it is asked in vain", lambda: payments.acquire().source == "fallback")
    own_server.resume()
    eventually("it is fresh again", lambda: payments.acquire().source == "local")


def test_a_probe_that_is_granted_too_late_is_given_back(own_server: Server, make: Make, name: str) -> None:
    payments = make(own_server, mode="remote", timeout=0.2).breaker(name)
    payments.call(int)
    own_server.reset(name, to="half_open")
    own_server.trip(name)  # Changes nothing, but tells that all before has been stored.
    payments.give_back(payments.acquire())
    eventually("it was the probe, and is free", lambda: own_server.breaker(name)["probes"]["in_flight"] == 0)
    own_server.pause()
    assert payments.acquire().source == "fallback"
    own_server.resume()
    eventually("it was granted and given back", lambda: own_server.breaker(name)["probes"]["in_flight"] == 0)
    decision = eventually("it is asked again", lambda: (d := payments.acquire()).source == "server" and d)
    assert isinstance(decision, Decision) and decision.is_probe
    assert own_server.breaker(name)["probes"]["lost"] == 0


def hammer(payments: Breaker, until: threading.Event, made: list[int]) -> None:
    while not until.is_set():
        payments.call(int, "7")
        made.append(1)
        time.sleep(0.0005)


def kill_in_the_midst_of_it(server: Server, fb: Fusebox, name: str) -> None:
    calls, _ = server.counted(name)
    eventually("it counts", lambda: server.counted(name)[0] > calls)
    server.kill()
    alone = fb.statistics.decisions_alone
    eventually("calls go on without it", lambda: fb.statistics.decisions_alone > alone + 20)


@pytest.mark.parametrize("mode", ["local", "remote"])
def test_killing_and_restarting_it_under_load_fails_no_call_and_counts_none_twice(
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
    assert eventually("all is sent", lambda: fb.flush(5))
    assert fb.statistics.dropped == 0
    assert own_server.counted(name) == (sum(map(len, made)), 0)
