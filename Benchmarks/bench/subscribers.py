"""Measures how long it takes until all subscribers have received the trip of a breaker."""

import selectors
import socket
import time
from functools import partial
from statistics import median

from bench.figures import Sample
from bench.plan import Bench, BenchError, Plan
from bench.scenario import Scenario, breaker_name
from bench.servers import HOST, FuseboxServer

# A single failure trips, so that each request, with its commit, makes one change.
TRIP_AT_ONCE = "default: { policy: { failure_threshold: 1 } }\n"
# Breakers that trip, one after another, in one sample.
TRIPS = 20
# How long a subscriber waits for the trip; one without it by then counts as a fault.
PATIENCE_SECONDS = 30

TRIPPED = b"\nevent: transition\n"


class Subscriber:
    """A client of the stream, which reads events and looks for the trip."""

    def __init__(self, port: int, revision: int) -> None:
        self.connection = socket.create_connection((HOST, port), timeout=PATIENCE_SECONDS)
        self.connection.sendall(b"GET /v1/events?after=%d HTTP/1.1\r\nhost: bench\r\n\r\n" % revision)
        self.unread = b""
        while b": ok\n\n" not in self.unread:
            self.read()
        self.unread = b""
        self.connection.setblocking(False)

    def read(self) -> None:
        received = self.connection.recv(65_536)
        if not received:
            raise BenchError(f"a stream ended: {self.unread[-300:]!r}")
        self.unread += received

    def knows(self) -> bool:
        """Reads, and returns whether the trip has arrived since the last trip."""
        self.read()
        if TRIPPED not in self.unread or not self.unread.rstrip(b"\r").endswith(b"\n\r\n"):
            return False
        self.unread = b""
        return True


def measure_trip(bench: Bench, subscribers: int) -> Sample:
    """Measures the milliseconds from sending the failure that trips: until its answer, which is after the commit, and
    until the first, the middle and the last subscriber has the change. Returns the medians of all trips, and the
    longest."""
    names = [breaker_name(index) for index in range(TRIPS)]
    with bench.folder() as folder, FuseboxServer(folder, bench.fusebox, TRIP_AT_ONCE) as server:
        for name in names:
            server.ask("POST", f"/v1/breakers/{name}/acquire")
        followers = [Subscriber(server.port, len(names)) for _ in range(subscribers)]
        reporter = socket.create_connection((HOST, server.port), timeout=PATIENCE_SECONDS)
        try:
            trips = [trip(name, reporter, followers) for name in names]
        finally:
            for each in [reporter, *(follower.connection for follower in followers)]:
                each.close()
    figures = list(zip(*trips))
    sample = {name: median(values) for name, values in zip(("answered_ms", "first_ms", "half_ms", "last_ms"), figures)}
    return sample | {"longest_ms": max(figures[3])}


def trip(name: str, reporter: socket.socket, followers: list[Subscriber]) -> tuple[float, float, float, float]:
    """Returns the times of the report's answer, and of the first, the middle and the last follower, in milliseconds."""
    with selectors.DefaultSelector() as selector:
        for follower in followers:
            selector.register(follower.connection, selectors.EVENT_READ, follower)
        selector.register(reporter, selectors.EVENT_READ, None)
        began = time.perf_counter()
        reporter.sendall(b"POST /v1/breakers/%s/report?outcome=failure HTTP/1.1\r\nhost: bench\r\n\r\n" % name.encode())
        answered, known = None, []
        while answered is None or len(known) < len(followers):
            ready = selector.select(PATIENCE_SECONDS)
            if not ready:
                raise BenchError(f"{len(known)} of {len(followers)} know of the trip after {PATIENCE_SECONDS} s")
            for key, _ in ready:
                if key.data is None:
                    answer = reporter.recv(65_536)
                    if not answer.startswith(b"HTTP/1.1 200 ") or b'"state":"open"' not in answer:
                        raise BenchError(f"the report did not trip: {answer!r}")
                    answered = (time.perf_counter() - began) * 1_000
                elif key.data.knows():
                    known.append((time.perf_counter() - began) * 1_000)
    return answered, known[0], median(known), known[-1]


def streams(plan: Plan) -> list[Scenario]:
    sides = {f"{count:,}".replace(",", " "): partial(measure_trip, subscribers=count) for count in plan.subscribers}
    return [Scenario("stream-trip", "a trip sent to subscribers", sides)]
