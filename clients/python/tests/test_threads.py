"""Many threads, event loops and processes lose no outcomes, share no connections and leave no resources open."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
import traceback
import warnings
from collections.abc import Callable
from typing import Any

import pytest
from doubtful import Doubtful, problem
from server import PATIENCE, ROOT, Server, eventually

from fusebox import Breaker, BreakerOpen, Fusebox, StateChange
from fusebox.standing import Freshness
from fusebox.threads import Threads

Make = Callable[..., Fusebox]

THREADS = 8
CALLS = 200


def in_threads(work: Callable[[int], None]) -> None:
    mistakes: list[BaseException] = []

    def run(number: int) -> None:
        try:
            work(number)
        except BaseException as mistake:
            mistakes.append(mistake)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert mistakes == []


@pytest.mark.parametrize("mode", ["local", "remote"])
def test_every_outcome_of_many_threads_is_counted(server: Server, make: Make, name: str, mode: str) -> None:
    server.put_counting(name)
    fb = make(server, mode=mode)
    payments = fb.breaker(name)

    def work(number: int) -> None:
        for call in range(CALLS):
            try:
                payments.call(int, "x" if call % 10 == number % 10 else "7")
            except ValueError:
                pass

    in_threads(work)
    assert fb.flush(30)
    assert server.counted(name) == (THREADS * CALLS, THREADS * CALLS // 10)


@pytest.mark.parametrize("mode", ["local", "remote"])
def test_one_of_many_threads_gets_the_probe(server: Server, make: Make, name: str, mode: str) -> None:
    payments = make(server, mode=mode).breaker(name)
    payments.call(int)
    server.reset(name, to="half_open")
    if mode == "local":
        eventually("the half-open state is known", lambda: payments.state == "half_open")
    probes: list[int] = []
    all_asked = threading.Barrier(THREADS)

    def work(number: int) -> None:
        decision = payments.acquire()
        if decision.allowed:
            probes.append(number)
        all_asked.wait()
        if decision.allowed:
            payments.report("success", decision)

    in_threads(work)
    assert len(probes) == 1
    eventually("the breaker closes", lambda: server.state(name) == "closed")


@pytest.mark.parametrize("mode", ["local", "remote"])
def test_event_loops_in_many_threads_share_a_breaker(server: Server, make: Make, name: str, mode: str) -> None:
    server.put_counting(name)
    fb = make(server, mode=mode)

    @fb.breaker(name)
    async def charge(number: int) -> int:
        await asyncio.sleep(0)
        return number

    async def main() -> None:
        assert await asyncio.gather(*(charge(number) for number in range(50))) == list(range(50))

    def work(number: int) -> None:
        asyncio.run(main())
        asyncio.run(main())

    in_threads(work)
    assert fb.flush(30)
    assert server.counted(name) == (THREADS * 100, 0)


@pytest.mark.parametrize("mode", ["local", "remote"])
@pytest.mark.parametrize("after_ms", [0, 1, 2, 3, 5, 8])
def test_tasks_cancelled_at_any_moment_lose_no_probe(
    server: Server, make: Make, name: str, mode: str, after_ms: int
) -> None:
    """``test_interrupted`` tests each moment separately."""
    fb = make(server, mode=mode)
    payments = fb.breaker(name)
    payments.call(int)
    server.reset(name, to="half_open")
    if mode == "local":
        eventually("the half-open state is known", lambda: payments.state == "half_open")

    async def main() -> None:
        for _ in range(5):
            tasks = [asyncio.ensure_future(payments.call_async(asyncio.sleep, 60)) for _ in range(5)]
            await asyncio.sleep(after_ms / 1_000)
            for task in tasks:
                task.cancel()
            for result in await asyncio.gather(*tasks, return_exceptions=True):
                assert isinstance(result, (asyncio.CancelledError, BreakerOpen))

    asyncio.run(main())
    # The requests in flight end, and the probes that are then given back are reported.
    fb.close()
    eventually("no probe is in flight", lambda: server.breaker(name)["probes"]["in_flight"] == 0)
    assert server.breaker(name)["probes"]["lost"] == 0
    assert server.state(name) == "half_open"
    with Fusebox(server.url, mode="remote", timeout=5.0) as other:
        assert other.breaker(name).acquire().is_probe


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit, GeneratorExit, asyncio.CancelledError])
def test_an_interruption_or_a_cancellation_gives_the_probe_back(
    server: Server, make: Make, name: str, error: type[BaseException]
) -> None:
    payments = make(server).breaker(name)
    payments.call(int)
    server.reset(name, to="half_open")

    def end() -> None:
        raise error

    eventually("the call is the probe", lambda: ends_with(error, payments, end))
    eventually("the probe is given back", lambda: server.breaker(name)["probes"]["in_flight"] == 0)
    assert (server.state(name), server.breaker(name)["probes"]["lost"]) == ("half_open", 0)


def ends_with(error: type[BaseException], payments: Breaker, end: Callable[[], None]) -> bool:
    """Returns whether the call was made as the probe."""
    if payments.state == "closed":
        return False
    with pytest.raises(error):
        payments.call(end)
    return True


def in_child(work: Callable[[], None]) -> None:
    """Runs ``work`` in a forked child, and fails if it fails there."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # The tests fork with threads on purpose.
        child = os.fork()
    if child == 0:
        status = 1
        signal.alarm(int(PATIENCE))  # This ends a child that hangs.
        try:
            work()
            status = 0
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(status)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 0


@pytest.mark.parametrize("mode", ["local", "remote"])
def test_a_forked_child_decides_and_reports_on_its_own(server: Server, make: Make, name: str, mode: str) -> None:
    server.put_counting(name)
    fb = make(server, mode=mode)
    payments = fb.breaker(name)
    for _ in range(20):
        payments.call(int)
    inherited = {socket.fileno() for socket in fb._authority.link.sockets}
    parents = {os.readlink(f"/proc/self/fd/{number}") for number in inherited}

    def work() -> None:
        open_here = {
            os.readlink(f"/proc/self/fd/{number}") for number in os.listdir("/proc/self/fd") if is_open(number)
        }
        assert parents and not parents & open_here, "the child shares a connection with its parent"
        for _ in range(30):
            payments.call(int)
        if mode == "local":
            eventually("the child's own panel decides", lambda: payments.acquire().source == "local")
        assert fb.flush(10)
        fb.close()

    for _ in range(3):
        in_child(work)
    for _ in range(10):
        payments.call(int)
    assert fb.flush(10)
    assert server.counted(name) == (20 + 3 * 30 + 10, 0)


def is_open(number: str) -> bool:
    try:
        os.stat(f"/proc/self/fd/{number}")
    except OSError:
        return False
    return True


@pytest.mark.parametrize("mode", ["local", "remote"])
def test_a_child_that_is_forked_while_threads_work_does_not_hang(
    server: Server, make: Make, name: str, mode: str
) -> None:
    server.put_counting(name)
    fb = make(server, mode=mode)
    payments = fb.breaker(name)
    until = threading.Event()

    def work() -> None:
        while not until.is_set():
            payments.call(int)

    def work_in_child() -> None:
        for _ in range(10):
            payments.call(int)
        assert fb.flush(10)
        fb.close()

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    try:
        for _ in range(20):
            in_child(work_in_child)
    finally:
        until.set()
        for thread in threads:
            thread.join()


def test_a_forked_child_ends_its_call_although_the_local_breaker_is_locked() -> None:
    with Doubtful(lambda path, body: problem(503, "unavailable")) as server, Fusebox(server.url) as fb:
        payments = fb.breaker("payments")
        decision = payments.acquire()
        stand_in = payments._cell.stand_in
        assert decision.source == "fallback" and stand_in is not None
        with stand_in._lock:  # Another thread may hold it at the fork.
            in_child(lambda: payments.report("failure", decision))
        payments.report("failure", decision)
        assert stand_in._streak == 1


def call_in_process(url: str, name: str) -> None:
    payments = Fusebox(url, timeout=5.0).breaker(name)
    for _ in range(10):
        payments.call(int)


def call_inherited(payments: Breaker) -> None:
    for _ in range(10):
        payments.call(int)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # The test forks with threads on purpose.
def test_multiprocessing_children_report_before_they_end(server: Server, make: Make, name: str) -> None:
    server.put_counting(name)
    payments = make(server).breaker(name)
    payments.call(int)
    forked = multiprocessing.get_context("fork").Process(target=call_inherited, args=(payments,))
    spawned = multiprocessing.get_context("spawn").Process(target=call_in_process, args=(server.url, name))
    for child in (forked, spawned):
        child.start()
        child.join()
        assert child.exitcode == 0
    eventually("all calls are counted", lambda: server.counted(name) == (21, 0))


SCRIPT = """
import asyncio, sys
from fusebox import Fusebox
payments = Fusebox(sys.argv[1], mode=sys.argv[2], timeout=5.0).breaker(sys.argv[3])
async def charge():
    await asyncio.sleep(0)
async def main():
    asyncio.get_running_loop().slow_callback_duration = 60.0  # A busy machine is slow.
    await asyncio.gather(*(payments.call_async(charge) for _ in range(20)))
payments.call(int)
asyncio.run(main())
"""


@pytest.mark.parametrize("mode", ["local", "remote"])
def test_a_script_reports_all_outcomes_and_ends_without_warnings(server: Server, name: str, mode: str) -> None:
    server.put_counting(name)
    command = [sys.executable, "-X", "dev", "-W", "error", "-c", SCRIPT, server.url, mode, name]
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "clients" / "python" / "src")}
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "")
    assert server.counted(name) == (21, 0)


def test_close_ends_threads_and_connections(server: Server, make: Make, name: str) -> None:
    before = set(threading.enumerate())
    fb = make(server)
    payments = fb.breaker(name)
    eventually("the panel decides", lambda: payments.acquire().source == "local")
    asyncio.run(payments.call_async(asyncio.sleep, 0))
    sockets = list(fb._authority.link.sockets)
    assert sockets and set(threading.enumerate()) > before
    fb.close()
    gc.collect()
    assert set(threading.enumerate()) <= before
    assert all(socket.fileno() == -1 for socket in sockets)
    assert payments.call(int, "7") == 7, "calls continue without the server"
    assert payments.acquire().source == "fallback"


def test_an_event_during_the_close_does_not_let_the_panel_decide_again(
    server: Server, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    fb = Fusebox(server.url, max_staleness=1.0)
    payments = fb.breaker(name)
    eventually("the panel decides", lambda: payments.acquire().source == "local")
    follower = fb._authority.follower
    assert follower is not None
    heard, hearing = Freshness.heard, threading.Event()

    def hear_late(freshness: Freshness, said: float) -> None:
        hearing.set()
        follower._closing.wait(PATIENCE)
        time.sleep(0.1)
        heard(freshness, said)

    monkeypatch.setattr(Freshness, "heard", hear_late)
    assert hearing.wait(PATIENCE), "there was no heartbeat"
    fb.close()
    assert payments.acquire().source == "fallback"


def following(fb: Fusebox) -> threading.Thread:
    follower = fb._authority.follower
    assert follower is not None and follower._thread is not None
    return follower._thread


def test_after_a_listener_has_closed_its_client_the_panel_decides_nothing(
    server: Server, make: Make, name: str
) -> None:
    fb = make(server)
    payments = fb.breaker(name)
    eventually("the panel decides", lambda: payments.acquire().source == "local")
    thread = following(fb)
    fb.listen(lambda change: fb.close())
    server.trip(name)
    thread.join(PATIENCE)
    assert not thread.is_alive()
    assert payments.acquire().source == "fallback"


def test_after_a_listener_that_takes_longer_than_the_close_the_panel_decides_nothing(
    server: Server, make: Make, name: str
) -> None:
    fb = make(server)
    payments = fb.breaker(name)
    eventually("the panel decides", lambda: payments.acquire().source == "local")
    thread = following(fb)
    begun, may_end = threading.Event(), threading.Event()

    def listen(change: StateChange) -> None:
        begun.set()
        may_end.wait(PATIENCE)

    fb.listen(listen)
    server.trip(name)
    assert begun.wait(PATIENCE)
    fb.close()
    assert thread.is_alive()
    may_end.set()
    thread.join(PATIENCE)
    assert not thread.is_alive()
    assert payments.acquire().source == "fallback"


def open_sockets() -> set[str]:
    """Returns the open sockets of the whole process, from the kernel."""
    folder = "/proc/self/fd"
    targets = []
    for number in os.listdir(folder):
        with contextlib.suppress(FileNotFoundError):  # The descriptor of the listing is closed.
            targets.append(os.readlink(f"{folder}/{number}"))
    return {target for target in targets if target.startswith("socket:")}


@pytest.mark.skipif(not os.path.exists("/proc/self/fd"), reason="there is no /proc/self/fd")
@pytest.mark.parametrize("mode", ["local", "remote"])
def test_threads_loops_and_cancelled_tasks_leave_no_socket_open(server: Server, name: str, mode: Any) -> None:
    server.put_counting(name)
    server.breaker(name)
    gc.collect()
    before = open_sockets()
    fb = Fusebox(server.url, mode=mode, timeout=5.0)
    payments = fb.breaker(name)

    async def main() -> None:
        for after in range(5):
            tasks = [asyncio.ensure_future(payments.call_async(asyncio.sleep, number % 2 * 60)) for number in range(10)]
            await asyncio.sleep(after / 1_000)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def work(number: int) -> None:
        payments.call(int)
        asyncio.run(main())

    in_threads(work)
    assert open_sockets() - before, "the client has connections"
    fb.close()
    gc.collect()
    eventually("no socket is left open", lambda: open_sockets() <= before)


def test_a_thousand_unused_instances_start_no_threads(server: Server) -> None:
    before = threading.active_count()
    made = [Fusebox(server.url) for _ in range(1_000)]
    for fb in made:
        fb.breaker("payments")
    assert threading.active_count() == before
    for fb in made:
        fb.close()


@pytest.mark.parametrize("has_begun", [False, True])
def test_the_result_for_a_cancelled_task_is_handed_over(has_begun: bool) -> None:
    threads = Threads(1, "test")
    is_busy, may_end, has_ended = threading.Event(), threading.Event(), threading.Event()
    told: list[str] = []

    def work() -> str:
        is_busy.set()
        may_end.wait()
        return "result"

    def abandoned(result: str) -> None:
        told.append(result)
        has_ended.set()

    async def main() -> None:
        busy = None if has_begun else asyncio.ensure_future(threads.run(work))
        task = asyncio.ensure_future(threads.run(work, abandoned=abandoned, unsent=lambda: told.append("unsent")))
        while not is_busy.is_set():
            await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        may_end.set()
        if busy is not None:
            await busy

    asyncio.run(main())
    if has_begun:
        assert has_ended.wait(30)
    threads.close()
    assert told == (["result"] if has_begun else ["unsent"])
