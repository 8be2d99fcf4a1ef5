"""Makes empty protected calls through PyBreaker over Redis: PORT closed|open SECONDS.

Prints the microseconds of a protected call as JSON."""

import json
import sys
import time

import pybreaker
import redis


def protected() -> None:
    pass


def main(port: int, state: str, seconds: float) -> None:
    client = redis.StrictRedis(host="127.0.0.1", port=port)
    storage = pybreaker.CircuitRedisStorage(pybreaker.STATE_CLOSED, client, namespace="bench")
    breaker = pybreaker.CircuitBreaker(fail_max=5, reset_timeout=3_600, state_storage=storage)
    if state == "open":
        breaker.open()
    began = time.perf_counter()
    calls = denied = 0
    while (elapsed := time.perf_counter() - began) < seconds:
        try:
            breaker.call(protected)
        except pybreaker.CircuitBreakerError:
            denied += 1
        calls += 1
    if denied != (calls if state == "open" else 0) or breaker.current_state != state:
        sys.exit(f"{denied} of {calls} calls were denied by a breaker that is {breaker.current_state}, not {state}")
    print(json.dumps({"us": elapsed / calls * 1e6, "calls": calls}))


main(int(sys.argv[1]), sys.argv[2], float(sys.argv[3]))
