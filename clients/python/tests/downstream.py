"""A real HTTP service in a thread, which a test can break."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

_ports: set[int] = set()


class Downstream(ThreadingHTTPServer):
    """Answers with ``status``, and closes the connection in the middle of the body if ``breaks_off``."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.status = 200
        self.body = b"good"
        self.breaks_off = False
        #: The status and headers of the first answers, which have no body and come before the others.
        self.first: list[tuple[int, dict[str, str]]] = []
        self.paths: list[str] = []
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()


class Handler(BaseHTTPRequestHandler):
    server: Downstream
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.server.paths.append(self.path)
        if self.server.first:
            status, headers = self.server.first.pop(0)
            self.send_response(status)
            for header in {"content-length": "0", **headers}.items():
                self.send_header(*header)
            self.end_headers()
            return
        self.send_response(self.server.status)
        self.send_header("content-length", str(len(self.server.body)))
        self.end_headers()
        self.wfile.write(self.server.body[:2] if self.server.breaks_off else self.server.body)
        if self.server.breaks_off:
            self.close_connection = True

    do_POST = do_GET

    def do_PUT(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        self.do_GET()

    def log_message(self, format: str, *args: object) -> None: ...


@pytest.fixture
def downstream() -> Iterator[Downstream]:
    service = Downstream()
    while service.server_port in _ports:  # Another test uses the breaker of that port.
        service.server_close()
        service = Downstream()
    _ports.add(service.server_port)
    yield service
    service.shutdown()
    service.server_close()
