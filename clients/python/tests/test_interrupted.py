"""A cancellation, an interrupt or a fork during a call loses no outcome and no probe."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import pytest
from doubtful import CLOSED, POLICY, PROBE, Answer, Doubtful, accepted, answer
from server import ROOT, eventually
from test_threads import in_child

from fusebox import Fusebox, connection
from fusebox.authority import WAITING


class Gate:
    """A server that grants each call a probe, and does not answer paths that contain ``word`` until it is opened."""

    def __init__(self, word: str = "nothing") -> None:
        self.word = word
        self.opened = threading.Event()
        self.asked = threading.Event()
        self.decision = PROBE

    def __call__(self, path: str, body: Any) -> Answer:
        if self.word in path:
            self.asked.set()
            self.opened.wait(30)
        if path == "/v1/reports":
            return accepted(body)
        if path.endswith("/report"):
            return answer({"applied": True, "state": "closed"})
        return answer(self.decision if path.endswith("/acquire") else POLICY)


async def cancelled_at(moment: Callable[[], bool], call: Awaitable[Any]) -> None:
    task = asyncio.ensure_future(call)
    while not moment():
        await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


def outcomes(server: Doubtful) -> list[tuple[str, Any]]:
    """Returns the outcomes of all batches, with their permits."""
    return [(each["outcome"], each.get("permit")) for each in server.reports()]


def test_a_task_that_is_cancelled_during_its_acquire_gives_the_probe_back() -> None:
    gate = Gate("/acquire")
    with Doubtful(gate) as server, Fusebox(server.url, mode="remote", timeout=30.0) as fb:
        asyncio.run(cancelled_at(gate.asked.is_set, fb.breaker("payments").call_async(asyncio.sleep, 0)))
        assert fb.flush(30) and server.reports() == []
        gate.opened.set()
        eventually("the probe is given back", server.reports)
        assert outcomes(server) == [("ignored", PROBE["permit"])]


def test_a_task_that_is_cancelled_in_the_queue_sends_no_request() -> None:
    gate = Gate("/acquire")
    with Doubtful(gate) as server, Fusebox(server.url, mode="remote", timeout=30.0) as fb:
        payments = fb.breaker("payments")

        async def main() -> None:
            busy = [asyncio.ensure_future(payments.call_async(asyncio.sleep, 0)) for _ in range(WAITING)]
            while len(server.asked_for("/acquire")) < WAITING:
                await asyncio.sleep(0)
            began = asyncio.Event()

            async def late() -> None:
                began.set()
                await payments.call_async(asyncio.sleep, 0)

            await cancelled_at(began.is_set, late())
            gate.opened.set()
            await asyncio.gather(*busy)

        asyncio.run(main())
        assert len(server.asked_for("/acquire")) == WAITING


@pytest.mark.parametrize("mode", ["local", "remote"])
def test_a_task_that_is_cancelled_during_its_call_gives_the_probe_back(mode: Any) -> None:
    with Doubtful(Gate()) as server, Fusebox(server.url, mode=mode, timeout=30.0) as fb:
        began = threading.Event()

        async def charge() -> None:
            began.set()
            await asyncio.sleep(60)

        asyncio.run(cancelled_at(began.is_set, fb.breaker("payments").call_async(charge)))
        eventually("the probe is given back", server.reports)
        assert outcomes(server) == [("ignored", PROBE["permit"])]


def test_a_task_that_is_cancelled_during_its_report_has_reported() -> None:
    gate = Gate("/report")
    with Doubtful(gate) as server, Fusebox(server.url, mode="remote", timeout=30.0) as fb:
        asyncio.run(cancelled_at(gate.asked.is_set, fb.breaker("payments").call_async(asyncio.sleep, 0)))
        gate.opened.set()
        assert fb.flush(30)
        (report,) = server.asked_for("payments/report")
        assert (report["outcome"], report["permit"], server.reports()) == ("success", PROBE["permit"], [])


@pytest.fixture
def ctrl_c() -> Iterator[None]:
    """Makes SIGINT raise KeyboardInterrupt: a shell's background processes and their children ignore it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def interrupt(gate: Gate) -> None:
    """Interrupts this thread, as Ctrl-C does, once it waits for an answer from the gate."""
    waiting = threading.get_ident()

    def waits() -> bool:
        frame = sys._current_frames()[waiting]
        while frame.f_back is not None and frame.f_code.co_filename != connection.__file__:
            frame = frame.f_back
        return frame.f_code.co_name == "read"

    def press() -> None:
        gate.asked.wait(30)
        eventually("the thread waits for an answer", waits)
        os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=press, daemon=True).start()


def test_an_interrupted_report_is_sent_again_under_its_id(ctrl_c: None) -> None:
    gate = Gate("payments/report")
    with Doubtful(gate) as server, Fusebox(server.url, mode="remote", timeout=30.0) as fb:
        interrupt(gate)
        with pytest.raises(KeyboardInterrupt):
            fb.breaker("payments").call(int)
        gate.opened.set()
        assert fb.flush(30)
        (first,), (again,) = server.asked_for("payments/report"), server.reports()
        assert again.pop("name") == "payments"
        assert again.pop("age_ms") >= first.pop("age_ms")
        assert again == first and first["outcome"] == "success"


def test_an_interrupted_acquire_gives_the_probe_back(ctrl_c: None) -> None:
    gate = Gate("/acquire")
    with Doubtful(gate) as server, Fusebox(server.url, mode="remote", timeout=30.0) as fb:
        interrupt(gate)
        with pytest.raises(KeyboardInterrupt):
            fb.breaker("payments").call(int)
        gate.opened.set()
        eventually("the probe is given back", server.reports)
        assert outcomes(server) == [("ignored", PROBE["permit"])]


@pytest.mark.parametrize("mode", ["local", "remote"])
def test_a_child_that_is_forked_during_a_request_has_its_own_connection(mode: Any) -> None:
    gate = Gate("/acquire")
    gate.decision = CLOSED
    with Doubtful(gate) as server, Fusebox(server.url, mode=mode, timeout=30.0) as fb:
        payments = fb.breaker("payments")
        sources: list[str] = []

        def ask() -> None:
            sources.append(payments.acquire().source)

        def work_in_child() -> None:
            assert payments.acquire().source == "server"
            assert payments.call(int, "7") == 7

        asking = threading.Thread(target=ask)
        asking.start()
        assert gate.asked.wait(30)
        gate.word = "nothing"
        in_child(work_in_child)
        assert sources == []
        gate.opened.set()
        asking.join()
        assert sources == ["server"]


SCRIPT = """
import asyncio, logging, sys
from fusebox import Fusebox, connection
from fusebox.pybreaker import CircuitBreaker
logging.basicConfig(format="log: %(message)s")
fb = Fusebox(sys.argv[1], mode=sys.argv[2], timeout=0.3)
payments = fb.breaker("payments")
circuit = CircuitBreaker(name="circuit", fusebox=fb, fail_max=100)

async def fail():
    raise ValueError

async def main():
    calls = [each.call_async(f) for each in (payments, circuit) for f in (fail, forever) for _ in range(5)]
    tasks = [asyncio.ensure_future(call) for call in calls]
    await asyncio.wait(tasks, timeout=0.5)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)

async def forever():
    await asyncio.sleep(60)

for _ in range(2):
    asyncio.run(main())
fb.breaker("last").acquire()
assert fb.flush(30)
"""


@pytest.mark.parametrize("mode", ["local", "remote"])
def test_event_loops_that_end_before_their_answers_leave_no_errors(mode: str) -> None:
    """The answers to reports arrive after the event loops that waited for them have ended."""
    gate = Gate("/report")

    def answering(path: str, body: Any) -> Answer:
        if "last" in path:
            gate.opened.set()
        return gate(path, body)

    with Doubtful(answering) as server:
        command = [sys.executable, "-X", "dev", "-W", "error", "-c", SCRIPT, server.url, mode]
        environment = {**os.environ, "PYTHONPATH": str(ROOT / "clients" / "python" / "src"), "PYTHONASYNCIODEBUG": "1"}
        ended = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)
    assert ended.returncode == 0, ended.stderr
    said = [line for line in ended.stderr.splitlines() if not line.startswith("log: ")]
    assert said == [] and "destroyed" not in ended.stderr and "exception" not in ended.stderr.lower()
