"""Real processes of the examples, and HTTP requests to them."""

from __future__ import annotations

import os
import pathlib
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
from server import eventually, free_port

FOLDER = pathlib.Path(__file__).parents[1]
EXAMPLES = FOLDER / "examples"


def environment(**variables: str) -> dict[str, str]:
    """Returns this process' environment, in which Python can import the package and the examples."""
    path = os.pathsep.join([str(FOLDER / "src"), str(EXAMPLES), str(FOLDER / "benchmarks")])
    return {**os.environ, "PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1", **variables}


@contextmanager
def process(log: pathlib.Path, module: str, *arguments: str, **variables: str) -> Iterator[subprocess.Popen[bytes]]:
    """Runs ``python -m module``. It is terminated after the block, and killed with its children if it does not end."""
    command = [sys.executable, "-m", module, *arguments]
    with log.open("wb") as output:
        running = subprocess.Popen(
            command, stdout=output, stderr=subprocess.STDOUT, env=environment(**variables), start_new_session=True
        )
    try:
        yield running
    finally:
        running.terminate()
        try:
            running.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(running.pid, signal.SIGKILL)
            running.wait()


@contextmanager
def gunicorn(log: pathlib.Path, app: str, workers: int, **variables: str) -> Iterator[str]:
    """Runs an application in worker processes, forked from one process that has loaded it. Yields its URL."""
    port = free_port()
    options = ["--worker-class", "uvicorn_worker.UvicornWorker", "--workers", str(workers), "--preload"]
    with process(log, "gunicorn", *options, "--bind", f"127.0.0.1:{port}", app, **variables) as running:

        def are_ready() -> bool:
            assert running.poll() is None, log.read_text()
            return log.read_text().count("Application startup complete") == workers

        eventually("all workers run", are_ready, within=120)
        yield f"http://127.0.0.1:{port}"


def is_there(url: str) -> bool:
    try:
        return httpx.get(url).is_success
    except httpx.TransportError:
        return False
