"""The common parts of the tests of examples, and the common tests of all proxies, with a Fusebox server and a backend
that fails and recovers.

Needs the server at $FUSEBOX, or else in .build/debug. Everything runs on loopback and in a temporary folder, and ends
with the test.
"""

import contextlib
import http.client
import http.server
import json
import os
import pathlib
import signal
import socket
import subprocess
import tempfile
import threading
import time
import unittest
from concurrent.futures import ThreadPoolExecutor

ROOT = pathlib.Path(__file__).resolve().parents[2]
SERVER = os.environ.get("FUSEBOX", str(ROOT / ".build" / "debug" / "fusebox"))
# The maximum time in seconds that a test waits for a condition.
PATIENCE = 60
# The header fields that a browser sends from a shop's page, and from another site's page.
SHOPPER = {"Host": "shop.example", "User-Agent": "Mozilla/5.0", "Referer": "https://shop.example/cart"}
FOREIGNER = SHOPPER | {"Origin": "https://elsewhere.example", "Cookie": "fusebox=1", "Sec-Fetch-Site": "cross-site"}


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def send(port: int, method: str, path: str, body: str | None = None, headers: dict[str, str] | None = None):
    """Sends a request and returns the status, the header fields and the body of the answer."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    try:
        connection.request(method, path, body, headers or {})
        response = connection.getresponse()
        return response.status, response.headers, response.read().decode()
    finally:
        connection.close()


def eventually(what: str, condition):
    """Waits for a condition in another process that sends no notification."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        try:
            value = condition()
        except OSError:
            value = None
        if value:
            return value
        time.sleep(0.05)
    raise AssertionError(f"not within {PATIENCE} s: {what}")


class Backend(http.server.ThreadingHTTPServer):
    """Answers with `status`, and records the requests."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Answering)
        self.status = 200
        # Set while the backend answers at once.
        self.answers = threading.Event()
        self.answers.set()
        self.requests: list[tuple[str, str, str]] = []
        # The names of the header fields of the last request, in lower case.
        self.fields: set[str] = set()
        threading.Thread(target=self.serve_forever, daemon=True).start()


class Answering(http.server.BaseHTTPRequestHandler):
    server: Backend

    def respond(self):
        body = self.rfile.read(int(self.headers.get("content-length", 0))).decode()
        self.server.requests.append((self.command, self.path, body))
        self.server.fields = {name.lower() for name in self.headers}
        self.server.answers.wait(timeout=PATIENCE)
        # A client may have stopped waiting.
        with contextlib.suppress(ConnectionError):
            self.send_response(self.server.status)
            self.send_header("content-length", "3")
            self.end_headers()
            self.wfile.write(b"ok\n")

    do_GET = do_POST = do_PUT = respond

    def log_message(self, *_):
        pass


class FuseboxCase(unittest.TestCase):
    """A Fusebox server, and a backend that a breaker protects."""

    examples: pathlib.Path

    def setUp(self):
        self.folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.backend = Backend()
        self.addCleanup(self.backend.server_close)
        self.addCleanup(self.backend.shutdown)
        self.fusebox_port = free_port()
        self.fusebox = self.start_fusebox()

    def example(self, name: str, replaced: dict[str, str]) -> str:
        """Returns the text of an example with each key replaced; each key must occur exactly once."""
        text = (self.examples / name).read_text()
        for ours, theirs in replaced.items():
            self.assertEqual(text.count(ours), 1, ours)
            text = text.replace(ours, theirs)
        return text

    def start(self, name: str, *command: str) -> subprocess.Popen:
        with (self.folder / f"{name}.log").open("a") as file:
            process = subprocess.Popen(command, stdout=file, stderr=subprocess.STDOUT, cwd=self.folder)
        self.addCleanup(process.wait, timeout=PATIENCE)
        self.addCleanup(process.terminate)
        return process

    def start_fusebox(self, *options: str) -> subprocess.Popen:
        address = f"127.0.0.1:{self.fusebox_port}"
        process = self.start("fusebox", SERVER, "serve", "--listen", address, "--db", "fusebox.db", *options)
        eventually("the server answers", lambda: send(self.fusebox_port, "GET", "/readyz")[0] == 200)
        return process

    def breaker(self) -> dict:
        return json.loads(send(self.fusebox_port, "GET", "/v1/breakers/payments")[2])

    def steer(self, method: str, path: str, body: dict | None = None):
        status, _, answer = send(self.fusebox_port, method, f"/v1/breakers/payments{path}", body and json.dumps(body))
        self.assertEqual(status, 200, answer)


class ProxyCase(FuseboxCase):
    """A proxy between a client and the backend. The classes below contain the tests."""

    examples = ROOT / "docker" / "examples"
    backend_patience = PATIENCE

    def setUp(self):
        super().setUp()
        self.port = free_port()
        self.start_proxy()
        eventually("the proxy answers", lambda: send(self.port, "GET", "/first")[0] == 200)
        eventually("the first request is reported", lambda: self.breaker()["counts"]["calls"] >= 1)
        self.steer("POST", "/reset")
        self.backend.requests.clear()

    def start_proxy(self):
        raise NotImplementedError

    def until_calls(self, count: int):
        """Waits for the reports, which the proxy sends after the answers."""
        eventually("the calls are reported", lambda: self.breaker()["counts"]["calls"] == count)

    def until_failures(self, count: int):
        eventually("the failure is reported", lambda: self.breaker()["counts"]["consecutive_failures"] == count)

    def trip(self):
        self.backend.status = 500
        for number in range(1, 6):
            self.assertEqual(send(self.port, "GET", "/down")[0], 500)
            if number < 5:
                self.until_failures(number)
        eventually("the breaker is open", lambda: self.breaker()["state"] == "open")
        self.backend.requests.clear()


class ProxyTests:
    """The tests that every proxy must pass."""

    # The proxy's status if it cannot reach the backend.
    gone_status: int

    def test_a_closed_breaker_lets_requests_through_unchanged(self):
        self.assertEqual(send(self.port, "POST", "/orders?a=1&a=2", "a body")[0], 200)
        self.assertNotIn("breaker-permit", self.backend.fields)
        self.assertEqual(send(self.port, "PUT", "/x", "another", FOREIGNER)[0], 200)
        self.assertEqual(send(self.port, "GET", "/y", None, SHOPPER)[0], 200)
        self.assertEqual(
            self.backend.requests,
            [("POST", "/orders?a=1&a=2", "a body"), ("PUT", "/x", "another"), ("GET", "/y", "")],
        )
        self.until_calls(3)

    def test_five_failures_open_the_breaker_and_the_backend_gets_no_requests(self):
        self.trip()
        status, fields, _ = send(self.port, "GET", "/down", None, SHOPPER)
        self.assertEqual((status, fields["Breaker-State"]), (503, "open"))
        self.assertTrue(1 <= int(fields["Retry-After"]) <= 60)
        self.assertEqual(self.backend.requests, [])
        self.assertEqual(self.breaker()["last_failure"]["kind"], "http_500")

    def test_one_successful_probe_closes_the_breaker(self):
        self.trip()
        self.steer("POST", "/reset?to=half_open")
        self.backend.status = 200
        self.assertEqual(send(self.port, "GET", "/probe")[0], 200)
        eventually("the breaker is closed", lambda: self.breaker()["state"] == "closed")
        self.assertEqual(self.breaker()["last_transition"]["cause"], "probes_succeeded")

    def test_one_of_many_simultaneous_requests_is_the_probe(self):
        self.trip()
        self.steer("POST", "/reset?to=half_open")
        self.backend.status = 200
        self.backend.answers.clear()
        with ThreadPoolExecutor(8) as callers:
            calls = [callers.submit(send, self.port, "GET", "/many") for _ in range(8)]
            eventually("all others are denied", lambda: sum(call.done() for call in calls) == 7)
            self.backend.answers.set()
        self.assertEqual(sorted(call.result()[0] for call in calls), [200] + [503] * 7)
        self.assertEqual(len(self.backend.requests), 1)
        eventually("the breaker is closed", lambda: self.breaker()["state"] == "closed")

    def test_an_error_of_the_caller_is_not_a_failure_of_the_backend(self):
        self.backend.status = 404
        for _ in range(6):
            self.assertEqual(send(self.port, "GET", "/missing")[0], 404)
        self.backend.status = 500
        send(self.port, "GET", "/down")
        self.until_failures(1)

    def test_a_permit_that_the_caller_invents_is_not_reported(self):
        self.assertEqual(send(self.port, "GET", "/forged", None, {"Breaker-Permit": "999"})[0], 200)
        self.until_calls(1)

    def test_an_unreachable_backend_is_a_failure_of_kind_connection(self):
        self.backend.shutdown()
        self.backend.server_close()
        self.assertEqual(send(self.port, "GET", "/gone")[0], self.gone_status)
        self.until_failures(1)
        self.assertEqual(self.breaker()["last_failure"]["kind"], "connection")

    def test_an_overloaded_backend_is_a_failure_of_kind_http_503(self):
        self.backend.status = 503
        self.assertEqual(send(self.port, "GET", "/overloaded")[0], 503)
        self.until_failures(1)
        self.assertEqual(self.breaker()["last_failure"]["kind"], "http_503")

    def test_a_denial_has_no_retry_after_while_an_override_has_no_expiry(self):
        self.steer("PUT", "/override", {"mode": "force_open", "reason": "maintenance", "expires_in_ms": None})
        status, fields, _ = send(self.port, "GET", "/held")
        self.assertEqual((status, fields["Retry-After"]), (503, None))

    def test_requests_go_through_without_fusebox(self):
        self.trip()
        self.backend.status = 200
        self.fusebox.send_signal(signal.SIGKILL)
        self.fusebox.wait(timeout=PATIENCE)
        self.assertEqual(send(self.port, "GET", "/alone")[0], 200)
        self.assertEqual(self.backend.requests, [("GET", "/alone", "")])
        self.fusebox = self.start_fusebox()
        eventually("the breaker denies requests again", lambda: send(self.port, "GET", "/back")[0] == 503)


class HangingBackendTests:
    """How every proxy handles a backend that does not answer."""

    backend_patience = 1

    def test_a_backend_that_hangs_is_a_timeout(self):
        self.backend.answers.clear()
        self.assertEqual(send(self.port, "GET", "/slow")[0], 504)
        self.until_failures(1)
        self.backend.answers.set()
        self.assertEqual(self.breaker()["last_failure"]["kind"], "timeout")
