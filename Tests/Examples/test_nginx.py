"""A real nginx with docker/examples/nginx.conf, between a client and a backend that dies and comes back.

Needs `nginx` in PATH, and the server in $FUSEBOX, else in .build/debug. Everything is on loopback, in a temporary folder,
and ends with the test.
"""

import http.client
import http.server
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
import unittest
from concurrent.futures import ThreadPoolExecutor

ROOT = pathlib.Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "docker" / "examples" / "nginx.conf"
SERVER = os.environ.get("FUSEBOX", str(ROOT / ".build" / "debug" / "fusebox"))
# Seconds that anything may take before the test gives up.
PATIENCE = 60


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def send(port: int, method: str, path: str, body: str | None = None, headers: dict[str, str] | None = None):
    """The answer: its status, its header fields, its body."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    try:
        connection.request(method, path, body, headers or {})
        response = connection.getresponse()
        return response.status, response.headers, response.read().decode()
    finally:
        connection.close()


def eventually(what: str, condition):
    """Waits for something in another process, of which nothing tells us."""
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
    """Answers with `status`, and remembers what came."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Answering)
        self.status = 200
        # Set while it answers at once.
        self.answers = threading.Event()
        self.answers.set()
        self.requests: list[tuple[str, str, str]] = []
        threading.Thread(target=self.serve_forever, daemon=True).start()


class Answering(http.server.BaseHTTPRequestHandler):
    server: Backend

    def respond(self):
        body = self.rfile.read(int(self.headers.get("content-length", 0))).decode()
        self.server.requests.append((self.command, self.path, body))
        self.server.answers.wait(timeout=PATIENCE)
        self.send_response(self.server.status)
        self.send_header("content-length", "3")
        self.end_headers()
        self.wfile.write(b"ok\n")

    do_GET = do_POST = do_PUT = respond

    def log_message(self, *_):
        pass


@unittest.skipUnless(shutil.which("nginx"), "nginx is not here")
class NginxCase(unittest.TestCase):
    backend_patience = f"{PATIENCE}s"

    def setUp(self):
        self.folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.backend = Backend()
        self.addCleanup(self.backend.server_close)
        self.addCleanup(self.backend.shutdown)
        self.fusebox_port, self.port = free_port(), free_port()
        self.fusebox = self.start_fusebox()
        self.start_nginx()

    def start(self, name: str, *command: str) -> subprocess.Popen:
        with (self.folder / f"{name}.log").open("a") as file:
            process = subprocess.Popen(command, stdout=file, stderr=subprocess.STDOUT, cwd=self.folder)
        self.addCleanup(process.wait, timeout=PATIENCE)
        self.addCleanup(process.terminate)
        return process

    def start_fusebox(self) -> subprocess.Popen:
        address = f"127.0.0.1:{self.fusebox_port}"
        process = self.start("fusebox", SERVER, "serve", "--listen", address, "--db", "fusebox.db")
        eventually("the server answers", lambda: send(self.fusebox_port, "GET", "/readyz")[0] == 200)
        return process

    def start_nginx(self):
        """As the example has it, but for the ports, and for how long the backend is waited for."""
        example = EXAMPLE.read_text()
        for ours, theirs in [(self.fusebox_port, 7979), (self.backend.server_port, 8080), (self.port, 8081)]:
            self.assertEqual(example.count(f"127.0.0.1:{theirs};"), 1)
            example = example.replace(f"127.0.0.1:{theirs};", f"127.0.0.1:{ours};")
        # On a busy machine a decision may take longer than who has a fallback would wait for it.
        example = example.replace("proxy_read_timeout         250ms;", f"proxy_read_timeout         {PATIENCE}s;")
        example = example.replace("proxy_read_timeout    5s;", f"proxy_read_timeout    {self.backend_patience};")
        (self.folder / "example.conf").write_text(example)
        paths = "".join(
            f"{kind}_temp_path {self.folder}/{kind};" for kind in ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        )
        (self.folder / "nginx.conf").write_text(
            f"daemon off; pid {self.folder}/nginx.pid; error_log stderr; events {{}}\n"
            f"http {{ access_log off; {paths} include {self.folder}/example.conf; }}\n"
        )
        self.start("nginx", "nginx", "-p", str(self.folder), "-e", "stderr", "-c", str(self.folder / "nginx.conf"))
        eventually("nginx answers", lambda: send(self.port, "GET", "/first")[0])
        eventually("the first is reported", lambda: self.breaker()["counts"]["calls"] == 1)
        self.backend.requests.clear()

    def breaker(self) -> dict:
        return json.loads(send(self.fusebox_port, "GET", "/v1/breakers/payments")[2])

    def steer(self, method: str, path: str, body: dict | None = None):
        status, _, answer = send(self.fusebox_port, method, f"/v1/breakers/payments{path}", body and json.dumps(body))
        self.assertEqual(status, 200, answer)

    def until_failures(self, count: int):
        """Reports come behind the answers."""
        eventually("the failure is reported", lambda: self.breaker()["counts"]["consecutive_failures"] == count)

    def trip(self):
        self.backend.status = 500
        for number in range(1, 6):
            self.assertEqual(send(self.port, "GET", "/down")[0], 500)
            if number < 5:
                self.until_failures(number)
        eventually("it is open", lambda: self.breaker()["state"] == "open")
        self.backend.requests.clear()


class ExampleTest(NginxCase):
    def test_a_closed_breaker_lets_requests_through_as_they_are(self):
        self.assertEqual(send(self.port, "POST", "/orders?a=1&a=2", "a body")[0], 200)
        foreign = {"Origin": "https://elsewhere.example", "Cookie": "fusebox=1", "Sec-Fetch-Site": "cross-site"}
        self.assertEqual(send(self.port, "PUT", "/x", "another", foreign)[0], 200)
        self.assertEqual(self.backend.requests, [("POST", "/orders?a=1&a=2", "a body"), ("PUT", "/x", "another")])
        eventually("both are reported", lambda: self.breaker()["counts"]["calls"] == 3)

    def test_five_failures_open_it_and_the_backend_is_spared(self):
        self.trip()
        status, fields, body = send(self.port, "GET", "/down")
        self.assertEqual((status, fields["Breaker-State"]), (503, "open"))
        self.assertEqual(json.loads(body)["retry_after"], int(fields["Retry-After"]))
        self.assertTrue(1 <= int(fields["Retry-After"]) <= 60)
        self.assertEqual(self.backend.requests, [])
        self.assertEqual(self.breaker()["last_failure"]["kind"], "http_500")

    def test_one_probe_decides_when_the_backend_is_back(self):
        self.trip()
        self.steer("POST", "/reset?to=half_open")
        self.backend.status = 200
        self.assertEqual(send(self.port, "GET", "/probe")[0], 200)
        eventually("it is closed", lambda: self.breaker()["state"] == "closed")
        self.assertEqual(self.breaker()["last_transition"]["cause"], "probes_succeeded")

    def test_of_many_at_once_one_is_the_probe(self):
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
        eventually("it is closed", lambda: self.breaker()["state"] == "closed")

    def test_a_callers_mistake_is_not_the_backends(self):
        self.backend.status = 404
        for _ in range(6):
            self.assertEqual(send(self.port, "GET", "/missing")[0], 404)
        self.backend.status = 500
        send(self.port, "GET", "/down")
        self.until_failures(1)

    def test_a_backend_that_is_gone_is_a_failure_of_its_own_kind(self):
        self.backend.shutdown()
        self.backend.server_close()
        self.assertEqual(send(self.port, "GET", "/gone")[0], 502)
        self.until_failures(1)
        self.assertEqual(self.breaker()["last_failure"]["kind"], "connection")

    def test_held_open_it_says_that_nobody_knows_the_end(self):
        self.steer("PUT", "/override", {"mode": "force_open", "reason": "maintenance", "expires_in_ms": None})
        status, fields, body = send(self.port, "GET", "/held")
        self.assertEqual((status, fields["Retry-After"], json.loads(body)["retry_after"]), (503, None, None))

    def test_without_fusebox_requests_go_through(self):
        self.fusebox.send_signal(signal.SIGKILL)
        self.fusebox.wait(timeout=PATIENCE)
        self.assertEqual(send(self.port, "GET", "/alone")[0], 200)
        self.assertEqual(self.backend.requests, [("GET", "/alone", "")])


class HangingBackendTest(NginxCase):
    backend_patience = "1s"

    def test_a_backend_that_hangs_is_a_timeout(self):
        self.backend.answers.clear()
        self.assertEqual(send(self.port, "GET", "/slow")[0], 504)
        self.until_failures(1)
        self.backend.answers.set()
        self.assertEqual(self.breaker()["last_failure"]["kind"], "timeout")


if __name__ == "__main__":
    unittest.main()
