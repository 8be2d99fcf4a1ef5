"""The load generators, and the parsers of their output."""

import csv
import json
import subprocess
from dataclasses import dataclass
from pathlib import Path

from bench.plan import CONNECTIONS, LOAD_THREADS, ROOT, BenchError
from bench.servers import HOST

WRK_SCRIPT = ROOT / "Benchmarks/wrk/requests.lua"
# A load that hangs is ended this long after its own time.
GRACE_SECONDS = 30


@dataclass(frozen=True)
class Request:
    path: str
    body: str = ""
    method: str = "POST"


@dataclass(frozen=True)
class WrkResult:
    """The result that wrk prints for a load without an error."""

    requests: int
    seconds: float
    p50_us: float
    p99_us: float
    p999_us: float
    max_us: float

    @property
    def rate(self) -> float:
        return self.requests / self.seconds


def parse_wrk(output: str) -> WrkResult:
    """Reads the line that wrk/requests.lua prints.
    Raises BenchError if a request failed, because such a rate is meaningless."""
    line = next((line for line in reversed(output.splitlines()) if line.startswith("{")), None)
    if line is None:
        raise BenchError(f"wrk printed no result:\n{output}")
    said = json.loads(line)
    if said["refused"] or said["socket_errors"] or said["timeouts"] or not said["requests"]:
        raise BenchError(
            f"of {said['requests']} requests {said['refused']} got an error for an answer, {said['timeouts']} timed "
            f"out, and {said['socket_errors']} times a socket failed; see the server's log"
        )
    return WrkResult(
        requests=said["requests"], seconds=said["duration_us"] / 1e6, p50_us=said["p50_us"], p99_us=said["p99_us"],
        p999_us=said["p999_us"], max_us=said["max_us"],
    )


class Wrk:
    """One run of wrk, which begins at once. Two may run side by side."""

    def __init__(
        self, folder: Path, port: int, requests: list[Request], seconds: int,
        connections: int = CONNECTIONS, threads: int = LOAD_THREADS, delay_ms: int | None = None,
    ) -> None:
        self.seconds = seconds
        self.requests = folder / f"requests-{id(self)}.txt"
        self.requests.write_text("".join(f"{each.method}\t{each.path}\t{each.body}\n" for each in requests))
        arguments = [str(self.requests)] + ([] if delay_ms is None else [str(delay_ms)])
        self.process = subprocess.Popen(
            ["wrk", f"-t{threads}", f"-c{connections}", f"-d{self.seconds}s", "--timeout", "10s", "-s",
             str(WRK_SCRIPT), f"http://{HOST}:{port}", "--", *arguments],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True,
        )

    def result(self) -> WrkResult:
        """Waits for the end of the load."""
        try:
            output, _ = self.process.communicate(timeout=self.seconds + GRACE_SECONDS)
        except subprocess.TimeoutExpired:
            raise BenchError(f"wrk did not end {GRACE_SECONDS} s after its time") from None
        finally:
            self.process.kill()
            self.process.wait()
            self.requests.unlink()
        if self.process.returncode != 0:
            raise BenchError(f"wrk failed:\n{output}")
        return parse_wrk(output)

    def abandon(self) -> None:
        """Ends the load early and discards its result."""
        self.process.kill()
        self.process.wait()


def wrk(folder: Path, port: int, requests: list[Request], seconds: int, connections: int = CONNECTIONS) -> WrkResult:
    load = Wrk(folder, port, requests, seconds, connections)
    try:
        return load.result()
    finally:
        load.abandon()


def parse_redis_benchmark(output: str) -> float:
    """Reads the commands per second from the output of `redis-benchmark --csv`."""
    rows = list(csv.DictReader(line for line in output.splitlines() if line.startswith('"')))
    if len(rows) != 1 or "rps" not in rows[0]:
        raise BenchError(f"redis-benchmark printed no result:\n{output}")
    return float(rows[0]["rps"])


def redis_benchmark(
    port: int, command: list[str], count: int, pipeline: int = 1, keyspace: int | None = None
) -> float:
    """Sends a command `count` times; returns how many per second were answered."""
    arguments = ["-h", HOST, "-p", str(port), "-c", str(CONNECTIONS), "-n", str(count), "-P", str(pipeline), "--csv"]
    if keyspace is not None:
        arguments += ["-r", str(keyspace)]
    try:
        result = subprocess.run(
            ["redis-benchmark", *arguments, *command], capture_output=True, text=True, timeout=4 * GRACE_SECONDS,
            start_new_session=True,
        )
    except subprocess.TimeoutExpired:
        raise BenchError(f"redis-benchmark did not end after {4 * GRACE_SECONDS} s") from None
    if result.returncode != 0 or "Error from server" in result.stdout + result.stderr:
        raise BenchError(f"redis-benchmark failed:\n{result.stdout}{result.stderr}")
    return parse_redis_benchmark(result.stdout)
