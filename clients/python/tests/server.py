"""A real Fusebox server in its own process, for the tests."""

from __future__ import annotations

import json
import os
import pathlib
import re
import signal
import socket
import ssl
import subprocess
import time
from collections.abc import Callable
from typing import Any, Optional, TypeVar

import httpx

ROOT = pathlib.Path(__file__).resolve().parents[3]
BINARY = os.environ.get("FUSEBOX_BINARY", str(ROOT / ".build" / "debug" / "fusebox"))
#: The maximum time in seconds that a test waits for a condition.
PATIENCE = 30.0

T = TypeVar("T")


def eventually(what: str, condition: Callable[[], T], within: float = PATIENCE) -> T:
    """Waits for a condition in another thread or process that sends no notification."""
    end = time.monotonic() + within
    while not (value := condition()):
        if time.monotonic() > end:
            raise AssertionError(f"not within {within} s: {what}")
        time.sleep(0.005)
    return value


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


class Server:
    def __init__(
        self, folder: pathlib.Path, *options: str, trust: Optional[ssl.SSLContext] = None, **variables: str
    ) -> None:
        """
        Args:
            trust: Verifies the server's certificate, if the options give it one.
            variables: Environment variables in addition to those of this process.
        """
        self.folder = folder
        self.options = options
        self._environment = {**os.environ, **variables}
        self.port = free_port()
        self.url = f"{'http' if trust is None else 'https'}://127.0.0.1:{self.port}"
        self.log = folder / "fusebox.log"
        self._process: Optional[subprocess.Popen[bytes]] = None
        self._http = httpx.Client(base_url=self.url, verify=trust or True, timeout=10, headers={"connection": "close"})
        self.start()

    def start(self) -> None:
        command = [BINARY, "serve", "--listen", f"127.0.0.1:{self.port}", "--db", "fusebox.db", *self.options]
        with self.log.open("wb") as log:
            self._process = subprocess.Popen(
                command, stdout=log, stderr=subprocess.STDOUT, cwd=self.folder, env=self._environment
            )
        eventually("the server listens", lambda: re.search(r"listening on", self.log.read_text()))

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def pause(self) -> None:
        """Stops the process: it keeps its connections and sends nothing."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)
        os.waitid(os.P_PID, self._process.pid, os.WSTOPPED | os.WNOWAIT)

    def resume(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    def close(self) -> None:
        self._http.close()
        self.kill()

    def ask(self, method: str, path: str, body: Optional[dict[str, Any]] = None) -> Any:
        response = self._http.request(method, path, content=None if body is None else json.dumps(body))
        assert response.is_success, f"{method} {path}: {response.status_code} {response.text}"
        return response.json() if response.content else None

    def breaker(self, name: str) -> Any:
        return self.ask("GET", f"/v1/breakers/{name}")

    def state(self, name: str) -> str:
        state: str = self.breaker(name)["state"]
        return state

    def put(self, name: str, **policy: Any) -> Any:
        return self.ask("PUT", f"/v1/breakers/{name}", {"policy": policy})

    def reset(self, name: str, to: str = "closed") -> None:
        self.ask("POST", f"/v1/breakers/{name}/reset" + ("?to=half_open" if to == "half_open" else ""))

    def override(self, name: str, mode: str, expires_in_ms: Optional[int] = None) -> None:
        body = {"mode": mode, "reason": "a test", "expires_in_ms": expires_in_ms}
        self.ask("PUT", f"/v1/breakers/{name}/override", body)

    def clear_override(self, name: str) -> None:
        self.ask("DELETE", f"/v1/breakers/{name}/override")

    def trip(self, name: str, failures: int = 5) -> None:
        for _ in range(failures):
            self.ask("POST", f"/v1/breakers/{name}/report?outcome=failure")

    def counted(self, name: str) -> tuple[int, int]:
        """Returns the calls and failures in the breaker's window since its generation began."""
        counts = self.breaker(name)["counts"]
        return counts["calls"], counts["failures"]

    def put_counting(self, name: str, **policy: Any) -> None:
        """Creates a breaker that counts for an hour and never opens."""
        self.put(name, failure_threshold=None, window_ms=3_600_000, **policy)
