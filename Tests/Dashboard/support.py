"""A real server and a real browser for the tests of the dashboard.

Needs Chromium at $CHROMIUM, or else in PATH, and the server at $FUSEBOX, or else in .build/debug. Everything runs on
loopback and in a temporary folder, and ends with the tests.
"""

import contextlib
import http.client
import http.server
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile
import threading
import time
import unittest
import urllib.error
import urllib.request
from collections.abc import Callable
from urllib.parse import quote, urlencode

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Error, Page, expect, sync_playwright

ROOT = pathlib.Path(__file__).resolve().parents[2]
SERVER = os.environ.get("FUSEBOX", str(ROOT / ".build" / "debug" / "fusebox"))
CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium")
# The maximum time in milliseconds that a test waits for a condition. A test of a working page does not wait that long.
PATIENCE_MS = 30_000
# The browser's console message about an error answer or a missing answer.
REFUSALS = "Failed to load resource"
# The addresses of the list's requests.
LIST = re.compile("include=history")

expect.set_options(timeout=PATIENCE_MS)


class Server:
    """The server, which can be killed and started again with its port and its database."""

    def __init__(self, *tokens: str, settings: dict[str, str] | None = None):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="fusebox-dashboard-"))
        self.settings = settings or {}
        self.secrets: dict[str, str] = {}
        self.options: list[str] = []
        for role in tokens:
            self.add_token(role)
        self.port = 0
        self.log = open(self.folder / "log", "ab")
        self.start()

    def add_token(self, role: str) -> None:
        """Creates a token whose name is its role."""
        made = subprocess.run(
            [SERVER, "token", "new", "--name", role, "--role", role], capture_output=True, text=True, check=True
        )
        text = made.stdout + made.stderr
        self.secrets[role] = re.search(r"fbx_[0-9a-f]{64}", text)[0]
        with open(self.folder / "tokens", "a") as file:
            file.write(re.search(rf"{role} {role} sha256:[0-9a-f]{{64}}", text)[0] + "\n")
        self.options = ["--tokens", str(self.folder / "tokens")]

    def start(self) -> None:
        self.process = subprocess.Popen(
            [SERVER, "serve", "--listen", f"127.0.0.1:{self.port}", "--db", str(self.folder / "f.db"), *self.options],
            stdout=subprocess.PIPE,
            stderr=self.log,
            text=True,
            env={**os.environ, **self.settings},
        )
        line = self.process.stdout.readline()
        if not line:
            raise AssertionError((self.folder / "log").read_text())
        self.url = line.split()[-1]
        self.port = int(self.url.rsplit(":", 1)[1])

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        self.process.stdout.close()

    def replace_database(self) -> None:
        """Restarts the server with an empty database, which has another epoch."""
        self.kill()
        for file in self.folder.glob("f.db*"):
            file.unlink()
        self.start()

    def close(self) -> None:
        if self.process.poll() is None:
            self.kill()
        self.log.close()
        shutil.rmtree(self.folder)

    def call(self, method: str, path: str, body: dict | None = None):
        """Sends a request as a worker or an operator does, not as the page does."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, method=method, data=data)
        if "operator" in self.secrets:
            request.add_header("authorization", f"Bearer {self.secrets['operator']}")
        with urllib.request.urlopen(request, timeout=30) as response:
            text = response.read()
        return json.loads(text) if text else None

    def acquire(self, name: str):
        return self.call("POST", f"/v1/breakers/{name}/acquire")

    def succeed(self, name: str, count: int = 1) -> None:
        self.call("POST", "/v1/reports", {"reports": [{"name": name, "outcome": "success", "count": count}]})

    def fail(self, name: str, count: int = 1, **fields: str) -> None:
        for _ in range(count):
            self.call("POST", f"/v1/breakers/{name}/report?" + urlencode({"outcome": "failure", **fields}))

    def trip(self, name: str) -> None:
        self.fail(name, 5, kind="timeout", reporter="checkout-7", detail="no response within 5 s")

    def override(self, name: str, mode: str, reason: str, expires_in_ms: int | None = 3_600_000) -> None:
        body = {"mode": mode, "reason": reason, "expires_in_ms": expires_in_ms}
        self.call("PUT", f"/v1/breakers/{name}/override", body)


class Proxy:
    """A proxy that removes a path prefix and passes everything else on unchanged.

    `before_piece` is called with the path before each piece of an answer, and may wait.
    """

    def __init__(
        self,
        server: Server,
        prefix: str,
        piece_bytes: int = 65_536,
        before_piece: Callable[[str], None] = lambda path: None,
    ):
        self.target = server.url
        self.prefix = prefix
        self.piece_bytes = piece_bytes
        self.before_piece = before_piece

    def __enter__(self) -> str:
        target, prefix = self.target, self.prefix
        piece_bytes, before_piece = self.piece_bytes, self.before_piece

        class Handler(http.server.BaseHTTPRequestHandler):
            def pass_on(self):
                if not self.path.startswith(prefix + "/"):
                    self.send_error(404)
                    return
                body = self.rfile.read(int(self.headers.get("content-length", 0))) or None
                request = urllib.request.Request(target + self.path[len(prefix) :], data=body, method=self.command)
                for name, value in self.headers.items():
                    # A compressed answer would not reach the page piece by piece.
                    if name.lower() not in ("connection", "content-length", "accept-encoding"):
                        request.add_header(name, value)
                try:
                    response = urllib.request.urlopen(request, timeout=60)
                except urllib.error.HTTPError as error:
                    response = error
                with response, contextlib.suppress(OSError, http.client.HTTPException):
                    self.send_response(response.status)
                    for name, value in response.headers.items():
                        if name.lower() not in ("connection", "transfer-encoding"):
                            self.send_header(name, value)
                    self.send_header("connection", "close")
                    self.end_headers()
                    while piece := response.read1(piece_bytes):
                        before_piece(self.path)
                        self.wfile.write(piece)
                        self.wfile.flush()

            do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = pass_on

            def log_message(self, *arguments):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{self.server.server_port}"

    def __exit__(self, *error):
        self.server.shutdown()
        self.server.server_close()


class DashboardTest(unittest.TestCase):
    """A browser test that fails if the page has an error or sends a request to any other server."""

    browser: Browser

    @classmethod
    def setUpClass(cls):
        cls.playwright = sync_playwright().start()
        cls.browser = cls.playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])

    @classmethod
    def tearDownClass(cls):
        cls.browser.close()
        cls.playwright.stop()

    def serve(self, *tokens: str, settings: dict[str, str] | None = None) -> Server:
        server = Server(*tokens, settings=settings)
        self.addCleanup(server.close)
        return server

    def open(self, server: Server, path: str = "/", tolerates: str | None = None, **options) -> Page:
        """Opens a page in a browser context of its own, without the state of other tests.

        Errors in the browser's console fail the test, except those that contain `tolerates`.
        """
        context = self.browser.new_context(**{"viewport": {"width": 1280, "height": 800}, **options})
        self.addCleanup(context.close)
        context.set_default_timeout(PATIENCE_MS)
        origin = server.url

        def guard(route):
            if route.request.url.startswith(origin + "/"):
                # The page may have cancelled the request or been left in the meantime.
                with contextlib.suppress(Error):
                    route.continue_()
            else:
                strangers.append(route.request.url)
                route.abort()

        strangers: list[str] = []
        errors: list[str] = []
        context.route("**/*", guard)
        page = context.new_page()
        page.on("pageerror", lambda error: errors.append(str(error)))

        def note(message):
            url = message.location["url"]
            is_tolerated = tolerates and tolerates in message.text
            if message.type == "error" and not is_tolerated:
                errors.append(f"{message.text} ({url})")

        page.on("console", note)
        self.addCleanup(lambda: self.assertEqual(strangers, [], "the page sent a request to another server"))
        self.addCleanup(lambda: self.assertEqual(errors, [], "the page has errors"))
        page.goto(origin + path)
        return page

    def sign_in(self, page: Page, server: Server, role: str) -> None:
        page.get_by_label("Token").fill(server.secrets[role])
        page.get_by_role("button", name="Sign in").click()
        page.get_by_text(f"{role} {role}").wait_for()

    def scan(self, page: Page) -> None:
        """Fails if the page has an accessibility violation."""
        results = Axe().run(page)
        found = [
            f"{violation['id']}: {node['html'][:200]} {node['failureSummary'][:300]}"
            for violation in results.response["violations"]
            for node in violation["nodes"]
        ]
        self.assertEqual(found, [])


def row(page: Page, name: str):
    """The row of a breaker in the list."""
    return page.locator("tr.row").filter(has=page.get_by_role("link", name=name, exact=True))


def wait_until(page: Page, what: str, condition) -> None:
    """Waits for a condition that no element of the page shows."""
    end = time.monotonic() + PATIENCE_MS / 1000
    while not condition():
        if time.monotonic() > end:
            raise AssertionError(f"not within {PATIENCE_MS} ms: {what}")
        page.wait_for_timeout(50)


def breaker_path(name: str) -> str:
    return "/?breaker=" + quote(name)
