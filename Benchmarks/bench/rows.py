"""The rows of the comparison."""

from functools import partial

from bench.fusebox_side import measure_fusebox
from bench.limit_side import measure_responder, measure_sqlite
from bench.plan import SPREAD_BREAKERS
from bench.python_side import measure_http_client, measure_pybreaker
from bench.redis_side import measure_redis
from bench.scenario import Load, Scenario
from bench.swift_side import CLIENTS, measure_cost, measure_staleness

FUSEBOX, REDIS, PYBREAKER = "Fusebox", "Redis", "PyBreaker"
NIO, HUMMINGBIRD = "bare NIO", "Hummingbird"
ONE_ROW, BATCHED_ROWS = "a row a commit", "256 rows a commit"

RESPONDERS = {NIO: "nio-limit", HUMMINGBIRD: "hummingbird-limit"}


def beside_redis(key: str, title: str, load: Load) -> Scenario:
    return Scenario(
        key, title, {REDIS: partial(measure_redis, load=load), FUSEBOX: partial(measure_fusebox, load=load)},
    )


def beside_responders(compared: Scenario, *names: str) -> Scenario:
    """Adds static responders as sides: most of the cost of an acquire is HTTP, which is all that they do."""
    responders = {name: partial(measure_responder, program=RESPONDERS[name]) for name in names}
    return Scenario(compared.key, compared.title, {**compared.sides, **responders})


def batches(size: int) -> list[Scenario]:
    title = f"{size:,} a request".replace(",", " ")
    success = Load("report", batch=size)
    failure = Load("report", batch=size, outcome="failure", appendfsync="always")
    return [
        beside_redis(f"batch-{size}-success", f"successes, {title}", success),
        beside_redis(f"batch-{size}-failure", f"failures, {title}", failure),
    ]


def from_python(key: str, title: str, state: str, appendfsync: str) -> Scenario:
    return Scenario(
        key, title,
        {
            PYBREAKER: partial(measure_pybreaker, state=state, appendfsync=appendfsync),
            FUSEBOX: partial(measure_http_client, state=state),
        },
    )


def from_swift(key: str, title: str, what: str) -> Scenario:
    return Scenario(key, title, {FUSEBOX: partial(measure_cost, what=what)})


COUNTED = Load("report", batch=100, count=100)

ROWS: list[Scenario] = [
    beside_responders(beside_redis("acquire-closed", "acquire, closed", Load("acquire")), NIO, HUMMINGBIRD),
    beside_responders(beside_redis("acquire-open", "acquire, open (denied)", Load("acquire", state="open")), NIO),
    beside_redis("report-success", "report success", Load("report")),
    beside_redis("report-failure", "report failure", Load("report", outcome="failure", appendfsync="always")),
    beside_redis("mix", "1 acquire : 1 report, 1 % failures, 1 000 breakers", Load("mix", breakers=SPREAD_BREAKERS)),
    beside_redis(
        "mix-json", "the same, reports with JSON bodies", Load("mix", breakers=SPREAD_BREAKERS, has_bodies=True),
    ),
    *batches(100),
    *batches(1_000),
    beside_redis(
        "batch-spread-success", "successes, 100 a request over 1 000 breakers",
        Load("report", batch=100, breakers=SPREAD_BREAKERS),
    ),
    beside_redis(
        "batch-spread-failure", "failures, 100 a request over 1 000 breakers",
        Load("report", batch=100, breakers=SPREAD_BREAKERS, outcome="failure", appendfsync="always"),
    ),
    Scenario(
        "batch-count", "successes, 100 a request with a count of 100 each",
        {FUSEBOX: partial(measure_fusebox, load=COUNTED)},
    ),
    from_python("python-closed", "a protected call; Redis: everysec", "closed", "everysec"),
    from_python("python-synced", "a protected call; Redis: always", "closed", "always"),
    from_python("python-open", "a denied call", "open", "everysec"),
    from_swift("swift-decision", "a local decision", "decision"),
    from_swift("swift-call", "a protected call, decided locally", "call"),
    from_swift("swift-away", "a decision while Fusebox is away", "away"),
    from_swift("swift-remote", "a protected call in remote mode", "remote"),
    Scenario("swift-staleness", f"a trip, until the last of {CLIENTS} clients denies", {FUSEBOX: measure_staleness}),
    Scenario(
        "sqlite", "SQLite alone, synced commits of failure rows",
        {
            ONE_ROW: partial(measure_sqlite, rows_per_commit=1),
            BATCHED_ROWS: partial(measure_sqlite, rows_per_commit=256),
        },
    ),
]
