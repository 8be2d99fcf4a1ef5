"""Measures breakers in Redis under load."""

from bench.figures import Sample
from bench.loads import redis_benchmark
from bench.plan import CONNECTIONS, ROOT, Bench, BenchError
from bench.scenario import FAILURE_THRESHOLD, Load, Totals, breaker_name, check
from bench.servers import RedisServer

SCRIPTS = ROOT / "Benchmarks/redis"
PROBE_LEASE_MS = 30_000
# Longer than any measurement, so that an open breaker stays open.
RECOVERY_TIMEOUT_MS = 3_600_000
# The commands of the warm-up, from whose rate the number of measured commands is computed.
CALIBRATION_COMMANDS = 20_000


def script(name: str) -> str:
    return (SCRIPTS / f"{name}.lua").read_text()


def mix_script() -> str:
    """Returns both scripts in one. A random number from 0 to 999, the coin, selects the event, so that one EVALSHA is
    one event, as a request to Fusebox is: 500 acquires, 495 successes, 5 failures. ARGV: coin, permit, reporter."""
    return (
        "local COIN, PERMIT, REPORTER = tonumber(ARGV[1]), ARGV[2], ARGV[3]\n"
        f"if COIN < 500 then\nlocal ARGV = {{{PROBE_LEASE_MS}}}\n{script('acquire')}\nend\n"
        "local ARGV = {COIN < 995 and 'success' or 'failure', PERMIT, "
        f"{FAILURE_THRESHOLD}, {RECOVERY_TIMEOUT_MS}, 'timeout', REPORTER}}\n{script('report')}"
    )


def totals(server: RedisServer) -> Totals:
    calls, failures, *states = map(int, server.cli("EVAL", script("totals"), "0").split())
    counted = zip(("closed", "open", "half_open"), states)
    return Totals(calls, failures, {state: count for state, count in counted if count})


def measure_redis(bench: Bench, load: Load) -> Sample:
    with bench.folder() as folder, RedisServer(folder, load.appendfsync) as server:
        acquire, report = server.load_script(script("acquire")), server.load_script(script("report"))
        names = [breaker_name(index) for index in range(load.breakers)]
        server.cli(given="".join(f"EVALSHA {acquire} 1 {name} {PROBE_LEASE_MS}\n" for name in names))
        if load.state == "open":
            trip = f"EVALSHA {report} 1 {names[0]} failure 1 {FAILURE_THRESHOLD} {RECOVERY_TIMEOUT_MS} timeout w\n"
            server.cli(given=trip * FAILURE_THRESHOLD)

        name = names[0] if load.breakers == 1 else "breaker:__rand_int__"
        # In rows of failures the rule is off, as on the other side, so that the breaker stays closed.
        threshold = 0 if load.outcome == "failure" else FAILURE_THRESHOLD
        command = {
            "acquire": ["EVALSHA", acquire, "1", name, str(PROBE_LEASE_MS)],
            "report": ["EVALSHA", report, "1", name, load.outcome, "1", str(threshold), str(RECOVERY_TIMEOUT_MS),
                       "timeout", "bench-1"],
            "mix": ["EVALSHA", server.load_script(mix_script()), "1", name, "__rand_int__", "1", "bench-1"],
        }[load.event]
        keyspace = load.breakers if load.breakers > 1 else None
        guess = redis_benchmark(server.port, command, CALIBRATION_COMMANDS * min(load.batch, 10), load.batch, keyspace)

        count = round(guess * bench.plan.seconds)
        calls_before, before = server.script_calls(), totals(server)
        rate = redis_benchmark(server.port, command, count, load.batch, keyspace)
        check(load, before, totals(server), count)
        calls = server.script_calls() - calls_before
        if not count <= calls <= count + CONNECTIONS * load.batch:
            raise BenchError(f"redis-benchmark was told to send {count} commands, but Redis ran {calls}")
        return {"rate": rate}
