"""The amounts to measure, and the paths of programs and data."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

# Clients of each server, on both sides.
CONNECTIONS = 64
# Threads of wrk: one, as redis-benchmark has. A second takes a core from the server on a machine with two.
LOAD_THREADS = 1
# Breakers of the rows that spread their requests.
SPREAD_BREAKERS = 1_000

ROOT = Path(__file__).resolve().parents[2]
BUILD = ROOT / ".build"


class BenchError(Exception):
    """A tool is missing or a measurement is invalid; the message says what to do."""


@dataclass(frozen=True)
class Plan:
    """How long and how often each row is measured."""

    # How often each side of a row is measured, in turn with the others.
    repetitions: int
    # Whole seconds, because wrk accepts no fractions.
    seconds: int
    warm_up_seconds: int
    # The numbers of breakers for which the growth is measured.
    sizes: tuple[int, ...]
    growth_repetitions: int
    # The large database that is started and listed.
    large_breakers: int
    failures_per_breaker: int
    # The failures of an hour.
    storm_failures: int
    storm_breakers: int
    # The numbers of clients that follow the changes.
    subscribers: tuple[int, ...]
    # How long a worker is measured alone, and again beside the clients of another token.
    fair_seconds: int
    # Report ids that these clients send.
    fair_ids: int


FULL = Plan(
    repetitions=5,
    seconds=3,
    warm_up_seconds=1,
    sizes=(1, 1_000, 10_000, 100_000),
    growth_repetitions=3,
    large_breakers=100_000,
    failures_per_breaker=10,
    # 1 000 a second.
    storm_failures=3_600_000,
    storm_breakers=1_000,
    subscribers=(1, 100, 1_000),
    fair_seconds=5,
    # More than the server keeps for all tokens together.
    fair_ids=5_000_000,
)

# A plan that only proves that everything works. Its figures mean nothing.
QUICK = Plan(
    repetitions=1,
    seconds=1,
    warm_up_seconds=1,
    sizes=(1, 1_000),
    growth_repetitions=1,
    large_breakers=5_000,
    failures_per_breaker=10,
    storm_failures=300_000,
    storm_breakers=50,
    subscribers=(1, 100),
    fair_seconds=1,
    fair_ids=10_000,
)


@dataclass(frozen=True)
class Bench:
    """The paths and the plan that every measurement needs."""

    plan: Plan
    # The folder for the servers' data while they run, on a real disk.
    data: Path
    fusebox: Path
    # The program `client-benchmark`, a worker in Swift.
    client: Path
    # The folder of `nio-limit`, `hummingbird-limit` and `sqlite-limit`.
    limits: Path
    # The interpreter that has PyBreaker.
    python: Path

    @contextmanager
    def folder(self) -> Iterator[Path]:
        """An empty folder on the measured disk, which is removed afterwards."""
        path = Path(tempfile.mkdtemp(dir=self.data))
        try:
            yield path
        finally:
            shutil.rmtree(path, ignore_errors=True)
