"""Measures the cost of a protected call, beside that of PyBreaker, in one run.

Calls a function that does nothing, in turns. A round measures each way once, so that other work of the
machine affects all alike. Prints the median of the rounds in microseconds, the least and the most, and the processor's
time, which a busy machine lengthens less. Both include the work of the package's threads, which share the interpreter.
"""

from __future__ import annotations

import argparse
import contextlib
import pathlib
import shutil
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from typing import Any

import pybreaker
import redis
from server import Server, eventually, free_port

from fusebox import Breaker, BreakerOpen, Fusebox

Way = tuple[str, Callable[[], Any]]


def nothing() -> None:
    pass


def denied(protected: Callable[[], Any], error: type[Exception]) -> Callable[[], None]:
    def call() -> None:
        try:
            protected()
        except error:
            return
        raise AssertionError("it was let through")

    return call


def fusebox_ways(server: Server, ending: contextlib.ExitStack) -> Iterator[Way]:
    server.put("bench", recovery_timeout_ms=86_400_000)
    server.put("bench-open", recovery_timeout_ms=86_400_000)
    server.trip("bench-open")
    for mode in ("local", "remote"):
        fb = ending.enter_context(Fusebox(server.url, mode=mode, timeout=5.0))
        closed, opened = fb.breaker("bench"), fb.breaker("bench-open")
        if mode == "local":
            wait_for_panel(fb, closed)
        yield f"Fusebox, {mode}", closed(nothing)
        yield f"Fusebox, {mode}, denied", denied(opened(nothing), BreakerOpen)
    alone = ending.enter_context(Fusebox(f"http://127.0.0.1:{free_port()}"))
    yield "Fusebox away, this process alone", alone.breaker("bench")(nothing)


def wait_for_panel(fb: Fusebox, breaker: Breaker) -> None:
    eventually("the panel decides", lambda: breaker.acquire().source == "local")
    eventually("the policy is known", lambda: fb._authority.panel.cell(breaker.name).policy)


def pybreaker_ways(port: int) -> Iterator[Way]:
    client = redis.Redis(port=port)
    eventually("Redis is there", lambda: _answers(client))
    for where in ("in memory", "over Redis"):
        closed, opened = (pybreaker_breaker(where, client) for _ in range(2))
        opened.open()
        yield f"PyBreaker, {where}", closed(nothing)
        yield f"PyBreaker, {where}, denied", denied(opened(nothing), pybreaker.CircuitBreakerError)


def pybreaker_breaker(where: str, client: Any) -> Any:
    storage: Any = pybreaker.CircuitMemoryStorage(pybreaker.STATE_CLOSED)
    if where == "over Redis":
        storage = pybreaker.CircuitRedisStorage(pybreaker.STATE_CLOSED, client, namespace=str(time.time_ns()))
    return pybreaker.CircuitBreaker(fail_max=5, reset_timeout=3_600, state_storage=storage)


def _answers(client: Any) -> bool:
    try:
        return bool(client.ping())
    except redis.ConnectionError:
        return False


@contextlib.contextmanager
def redis_server(folder: str) -> Iterator[int]:
    port = free_port()
    command = ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", folder]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    try:
        yield port
    finally:
        process.kill()
        process.wait()


def measure(call: Callable[[], Any], seconds: float) -> tuple[float, float]:
    """Microseconds of one call, and of the processor's time for it."""
    calls, chunk = 0, 10
    processor = time.process_time()
    began = time.perf_counter()
    while (elapsed := time.perf_counter() - began) < seconds:
        for _ in range(chunk):
            call()
        calls += chunk
        chunk = min(chunk * 2, 1_000)
    return elapsed / calls * 1e6, (time.process_time() - processor) / calls * 1e6


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--seconds", type=float, default=0.5, help="time to measure each way in each round")
    options = parser.parse_args()
    if shutil.which("redis-server") is None:
        parser.error("there is no redis-server")
    with contextlib.ExitStack() as ending:
        folder = ending.enter_context(tempfile.TemporaryDirectory())
        server = Server(pathlib.Path(folder))
        ending.callback(server.close)
        port = ending.enter_context(redis_server(folder))
        ways = [("a bare call", nothing), *fusebox_ways(server, ending), *pybreaker_ways(port)]
        samples: dict[str, list[tuple[float, float]]] = {name: [] for name, _ in ways}
        for _ in range(options.rounds):
            for name, call in ways:
                samples[name].append(measure(call, options.seconds))
    print("| µs for a call | median | least | most | processor |\n|---|---:|---:|---:|---:|")
    for name, each in samples.items():
        elapsed, processor = zip(*each)
        figures = (statistics.median(elapsed), min(elapsed), max(elapsed), statistics.median(processor))
        print(f"| {name} | {' | '.join(f'{figure:.3g}' for figure in figures)} |")


if __name__ == "__main__":
    main()
