"""Makes empty protected calls under Fusebox: PORT closed|open SECONDS.

It uses one kept-alive connection of the standard library: an acquire and, if it allows, a report. Prints the
microseconds of a protected call as JSON."""

import http.client
import json
import sys
import time


def protected() -> None:
    pass


def main(port: int, state: str, seconds: float) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port)

    def post(path: str) -> dict[str, object]:
        connection.request("POST", path)
        response = connection.getresponse()
        answer: dict[str, object] = json.loads(response.read())
        if response.status != 200:
            sys.exit(f"POST {path}: {response.status} {answer}")
        return answer

    def call() -> bool:
        """Returns whether the call was allowed."""
        decision = post("/v1/breakers/bench/acquire")
        if not decision["allowed"]:
            return False
        protected()
        answer = post(f"/v1/breakers/bench/report?outcome=success&permit={decision['permit']}")
        if not answer["applied"]:
            sys.exit(f"a report was not applied: {answer}")
        return True

    began = time.perf_counter()
    calls = denied = 0
    while (elapsed := time.perf_counter() - began) < seconds:
        denied += not call()
        calls += 1
    if denied != (calls if state == "open" else 0):
        sys.exit(f"{denied} of {calls} calls were denied by a breaker that should be {state}")
    print(json.dumps({"us": elapsed / calls * 1e6, "calls": calls}))


main(int(sys.argv[1]), sys.argv[2], float(sys.argv[3]))
