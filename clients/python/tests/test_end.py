"""A process and a Fusebox end quickly and send the waiting outcomes first, whatever the server does."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable

import pytest
from server import ROOT, Server, free_port

from fusebox import Fusebox

Make = Callable[..., Fusebox]

#: The maximum time in seconds for a process to end: the client's own limit, and a margin for a busy machine.
SOON = 4.0

SCRIPT = """
import asyncio, logging, sys, time
from fusebox import Fusebox
logging.basicConfig(format="log: %(message)s")
mode, name, *urls = sys.argv[1:]
for url in urls:
    payments = Fusebox(url, mode=mode, timeout=0.2).breaker(name)
    for _ in range(20):
        payments.call(int)
    asyncio.run(payments.call_async(asyncio.sleep, 0))
print(time.monotonic())
"""


def end_of_script(mode: str, name: str, *urls: str) -> tuple[float, str]:
    """Returns the seconds from the script's last line to the end of its process, and its error output."""
    command = [sys.executable, "-X", "dev", "-W", "error", "-c", SCRIPT, mode, name, *urls]
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "clients" / "python" / "src")}
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)
    seconds = time.monotonic() - float(ended.stdout)
    assert ended.returncode == 0
    assert all(line.startswith("log: ") for line in ended.stderr.splitlines()), ended.stderr
    return seconds, ended.stderr


@pytest.mark.parametrize("mode", ["local", "remote"])
def test_a_process_ends_quickly_if_servers_accept_and_never_answer(name: str, mode: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        seconds, said = end_of_script(mode, name, *[url] * 5)
    assert seconds < SOON
    assert said.count("21 outcomes are lost") == 5


@pytest.mark.parametrize("mode", ["local", "remote"])
def test_a_process_ends_quickly_without_a_server(name: str, mode: str) -> None:
    seconds, said = end_of_script(mode, name, *[f"http://127.0.0.1:{free_port()}"] * 5)
    assert seconds < SOON
    assert said.count("21 outcomes are lost") == 5


@pytest.mark.parametrize("mode", ["local", "remote"])
def test_an_unreachable_server_does_not_delay_the_reports_to_another(server: Server, name: str, mode: str) -> None:
    server.put_counting(name)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        seconds, _ = end_of_script(mode, name, f"http://127.0.0.1:{silent.getsockname()[1]}", server.url)
    assert seconds < SOON
    assert server.counted(name) == (21, 0)


def work(fb: Fusebox, name: str, times: int) -> None:
    payments = fb.breaker(name)
    for _ in range(times):
        assert payments.call(int, "7") == 7
        with pytest.raises(ValueError):
            payments.call(int, "x")
    assert asyncio.run(payments.call_async(asyncio.sleep, 0, 7)) == 7


@pytest.mark.parametrize("mode", ["local", "remote"])
@pytest.mark.parametrize("is_used_before", [False, True])
def test_a_closed_fusebox_decides_alone_and_starts_no_threads(
    server: Server, make: Make, name: str, mode: str, is_used_before: bool
) -> None:
    before = set(threading.enumerate())
    server.put_counting(name)
    fb = make(server, mode=mode, unreachable="allow")
    if is_used_before:
        work(fb, name, 1)
    fb.close()
    fb.close()
    counted = server.counted(name)
    assert counted == ((3, 1) if is_used_before else (0, 0))
    work(fb, name, 200)
    assert fb.breaker(name).acquire().source == "fallback"
    assert not fb.flush(0.01)
    assert set(threading.enumerate()) <= before
    assert (fb.statistics.waiting, fb.statistics.dropped) == (0, 401)
    assert server.counted(name) == counted


@pytest.mark.parametrize("mode", ["local", "remote"])
def test_calls_continue_if_no_thread_can_start_and_are_reported_at_the_end(
    server: Server, make: Make, name: str, mode: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From Python 3.12 on, functions that ``atexit`` runs cannot start threads."""

    def refuse(thread: threading.Thread) -> None:
        raise RuntimeError("can't create new thread at interpreter shutdown")

    server.put_counting(name)
    with make(server, mode=mode) as fb:
        with monkeypatch.context() as patch:
            patch.setattr(threading.Thread, "start", refuse)
            work(fb, name, 1)
            fb.close()
    assert server.counted(name) == (3, 1)
