"""The results as a Markdown document."""

from bench.fair import ATTACKS
from bench.figures import Results, number, ratio, table, with_spread
from bench.growth import ALONE, BESIDE_ACQUIRES, BESIDE_REPORTS
from bench.plan import CONNECTIONS, Plan
from bench.rows import BATCHED_ROWS, FUSEBOX, HUMMINGBIRD, NIO, ONE_ROW, PYBREAKER, REDIS, ROWS
from bench.targets import MEGABYTE, targets

INTRODUCTION = """\
# Results

Written by `make bench`; [README.md](README.md) says what each row is and how to read it. Medians of {repetitions}
samples of {seconds} s each ({growth_repetitions} where breakers grow), the sides measured in turn, {connections}
connections; in brackets the spread, which is (largest − smallest) / median. Fusebox has synced whatever it answers.
Redis syncs every second, and where failures are reported before it answers.
"""

QUICK_WARNING = """\
**A quick run: it proves that the benchmark works, and its figures mean nothing.**
"""


def document(results: Results, machine: dict[str, str], plan: Plan, quick: bool) -> str:
    parts = [
        INTRODUCTION.format(
            repetitions=plan.repetitions, seconds=plan.seconds, growth_repetitions=plan.growth_repetitions,
            connections=CONNECTIONS,
        )
    ]
    if quick:
        parts.append(QUICK_WARNING)
    parts.append(table(["machine", ""], [[name, value] for name, value in machine.items()]))
    reached = "" if quick else table(["", "target", "here", ""], [each.line() for each in targets(results)])
    sections = [
        ("Targets", reached),
        ("Beside Redis, per second", beside_redis(results)),
        ("From Python, microseconds a call", from_python(results)),
        ("From Swift, nanoseconds", from_swift(results)),
        ("From a trip to the last client that denies, milliseconds", staleness(results)),
        ("Limits of this machine, per second", limits(results)),
        ("More breakers", sizes(results)),
        ("A large database", large(results, plan)),
        ("An hour of failures, sent as fast as it is taken", storm(results, plan)),
        ("Latency, microseconds", latency(results)),
        ("From a trip to its subscribers, milliseconds", to_subscribers(results)),
        ("A worker beside another token's clients, milliseconds", beside_attacks(results)),
        ("What else these attacks cost", costs_of_attacks(results)),
    ]
    parts += [f"## {title}\n\n{text}" for title, text in sections if text]
    return "\n".join(parts)


def beside_redis(results: Results) -> str:
    lines = []
    for row in ROWS:
        ours, theirs = results.series(row.key, FUSEBOX, "rate"), results.series(row.key, REDIS, "rate")
        if not ours:
            continue
        times = ratio(results.median(row.key, FUSEBOX, "rate"), results.median(row.key, REDIS, "rate"))
        lines.append([row.title, with_spread(theirs), with_spread(ours), number(times)])
    return table(["", "Redis", "Fusebox", "Fusebox ÷ Redis"], lines) if lines else ""


def from_python(results: Results) -> str:
    lines = []
    for row in ROWS:
        ours, theirs = results.series(row.key, FUSEBOX, "us"), results.series(row.key, PYBREAKER, "us")
        if not ours:
            continue
        times = ratio(results.median(row.key, FUSEBOX, "us"), results.median(row.key, PYBREAKER, "us"))
        trips = number(results.median(row.key, PYBREAKER, "round_trips"))
        lines.append([row.title, trips, with_spread(theirs), with_spread(ours), number(times)])
    header = ["", "commands of PyBreaker", "PyBreaker over Redis", "Fusebox", "Fusebox ÷ PyBreaker (less is better)"]
    return table(header, lines) if lines else ""


def from_swift(results: Results) -> str:
    lines = [
        [row.title, with_spread(series)] for row in ROWS if (series := results.series(row.key, FUSEBOX, "ns"))
    ]
    return table(["", "Fusebox"], lines) if lines else ""


def staleness(results: Results) -> str:
    shown = [("since the report was sent", "report"), ("since it was answered", "answer")]
    lines = [
        [
            title, with_spread(results.series("swift-staleness", FUSEBOX, f"ms_since_{since}")),
            with_spread(results.series("swift-staleness", FUSEBOX, f"max_ms_since_{since}")),
        ]
        for title, since in shown if results.series("swift-staleness", FUSEBOX, f"ms_since_{since}")
    ]
    return table(["", "median of a sample's trips", "longest"], lines) if lines else ""


def limits(results: Results) -> str:
    shown = [
        ("bare NIO, one static answer", "acquire-closed", NIO),
        ("Hummingbird, one static route", "acquire-closed", HUMMINGBIRD),
        ("SQLite, synced rows, one a commit", "sqlite", ONE_ROW),
        ("SQLite, synced rows, 256 a commit", "sqlite", BATCHED_ROWS),
    ]
    lines = [
        [title, with_spread(results.series(scenario, side, "rate"))]
        for title, scenario, side in shown if results.has(scenario, side)
    ]
    return table(["", "per second"], lines) if lines else ""


def sizes(results: Results) -> str:
    lines = []
    for side in results.samples.get("growth-size", {}):
        count = int(side.replace(" ", ""))

        def megabytes(figure: str) -> str:
            value = results.median("growth-size", side, figure)
            return number(None if value is None else value / MEGABYTE)

        empty, reported = (results.median("growth-size", side, f"{figure}_bytes") for figure in ("empty", "reported"))
        each = None if empty is None or reported is None or count < 1_000 else (reported - empty) / count
        lines.append([
            side, with_spread(results.series("growth-size", side, "acquire_rate")),
            with_spread(results.series("growth-size", side, "report_rate")), megabytes("created_bytes"),
            megabytes("reported_bytes"), megabytes("loaded_bytes"), number(each),
        ])
    header = [
        "breakers", "acquires/s", "success reports/s", "MB, created", "MB, each reported once", "MB, after the load",
        "bytes a breaker",
    ]
    return table(header, lines) if lines else ""


def large(results: Results, plan: Plan) -> str:
    if not results.has("growth-large", FUSEBOX):
        return ""

    def shown(figure: str, scale: float = 1) -> str:
        return with_spread([value / scale for value in results.series("growth-large", FUSEBOX, figure)])

    failures = plan.large_breakers * plan.failures_per_breaker
    return table([f"{plan.large_breakers} breakers, {failures} failures", ""], [
        ["start after a stop, s", shown("clean_start_s")],
        ["start after `kill -9`, with SQLite's check of the file, s", shown("start_after_kill_s")],
        ["resident memory after the start, MB", shown("resident_bytes", MEGABYTE)],
        ["database, MB", shown("file_bytes", MEGABYTE)],
        ["first page of 100, ms", shown("first_100_ms")],
        ["last page of 100, ms", shown("last_100_ms")],
        ["first page of 1 000, ms", shown("first_1000_ms")],
        ["last page of 1 000, ms", shown("last_1000_ms")],
        ["the 10 that are open, ms", shown("open_ms")],
    ])


def storm(results: Results, plan: Plan) -> str:
    if not results.has("growth-storm", FUSEBOX):
        return ""

    def megabytes(figure: str) -> str:
        value = results.median("growth-storm", FUSEBOX, figure)
        return number(None if value is None else value / MEGABYTE)

    title = f"{plan.storm_failures} failures of {plan.storm_breakers} breakers: database and log, MB"
    return table([title, ""], [
        *([f"after {share} %", megabytes(f"bytes_{share}")] for share in (25, 50, 75, 100)),
        ["most within the first half", megabytes("first_half_bytes")],
        ["most within the second half", megabytes("second_half_bytes")],
        ["failures stored per second", with_spread(results.series("growth-storm", FUSEBOX, "rate"))],
    ])


def latency(results: Results) -> str:
    shown = [
        ("acquire, alone", "growth-latency", ALONE),
        ("acquire, beside saturating acquires", "growth-latency", BESIDE_ACQUIRES),
        ("acquire, beside saturating reports of failures", "growth-latency", BESIDE_REPORTS),
        ("reports of failures, across checkpoints", "growth-checkpoints", FUSEBOX),
    ]
    lines = [
        [title, *(with_spread(results.series(scenario, side, figure)) for figure in FIGURES_OF_LATENCY)]
        for title, scenario, side in shown if results.has(scenario, side)
    ]
    return table(["", "per second", "p50", "p99", "p99.9", "largest"], lines) if lines else ""


FIGURES_OF_LATENCY = ("rate", "p50_us", "p99_us", "p999_us", "max_us")


def to_subscribers(results: Results) -> str:
    lines = [
        [side, *(with_spread(results.series("stream-trip", side, figure)) for figure in FIGURES_OF_STREAMS)]
        for side in results.samples.get("stream-trip", {})
    ]
    header = ["subscribers", "the report is answered", "the first knows", "half know", "the last knows", "longest"]
    return table(header, lines) if lines else ""


FIGURES_OF_STREAMS = ("answered_ms", "first_ms", "half_ms", "last_ms", "longest_ms")


def beside_attacks(results: Results) -> str:
    lines = []
    for key, (title, _) in ATTACKS.items():
        for when in ("alone", "beside"):
            if results.has(key, FUSEBOX):
                figures = (results.median(key, FUSEBOX, f"{when}_{figure}") for figure in FIGURES_OF_WORKERS)
                lines.append([title if when == "beside" else "alone", *map(number, figures)])
    header = ["", "report p50", "report p99", "acquire p99", "longest", "refused", "calls"]
    return table(header, lines) if lines else ""


FIGURES_OF_WORKERS = ("report_p50_ms", "report_p99_ms", "acquire_p99_ms", "longest_ms", "refused", "calls")


def costs_of_attacks(results: Results) -> str:
    lines = []
    for key, (title, _) in ATTACKS.items():
        if results.has(key, FUSEBOX):
            figures = [results.median(key, FUSEBOX, figure) for figure in FIGURES_OF_ATTACKS]
            memory = results.median(key, FUSEBOX, "resident_bytes")
            lines.append([title, number(None if memory is None else memory / MEGABYTE), *map(number, figures)])
    header = [
        "", "resident MB", "hostile answers/s", "operator p50", "operator, longest", "operator, refused",
        "other report ids", "repeated reports known",
    ]
    return table(header, lines) if lines else ""


FIGURES_OF_ATTACKS = (
    "hostile_rate", "other_p50_ms", "other_longest_ms", "other_refused", "other_ids", "duplicates",
)
