"""Measures Fusebox with many breakers, a large database, and an hour of failures."""

import http.client
import json
import random
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from statistics import median

from bench.figures import Sample
from bench.loads import Request, Wrk, WrkResult, wrk
from bench.plan import CONNECTIONS, Bench, BenchError, Plan
from bench.scenario import Scenario, breaker_name
from bench.servers import HOST, FuseboxServer

# The maximum number of reports in one request.
ITEMS_PER_REQUEST = 10_000
# How many breakers are reserved for operators.
OPERATORS_RESERVE = 100
# Connections whose latency is measured: enough to keep the server busy, too few to queue for a core.
LATENCY_CONNECTIONS = 16
# Times that the large database is started after a stop; the figure is their median.
STARTS = 3
# Breakers of the large database that are open, for the filtered page.
OPEN_BREAKERS = 10

# A policy in which no failure opens a breaker: the only default rule is off.
NO_RULES = "default: { policy: { failure_threshold: null } }\n"

FAILURES = [Request("/v1/breakers/told/report?outcome=failure&kind=timeout&reporter=bench-1")]

ALONE, BESIDE_ACQUIRES, BESIDE_REPORTS = "alone", "beside acquires", "beside reports"


class Feeder:
    """Sends batches of reports over one connection, and accepts only a 200 for which all reports were applied."""

    def __init__(self, server: FuseboxServer) -> None:
        self.connection = http.client.HTTPConnection(HOST, server.port, timeout=60)

    def send(self, names: list[str], outcome: str) -> None:
        reports = [{"name": name, "outcome": outcome, "kind": "timeout", "reporter": "bench-1"} for name in names]
        self.connection.request("POST", "/v1/reports", body=json.dumps({"reports": reports}))
        response = self.connection.getresponse()
        body = response.read()
        if response.status != 200 or not body.startswith(b'{"accepted":%d,' % len(names)):
            raise BenchError(f"POST /v1/reports: {response.status} {body[:300].decode(errors='replace')}")

    def close(self) -> None:
        self.connection.close()


def slices(names: list[str]) -> Iterator[list[str]]:
    for start in range(0, len(names), ITEMS_PER_REQUEST):
        yield names[start:start + ITEMS_PER_REQUEST]


def feed(server: FuseboxServer, names: list[str], outcome: str) -> None:
    feeder = Feeder(server)
    for some in slices(names):
        feeder.send(some, outcome)
    feeder.close()


def server_with_room(bench: Bench, folder: Path) -> FuseboxServer:
    room = max(bench.plan.large_breakers, *bench.plan.sizes) + OPERATORS_RESERVE
    return FuseboxServer(folder, bench.fusebox, NO_RULES, max_breakers=room)


def measure_size(bench: Bench, count: int) -> Sample:
    """Measures memory and rates with `count` breakers, each of which gets the same number of requests."""
    names = [breaker_name(index) for index in range(count)]
    # A shuffled order, which no cache can predict; and two requests for one breaker too, so that wrk does the same work
    # for every size.
    asked = random.Random(1).sample(names, k=count) * (2 if count == 1 else 1)
    acquires = [Request(f"/v1/breakers/{name}/acquire") for name in asked]
    reports = [Request(f"/v1/breakers/{name}/report?outcome=success&reporter=bench-1") for name in asked]
    with bench.folder() as folder, server_with_room(bench, folder) as server:
        empty = server.resident_bytes()
        # An ignored report creates a breaker as an acquire does.
        feed(server, names, "ignored")
        created = server.resident_bytes()
        wrk(folder, server.port, acquires, bench.plan.warm_up_seconds)
        acquired = wrk(folder, server.port, acquires, bench.plan.seconds)
        feed(server, names, "success")
        reported = server.resident_bytes()
        wrk(folder, server.port, reports, bench.plan.warm_up_seconds)
        after_reports = wrk(folder, server.port, reports, bench.plan.seconds)
        return {
            "acquire_rate": acquired.rate, "report_rate": after_reports.rate, "empty_bytes": empty,
            "created_bytes": created, "reported_bytes": reported, "loaded_bytes": server.resident_bytes(),
        }


def measure_large(bench: Bench) -> Sample:
    """Measures the start and the pages of a large database: `large_breakers` with `failures_per_breaker` each."""
    plan = bench.plan
    names = [breaker_name(index) for index in range(plan.large_breakers)]
    with bench.folder() as folder:
        server = server_with_room(bench, folder)
        try:
            server.start()
            for _ in range(plan.failures_per_breaker):
                feed(server, names, "failure")
            for name in names[::len(names) // OPEN_BREAKERS]:
                server.ask("PUT", f"/v1/breakers/{name}/override", {"mode": "force_open", "reason": "benchmark"})
            server.stop()
            sample: Sample = {"file_bytes": float(server.file_bytes())}
            starts = []
            for _ in range(STARTS):
                server.stop()
                starts.append(server.start())
            sample |= {"clean_start_s": median(starts), "resident_bytes": server.resident_bytes()}
            # This breaker is not forced open.
            feed(server, names[1:2], "failure")
            server.kill()
            sample["start_after_kill_s"] = server.start()
            return sample | pages(server, plan)
        finally:
            server.stop()


def pages(server: FuseboxServer, plan: Plan) -> Sample:
    """Measures the milliseconds of pages of the list, after each was requested once."""

    def timed(query: str) -> tuple[float, int, str]:
        server.ask("GET", f"/v1/breakers?{query}")
        began = time.perf_counter()
        page = server.ask("GET", f"/v1/breakers?{query}")
        return (time.perf_counter() - began) * 1_000, len(page["breakers"]), page["next_page_token"]

    sample: Sample = {}
    for size in (100, 1_000):
        sample[f"first_{size}_ms"], _, token = timed(f"page_size={size}")
        left = plan.large_breakers - size
        while left > size:
            page = server.ask("GET", f"/v1/breakers?page_size={size}&page_token={token}")
            token, left = page["next_page_token"], left - size
        sample[f"last_{size}_ms"], count, token = timed(f"page_size={size}&page_token={token}")
        if token or count != left:
            raise BenchError(f"the last page of {size} has {count} breakers, not {left}, and a next one: {token!r}")
    sample["open_ms"], count, _ = timed("state=open")
    if count != OPEN_BREAKERS:
        raise BenchError(f"{count} breakers are open, not {OPEN_BREAKERS}")
    return sample


def measure_storm(bench: Bench) -> Sample:
    """Measures the bytes of the database and its log while an hour of failures is sent as fast as the server accepts
    it: after each quarter, and the maximum within each half. If retention works, the second half needs no more than
    the first."""
    plan = bench.plan
    names = [breaker_name(index) for index in range(plan.storm_breakers)]
    batch = (names * (ITEMS_PER_REQUEST // len(names) + 1))[:ITEMS_PER_REQUEST]
    sizes: list[int] = []
    with bench.folder() as folder, server_with_room(bench, folder) as server:
        feeder = Feeder(server)
        began = time.monotonic()
        for _ in range(plan.storm_failures // ITEMS_PER_REQUEST):
            feeder.send(batch, "failure")
            sizes.append(server.file_bytes())
        elapsed = time.monotonic() - began
        feeder.close()
    half = len(sizes) // 2
    quarters = {f"bytes_{share}": float(sizes[len(sizes) * share // 100 - 1]) for share in (25, 50, 75, 100)}
    return quarters | {
        "first_half_bytes": max(sizes[:half]), "second_half_bytes": max(sizes[half:]),
        "rate": len(sizes) * ITEMS_PER_REQUEST / elapsed,
    }


def latencies(result: WrkResult) -> Sample:
    return {
        "rate": result.rate, "p50_us": result.p50_us, "p99_us": result.p99_us, "p999_us": result.p999_us,
        "max_us": result.max_us,
    }


def measure_latency(bench: Bench, beside: str) -> Sample:
    """Measures acquires of one breaker by few clients, alone or beside as many clients as the rows have, which saturate
    the server with acquires or the writer with reports of failures."""
    acquires = [Request("/v1/breakers/asked/acquire")]
    with bench.folder() as folder, server_with_room(bench, folder) as server:
        server.ask("POST", "/v1/breakers/asked/acquire")
        wrk(folder, server.port, acquires, bench.plan.warm_up_seconds)
        # The other load begins before the measured one and ends after it.
        seconds = bench.plan.seconds + 2
        other = None
        if beside != ALONE:
            sent = acquires if beside == BESIDE_ACQUIRES else FAILURES
            other = Wrk(folder, server.port, sent, seconds, CONNECTIONS)
        try:
            time.sleep(1)
            sample = latencies(wrk(folder, server.port, acquires, bench.plan.seconds, LATENCY_CONNECTIONS))
            if other is not None:
                sample["other_rate"] = other.result().rate
            return sample
        finally:
            if other is not None:
                other.abandon()


def measure_checkpoints(bench: Bench) -> Sample:
    """Measures reports of failures for long enough that the log is checkpointed several times."""
    with bench.folder() as folder, server_with_room(bench, folder) as server:
        wrk(folder, server.port, FAILURES, bench.plan.warm_up_seconds)
        return latencies(wrk(folder, server.port, FAILURES, 3 * bench.plan.seconds))


def growth(plan: Plan) -> list[Scenario]:
    sizes = {f"{count:,}".replace(",", " "): partial(measure_size, count=count) for count in plan.sizes}
    besides = {name: partial(measure_latency, beside=name) for name in (ALONE, BESIDE_ACQUIRES, BESIDE_REPORTS)}
    return [
        Scenario("growth-size", "more breakers", sizes),
        Scenario("growth-large", "a large database", {"Fusebox": measure_large}, once=True),
        Scenario("growth-storm", "an hour of failures", {"Fusebox": measure_storm}, once=True),
        Scenario("growth-latency", "acquire while the writer is busy", besides),
        Scenario("growth-checkpoints", "reports across checkpoints", {"Fusebox": measure_checkpoints}),
    ]
