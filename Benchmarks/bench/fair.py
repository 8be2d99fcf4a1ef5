"""Measures how much the clients of one token slow down a worker with another token."""

import hashlib
import json
import math
import multiprocessing
import os
import re
import resource
import secrets
import selectors
import socket
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache, partial
from itertools import count, cycle
from pathlib import Path
from typing import Self

from bench.figures import Sample
from bench.growth import ITEMS_PER_REQUEST, NO_RULES
from bench.plan import Bench, BenchError, Plan
from bench.scenario import Scenario
from bench.servers import HOST, FuseboxServer

CONNECTIONS = 16
# Breakers in attacks that get worse with many breakers.
BREAKERS = 10_000
# Changes by an operator, which fill the audit that the viewers read.
CHANGES = 1_000
STREAMS = 1_000
# Connections without a token, and how many files the server may open meanwhile.
IDLE_CONNECTIONS, DESCRIPTORS = 900, 700
# Reports that the worker repeats at the end.
REPEATED = 100
# How long the hostile clients wait for an answer; and how long the worker waits for one, which then counts as refused.
PATIENCE_SECONDS, WORKERS_PATIENCE_SECONDS = 60, 10
# How long the worker waits for the hostile clients' ids, at most.
IDS_PATIENCE_SECONDS = 300
# How long an attack runs before the worker's calls are timed.
RUN_UP_SECONDS = 1
# In production the loads of other tokens come from other machines. Here they get the processor time that the server
# leaves.
NICENESS = 10


class GuardedServer(FuseboxServer):
    """Fusebox with a token for the worker, one for the hostile clients, and one for the operator, which `ask` uses."""

    def __init__(
        self, folder: Path, program: Path, hostile_role: str = "worker", descriptors: int | None = None
    ) -> None:
        super().__init__(folder, program, NO_RULES, max_breakers=2 * BREAKERS)
        self.descriptors = descriptors
        roles = {"worker": "worker", "hostile": hostile_role, "operator": "operator"}
        self.secrets = {name: "fbx_" + secrets.token_hex(32) for name in roles}
        digests = {name: hashlib.sha256(secret.encode()).hexdigest() for name, secret in self.secrets.items()}
        self.tokens = folder / "tokens"
        self.tokens.write_text("".join(f"{name} {role} sha256:{digests[name]}\n" for name, role in roles.items()))
        self.tokens.chmod(0o600)
        self.headers = {"authorization": f"Bearer {self.secrets['operator']}"}

    def command(self) -> list[str]:
        limit = [] if self.descriptors is None else ["prlimit", f"--nofile={self.descriptors}"]
        return [*limit, *super().command(), "--tokens", str(self.tokens)]


def message(secret: str, method: str, path: str, body: str = "") -> bytes:
    """The bytes of a request."""
    head = f"{method} {path} HTTP/1.1\r\nhost: bench\r\nauthorization: Bearer {secret}\r\n"
    return f"{head}content-length: {len(body)}\r\n\r\n{body}".encode()


class Client:
    """A connection that is kept alive."""

    def __init__(self, port: int, patience_seconds: float = PATIENCE_SECONDS) -> None:
        self.socket = socket.create_connection((HOST, port), timeout=patience_seconds)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def ask(self, request: bytes) -> tuple[int, bytes]:
        """Returns the status and the body. Raises OSError if the connection ends first."""
        self.socket.sendall(request)
        head, _, body = self.read_until(b"", lambda read: b"\r\n\r\n" in read).partition(b"\r\n\r\n")
        if (length := re.search(rb"(?i)\r\ncontent-length: (\d+)", head)) is not None:
            body = self.read_until(body, lambda read: len(read) >= int(length[1]))
        elif re.search(rb"(?i)\r\ntransfer-encoding: chunked", head) is not None:
            body = self.read_until(body, lambda read: read.endswith(b"0\r\n\r\n"))
        return int(head[9:12]), body

    def read_until(self, read: bytes, complete: Callable[[bytes], bool]) -> bytes:
        while not complete(read):
            received = self.socket.recv(1 << 20)
            if not received:
                raise ConnectionResetError("the server closed the connection")
            read += received
        return read

    def close(self) -> None:
        self.socket.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def percentile(values: list[float], share: float) -> float:
    """Returns the value that this share of all values does not exceed."""
    return sorted(values)[math.ceil(share * len(values)) - 1]


class Caller:
    """Sends requests one after another on its own connection, and times each."""

    def __init__(self, port: int, reconnects: bool = False) -> None:
        self.port = port
        # Whether the caller reconnects before each report.
        self.reconnects = reconnects
        self.client: Client | None = None
        self.refused = 0

    def milliseconds(self, request: bytes, connects: bool = False) -> float:
        """Returns how long the answer took. An answer other than 2xx, and a connection that ended, count as refused."""
        began = time.perf_counter()
        try:
            if connects:
                self.close()
            self.client = self.client or Client(self.port, WORKERS_PATIENCE_SECONDS)
            status, _ = self.client.ask(request)
            self.refused += not 200 <= status < 300
        except OSError:
            self.close()
            self.refused += 1
        return (time.perf_counter() - began) * 1_000

    def work(self, secret: str, seconds: float) -> Sample:
        """Sends a report and an acquire in turn, and returns their times."""
        report = message(secret, "POST", "/v1/breakers/worked/report?outcome=success")
        acquire = message(secret, "POST", "/v1/breakers/worked/acquire")
        reports, acquires, self.refused = [], [], 0
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            reports.append(self.milliseconds(report, self.reconnects))
            acquires.append(self.milliseconds(acquire))
        return {
            "report_p50_ms": percentile(reports, 0.5), "report_p99_ms": percentile(reports, 0.99),
            "acquire_p99_ms": percentile(acquires, 0.99), "longest_ms": max(reports + acquires),
            "refused": self.refused, "calls": len(reports) + len(acquires),
        }

    def close(self) -> None:
        if self.client is not None:
            self.client.close()
            self.client = None


class Bystander:
    """A client that sends requests repeatedly beside the worker, in a thread."""

    def __init__(self, port: int, requests: Iterator[bytes], pause_seconds: float) -> None:
        self.caller = Caller(port)
        self.times: list[float] = []
        self.stopped = threading.Event()
        self.thread = threading.Thread(target=self.run, args=(requests, pause_seconds))
        self.thread.start()

    def run(self, requests: Iterator[bytes], pause_seconds: float) -> None:
        for request in requests:
            self.times.append(self.caller.milliseconds(request))
            if self.stopped.wait(pause_seconds):
                break
        self.caller.close()

    def end(self) -> Sample:
        self.stopped.set()
        self.thread.join()
        return {
            "other_p50_ms": percentile(self.times, 0.5), "other_longest_ms": max(self.times),
            "other_refused": self.caller.refused,
        }


class Hostile:
    """The clients of another token: one thread for each connection, in a separate process."""

    def __init__(self, port: int, secret: str, run: "Run") -> None:
        self.port, self.secret = port, secret
        context = multiprocessing.get_context("fork")
        self.answered, self.refused = context.Value("q", 0), context.Value("q", 0)
        self.stopped = context.Event()
        self.process = context.Process(target=self.main, args=(run,), daemon=True)
        self.process.start()

    def main(self, run: "Run") -> None:
        os.nice(NICENESS)
        _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
        threads = [threading.Thread(target=self.repeat, args=(run, index), daemon=True) for index in range(CONNECTIONS)]
        for thread in threads:
            thread.start()
        self.stopped.wait()
        os._exit(0)

    def repeat(self, run: "Run", index: int) -> None:
        """Runs the attack again each time the server closes its connection."""
        while True:
            try:
                run(self, index)
            except OSError:
                self.count(False)

    def count(self, answered: bool) -> None:
        counter = self.answered if answered else self.refused
        with counter.get_lock():
            counter.value += 1

    @property
    def answers(self) -> int:
        answered: int = self.answered.value + self.refused.value
        return answered

    def end(self) -> None:
        self.stopped.set()
        self.process.join(PATIENCE_SECONDS)
        self.process.kill()


# Numbers the requests of an attack, across all of its connections.
NUMBERS = count()

# An attack on one connection, until the server closes it.
Run = Callable[[Hostile, int], None]


def sending(requests: Callable[[str, int], Iterator[bytes]]) -> Run:
    """Sends requests, of a token and the number of a connection, as fast as they are answered."""

    def run(hostile: Hostile, index: int) -> None:
        with Client(hostile.port) as client:
            for request in requests(hostile.secret, index):
                status, _ = client.ask(request)
                hostile.count(200 <= status < 300)

    return run


def batch(secret: str, report: Callable[[int], dict[str, str]]) -> bytes:
    """Returns a request with the maximum number of failures, each with the fields that `report` gives for its index."""
    reports = [
        {"outcome": "failure", "kind": "timeout", **report(number)} for number in range(ITEMS_PER_REQUEST)
    ]
    return message(secret, "POST", "/v1/reports", json.dumps({"reports": reports}, separators=(",", ":")))


@cache
def failures(secret: str) -> bytes:
    return batch(secret, lambda number: {"name": f"hostile:{number % 1_000}"})


def batches(secret: str, index: int) -> Iterator[bytes]:
    while True:
        yield failures(secret)


def names(secret: str, index: int) -> Iterator[bytes]:
    for number in NUMBERS:
        yield message(secret, "POST", f"/v1/breakers/hostile:{number}/acquire")


def ids(secret: str, index: int) -> Iterator[bytes]:
    """Yields batches with fresh ids. The batch is formatted once, because that takes longer than storing it."""
    written = batch(secret, lambda number: {"name": f"hostile:{index}", "report_id": f"@@@@@@@@-{index}-{number}"})
    for number in NUMBERS:
        yield written.replace(b"@@@@@@@@", b"%08d" % number)


def views(secret: str, index: int) -> Iterator[bytes]:
    paths = (
        "/v1/breakers?page_size=1000", "/v1/breakers?page_size=1000&sort=attention",
        "/v1/breakers?page_size=1000&include=history", "/v1/audit?page_size=1000", "/v1/transitions?page_size=1000",
    )
    for path in cycle(paths[index % len(paths):] + paths[:index % len(paths)]):
        yield message(secret, "GET", path)


def leave_streams_unread(hostile: Hostile, index: int) -> None:
    """Holds a share of the streams, and closes the oldest as soon as another one has begun. Every second stream has a
    prefix."""
    held: deque[socket.socket] = deque()
    try:
        for number in count():
            stream = socket.socket()
            stream.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
            stream.settimeout(PATIENCE_SECONDS)
            held.append(stream)
            stream.connect((HOST, hostile.port))
            prefix = f"?prefix=b:{number % 10}" if number % 2 else ""
            stream.sendall(message(hostile.secret, "GET", f"/v1/events{prefix}"))
            hostile.count(stream.recv(12) == b"HTTP/1.1 200")
            if len(held) > STREAMS // CONNECTIONS:
                held.popleft().close()
    finally:
        for stream in held:
            stream.close()


def stay_idle(hostile: Hostile, index: int) -> None:
    """Holds a share of the connections, sends no token, and opens another connection for each closed one."""
    with selectors.DefaultSelector() as selector:

        def open_connection() -> None:
            connection = socket.create_connection((HOST, hostile.port), timeout=PATIENCE_SECONDS)
            selector.register(connection, selectors.EVENT_READ)
            hostile.count(True)

        for _ in range(IDLE_CONNECTIONS // CONNECTIONS):
            open_connection()
        while True:
            for key, _ in selector.select():
                selector.unregister(key.fileobj)
                key.fileobj.close()  # type: ignore[union-attr]
                open_connection()


def create_breakers(server: GuardedServer) -> None:
    reports = [{"name": f"b:{index}", "outcome": "ignored"} for index in range(BREAKERS)]
    for start in range(0, BREAKERS, ITEMS_PER_REQUEST):
        server.ask("POST", "/v1/reports", {"reports": reports[start:start + ITEMS_PER_REQUEST]})


def fill(server: GuardedServer) -> None:
    """Creates the breakers and the audit entries that the viewers read."""
    create_breakers(server)
    with Client(server.port) as client:
        for index in range(CHANGES):
            order = json.dumps({"mode": "force_open", "reason": "benchmark"})
            path = f"/v1/breakers/b:{index}/override"
            client.ask(message(server.secrets["operator"], "PUT", path, order))


def new_breakers(secret: str) -> Iterator[bytes]:
    for number in count():
        yield message(secret, "PUT", f"/v1/breakers/operated:{number}", '{"preset":"flaky"}')


def scrapes(secret: str) -> Iterator[bytes]:
    return cycle([message(secret, "GET", "/metrics")])


@dataclass(frozen=True)
class Attack:
    run: Run
    prepare: Callable[[GuardedServer], None] = lambda server: None
    role: str = "worker"
    descriptors: int | None = None
    # Whether the worker opens a connection for each report.
    reconnects: bool = False
    # The operator's requests during the attack, and the pause between two of them.
    beside: Callable[[str], Iterator[bytes]] | None = None
    pause_seconds: float = 0.1
    # Whether the worker repeats its reports at the end, after the plan's number of other ids was sent.
    repeats: bool = False


def repeated(number: int, secret: str) -> bytes:
    return message(secret, "POST", f"/v1/breakers/worked/report?outcome=success&report_id=worked-{number}")


def duplicates(server: GuardedServer) -> int:
    """Sends the worker's reports, and returns how many of their ids the server knew."""
    known = 0
    with Client(server.port) as client:
        for number in range(REPEATED):
            report = repeated(number, server.secrets["worker"])
            while (answer := client.ask(report))[0] == 503:
                time.sleep(0.05)
            known += b'"duplicate":true' in answer[1]
    return known


def measure_attack(bench: Bench, attack: Attack) -> Sample:
    """Measures the milliseconds of the worker's reports and acquires, alone and beside the attack, and its effects."""
    with bench.folder() as folder, GuardedServer(folder, bench.fusebox, attack.role, attack.descriptors) as server:
        attack.prepare(server)
        caller = Caller(server.port, attack.reconnects)
        sample = alone(caller, server, bench.plan)
        if attack.repeats and duplicates(server):
            raise BenchError("a report was a duplicate before it was repeated")
        hostile = Hostile(server.port, server.secrets["hostile"], attack.run)
        bystander = None
        try:
            time.sleep(RUN_UP_SECONDS)
            if attack.beside is not None:
                requests = attack.beside(server.secrets["operator"])
                bystander = Bystander(server.port, requests, attack.pause_seconds)
            before = hostile.answers
            beside = caller.work(server.secrets["worker"], bench.plan.fair_seconds)
            sample |= {f"beside_{name}": value for name, value in beside.items()}
            sample["hostile_rate"] = (hostile.answers - before) / bench.plan.fair_seconds
            if bystander is not None:
                sample |= bystander.end()
            if attack.repeats:
                sample |= repeat(server, hostile, bench.plan)
            sample |= {"hostile_refused": hostile.refused.value, "resident_bytes": server.resident_bytes()}
        finally:
            if bystander is not None:
                bystander.end()
            hostile.end()
            caller.close()
        if not hostile.answers:
            raise BenchError(f"no hostile request was answered:\n{server.log_end()}")
        return sample


def alone(caller: Caller, server: GuardedServer, plan: Plan) -> Sample:
    secret = server.secrets["worker"]
    caller.work(secret, plan.fair_seconds / 4)
    return {f"alone_{name}": value for name, value in caller.work(secret, plan.fair_seconds).items()}


def repeat(server: GuardedServer, hostile: Hostile, plan: Plan) -> Sample:
    """Returns how many of the worker's report ids the server still knows, and how many other ids were sent since."""
    end = time.monotonic() + IDS_PATIENCE_SECONDS
    while hostile.answered.value * ITEMS_PER_REQUEST < plan.fair_ids and time.monotonic() < end:
        time.sleep(0.1)
    sent = hostile.answered.value * ITEMS_PER_REQUEST
    hostile.end()
    return {"other_ids": sent, "duplicates": duplicates(server)}


ATTACKS: dict[str, tuple[str, Attack]] = {
    "fair-batches": (f"batches of {ITEMS_PER_REQUEST}", Attack(sending(batches))),
    "fair-streams": (f"{STREAMS} streams that are not read", Attack(leave_streams_unread, create_breakers)),
    "fair-names": ("new names; the operator creates breakers", Attack(sending(names), beside=new_breakers)),
    "fair-ids": ("new report ids; the worker repeats its reports", Attack(sending(ids), repeats=True)),
    "fair-viewers": (
        "lists and logs; the operator scrapes /metrics",
        Attack(sending(views), fill, role="viewer", beside=scrapes, pause_seconds=0.5),
    ),
    "fair-connections": (
        f"{IDLE_CONNECTIONS} idle connections, {DESCRIPTORS} descriptors; the worker reconnects",
        Attack(stay_idle, descriptors=DESCRIPTORS, reconnects=True),
    ),
}


def fairness() -> list[Scenario]:
    return [
        Scenario(key, title, {"Fusebox": partial(measure_attack, attack=attack)}, once=True)
        for key, (title, attack) in ATTACKS.items()
    ]
