"""The targets of Fusebox, as ratios of medians in one run."""

from dataclasses import dataclass

from bench.fair import ATTACKS, REPEATED
from bench.figures import Results, number, ratio
from bench.growth import ALONE, BESIDE_REPORTS
from bench.rows import FUSEBOX, NIO, PYBREAKER, REDIS

MEGABYTE = 1_000_000


@dataclass(frozen=True)
class Target:
    title: str
    # The minimum, or with `at_most` the maximum.
    bound: float
    value: float | None
    at_most: bool = False
    unit: str = ""

    @property
    def verdict(self) -> str:
        if self.value is None:
            return "not measured"
        met = self.value <= self.bound if self.at_most else self.value >= self.bound
        return "met" if met else "**missed**"

    def line(self) -> list[str]:
        unit = self.unit and " " + self.unit
        bound = f"{'≤' if self.at_most else '≥'} {self.bound:,}{unit}".replace(",", " ")
        return [self.title, bound, number(self.value) + (unit if self.value is not None else ""), self.verdict]


def targets(results: Results) -> list[Target]:
    def rate(scenario: str, side: str = FUSEBOX) -> float | None:
        return results.median(scenario, side, "rate")

    def over(scenario: str, side: str) -> float | None:
        return ratio(rate(scenario), rate(scenario, side))

    def beside_redis(title: str, scenario: str, bound: float) -> Target:
        return Target(f"{title} ÷ Redis", bound, over(scenario, REDIS))

    def of_size(size: str, figure: str) -> float | None:
        return results.median("growth-size", size, figure)

    def p99(side: str) -> float | None:
        return results.median("growth-latency", side, "p99_us")

    def megabytes(value: float | None) -> float | None:
        return None if value is None else value / MEGABYTE

    beside_attacks = [
        Target(
            f"p99 of a {event} beside {title}", 25, results.median(key, FUSEBOX, f"beside_{event}_p99_ms"),
            at_most=True, unit="ms",
        )
        for key, (title, _) in ATTACKS.items() for event in ("report", "acquire")
    ]
    return [
        beside_redis("acquire, closed", "acquire-closed", 1),
        beside_redis("acquire, open", "acquire-open", 1),
        Target("acquire, closed ÷ bare NIO", 0.9, over("acquire-closed", NIO)),
        Target("acquire, open ÷ bare NIO", 0.9, over("acquire-open", NIO)),
        beside_redis("report success (synced; Redis: everysec)", "report-success", 1),
        beside_redis("report failure (synced; Redis: always)", "report-failure", 1.5),
        beside_redis("successes, 100 a request (synced; Redis: everysec)", "batch-100-success", 1.5),
        beside_redis("failures, 100 a request (synced; Redis: always)", "batch-100-failure", 1.5),
        Target("outcomes with `count`", 1_000_000, rate("batch-count"), unit="/s"),
        Target(
            "time of acquire + report from Python ÷ PyBreaker", 1.3, at_most=True,
            value=ratio(
                results.median("python-closed", FUSEBOX, "us"), results.median("python-closed", PYBREAKER, "us"),
            ),
        ),
        Target(
            "acquire with 100 000 breakers ÷ with one", 0.9,
            ratio(of_size("100 000", "acquire_rate"), of_size("1", "acquire_rate")),
        ),
        Target(
            "resident memory with 100 000 breakers, after the loads", 250,
            megabytes(of_size("100 000", "loaded_bytes")), at_most=True, unit="MB",
        ),
        Target(
            "the same after a start with 1 000 000 failures", 250,
            megabytes(results.median("growth-large", FUSEBOX, "resident_bytes")), at_most=True, unit="MB",
        ),
        Target(
            "start with 100 000 breakers and 1 000 000 failures", 3,
            results.median("growth-large", FUSEBOX, "clean_start_s"), at_most=True, unit="s",
        ),
        Target(
            "p99 of acquire beside saturating reports ÷ alone", 3, ratio(p99(BESIDE_REPORTS), p99(ALONE)),
            at_most=True,
        ),
        *beside_attacks,
        Target(
            "resident memory with 1 000 unread streams and 10 000 breakers", 300,
            megabytes(results.median("fair-streams", FUSEBOX, "resident_bytes")), at_most=True, unit="MB",
        ),
        Target(
            "repeated reports that are known after more ids than are kept", REPEATED,
            results.median("fair-ids", FUSEBOX, "duplicates"),
        ),
    ]
