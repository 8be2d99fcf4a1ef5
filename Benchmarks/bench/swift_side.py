"""Measures a worker in Swift: the cost of the client library, and how soon many clients deny after a trip."""

import json
import subprocess

from bench.figures import Sample
from bench.plan import Bench, BenchError
from bench.servers import FuseboxServer

# Clients that follow the server when a breaker trips.
CLIENTS = 200


def run(bench: Bench, what: str, url: str, amount: float) -> Sample:
    command = [str(bench.client), what, url, str(amount)]
    result = subprocess.run(command, capture_output=True, text=True, start_new_session=True)
    if result.returncode != 0:
        raise BenchError(f"{bench.client.name} {what} failed: {result.stderr}")
    sample: Sample = json.loads(result.stdout)
    return sample


def measure_cost(bench: Bench, what: str) -> Sample:
    with bench.folder() as folder, FuseboxServer(folder, bench.fusebox) as server:
        return run(bench, what, server.url, bench.plan.seconds)


def measure_staleness(bench: Bench) -> Sample:
    with bench.folder() as folder, FuseboxServer(folder, bench.fusebox) as server:
        return run(bench, "staleness", server.url, CLIENTS)
