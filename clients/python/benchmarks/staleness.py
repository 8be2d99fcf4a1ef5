"""How long after a trip the last of many local clients denies.

The clients are in several processes, as an application's are. A trip's beginning is the instant that the server has
committed it at, by the same machine's clock; its end is when a client that has just heard of it has denied a call.
"""

from __future__ import annotations

import argparse
import contextlib
import multiprocessing
import pathlib
import statistics
import tempfile
import time
from datetime import datetime
from multiprocessing.connection import Connection

from server import Server, eventually

from fusebox import Breaker, Fusebox, StateChange

NAME = "bench"


def follow(url: str, clients: int, pipe: Connection) -> None:
    """Sends the instant from which each client denies, after each trip; ends when told to."""
    boxes = [Fusebox(url, timeout=5.0) for _ in range(clients)]
    denied: list[float] = []

    def deny(breaker: Breaker) -> None:
        @breaker.listen
        def tell(change: StateChange) -> None:
            if change.after == "open" and not breaker.acquire().allowed:
                denied.append(time.time())

    for box in boxes:
        breaker = box.breaker(NAME)
        deny(breaker)
        wait_for_panel(breaker)
    pipe.send("ready")
    while pipe.recv() == "trip":
        eventually("all deny", lambda: len(denied) >= clients)
        pipe.send(list(denied))
        denied.clear()
    for box in boxes:
        box.close()


def wait_for_panel(breaker: Breaker) -> None:
    eventually("the panel decides", lambda: breaker.acquire().source == "local")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--processes", type=int, default=8)
    parser.add_argument("--clients", type=int, default=200)
    parser.add_argument("--trips", type=int, default=20)
    options = parser.parse_args()
    spawn = multiprocessing.get_context("spawn")
    first: list[float] = []
    last: list[float] = []
    with contextlib.ExitStack() as ending:
        server = Server(pathlib.Path(ending.enter_context(tempfile.TemporaryDirectory())))
        ending.callback(server.close)
        server.put(NAME)
        pipes = []
        for _ in range(options.processes):
            here, there = spawn.Pipe()
            arguments = (server.url, options.clients // options.processes, there)
            process = spawn.Process(target=follow, args=arguments)
            process.start()
            ending.callback(process.join)
            pipes.append(here)
        for pipe in pipes:
            assert pipe.recv() == "ready"
        for _ in range(options.trips):
            server.trip(NAME)
            for pipe in pipes:
                pipe.send("trip")
            denied = [instant for pipe in pipes for instant in pipe.recv()]
            since = datetime.fromisoformat(server.breaker(NAME)["since"].replace("Z", "+00:00")).timestamp()
            first.append(min(denied) - since)
            last.append(max(denied) - since)
            server.reset(NAME)
        for pipe in pipes:
            pipe.send("end")
    for who, each in (("first", first), ("last", last)):
        median, most = statistics.median(each) * 1e3, max(each) * 1e3
        print(
            f"{options.clients} clients, {options.trips} trips: the {who} after {median:.1f} ms, at most {most:.1f} ms"
        )


if __name__ == "__main__":
    main()
