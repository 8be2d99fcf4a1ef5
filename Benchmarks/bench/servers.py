"""The servers under load: each has its own port, starts for one measurement, and is ended by its pid."""

import http.client
import json
import socket
import subprocess
import time
from pathlib import Path
from typing import Any, Self

from bench.plan import BenchError

HOST = "127.0.0.1"
START_SECONDS = 60
STOP_SECONDS = 30


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind((HOST, 0))
        port: int = listener.getsockname()[1]
        return port


class Server:
    """A child process that listens. Use it in a `with`, which always ends it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self.log = folder / f"{type(self).__name__}.log"
        self.process: subprocess.Popen[bytes] | None = None

    def command(self) -> list[str]:
        raise NotImplementedError

    def environment(self) -> dict[str, str] | None:
        """The environment of the process; `None` for that of the driver."""
        return None

    def is_ready(self) -> bool:
        try:
            with socket.create_connection((HOST, self.port), timeout=1):
                return True
        except OSError:
            return False

    def start(self) -> float:
        """Returns the seconds from the start of the process until it is ready."""
        began = time.monotonic()
        with self.log.open("ab") as log:
            # A separate session: Ctrl-C reaches only the driver, which ends its servers in order.
            self.process = subprocess.Popen(
                self.command(), stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self.folder,
                env=self.environment(), start_new_session=True,
            )
        while not self.is_ready():
            if self.process.poll() is not None:
                raise BenchError(f"{self.command()[0]} ended at its start. Its log:\n{self.log_end()}")
            if time.monotonic() - began > START_SECONDS:
                raise BenchError(f"{self.command()[0]} is not ready after {START_SECONDS} s:\n{self.log_end()}")
            time.sleep(0.005)
        return time.monotonic() - began

    def stop(self) -> None:
        """Ends the process as an operator would, and kills it if it does not end."""
        if self.process is None:
            return
        self.process.terminate()
        try:
            self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()
        self.process = None

    def kill(self) -> None:
        """Ends the process as a power cut would."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def resident_bytes(self) -> int:
        assert self.process is not None
        for line in Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) * 1024
        raise BenchError(f"/proc/{self.process.pid}/status has no VmRSS")

    def log_end(self) -> str:
        return self.log.read_text(errors="replace")[-2_000:]

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.kill()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


class LimitServer(Server):
    """One of the static responders of Benchmarks/limits."""

    def __init__(self, folder: Path, program: Path) -> None:
        super().__init__(folder)
        self.program = program

    def command(self) -> list[str]:
        return [str(self.program), str(self.port)]


class RedisServer(Server):
    """Redis that writes only its append-only file: no snapshots and no rewrite during a measurement, which is to its
    advantage."""

    def __init__(self, folder: Path, appendfsync: str) -> None:
        super().__init__(folder)
        self.appendfsync = appendfsync

    def command(self) -> list[str]:
        return [
            "redis-server", "--bind", HOST, "--port", str(self.port), "--dir", str(self.folder), "--daemonize", "no",
            "--save", "", "--appendonly", "yes", "--appendfsync", self.appendfsync,
            "--auto-aof-rewrite-percentage", "0",
        ]

    def is_ready(self) -> bool:
        try:
            with socket.create_connection((HOST, self.port), timeout=1) as connection:
                connection.sendall(b"PING\r\n")
                return connection.recv(64).startswith(b"+PONG")
        except OSError:
            return False

    def cli(self, *arguments: str, given: str = "") -> str:
        """Returns the output of redis-cli for a command, or for the commands in `given`, one a line."""
        result = subprocess.run(
            ["redis-cli", "-h", HOST, "-p", str(self.port), *arguments], input=given, capture_output=True, text=True,
        )
        answer = result.stdout.strip()
        if result.returncode != 0 or answer.startswith(("ERR", "NOSCRIPT", "WRONGTYPE")):
            raise BenchError(f"redis-cli {' '.join(arguments)[:200]}: {answer or result.stderr.strip()}")
        return answer

    def load_script(self, text: str) -> str:
        """Loads a script, and returns the hash by which EVALSHA calls it."""
        return self.cli("-x", "SCRIPT", "LOAD", given=text)

    def hash(self, key: str) -> dict[str, str]:
        lines = self.cli("HGETALL", key).splitlines()
        return dict(zip(lines[::2], lines[1::2]))

    def commands_processed(self) -> int:
        """The number of commands since the start; each is a round trip unless it was pipelined."""
        statistics = dict(line.split(":") for line in self.cli("INFO", "stats").splitlines() if ":" in line)
        return int(statistics["total_commands_processed"])

    def script_calls(self) -> int:
        """Returns how often EVALSHA has answered. An error among the answers is a fault of the benchmark."""
        for line in self.cli("INFO", "commandstats").splitlines():
            if line.startswith("cmdstat_evalsha:"):
                statistics = dict(pair.split("=") for pair in line.strip().split(":")[1].split(","))
                if int(statistics["failed_calls"]) or int(statistics["rejected_calls"]):
                    raise BenchError(f"the script failed in Redis: {line}\n{self.cli('INFO', 'errorstats')}")
                return int(statistics["calls"])
        return 0


class FuseboxServer(Server):
    """Fusebox on its own database, with its default settings except for those set here."""

    def __init__(self, folder: Path, program: Path, configuration: str = "", max_breakers: int = 10_000) -> None:
        super().__init__(folder)
        self.program = program
        self.max_breakers = max_breakers
        self.configuration = folder / "fusebox.yaml"
        self.configuration.write_text(configuration)
        # Header fields of every request that `ask` sends.
        self.headers: dict[str, str] = {}
        self.database = folder / "fusebox.db"

    def command(self) -> list[str]:
        return [
            str(self.program), "serve", "--listen", f"{HOST}:{self.port}", "--db", str(self.database),
            "--config", str(self.configuration),
        ]

    def environment(self) -> dict[str, str]:
        # Without the caller's environment, because its FUSEBOX_… settings would change the measurement.
        return {"PATH": "/usr/bin:/bin", "FUSEBOX_MAX_BREAKERS": str(self.max_breakers)}

    def is_ready(self) -> bool:
        try:
            return self.get_status("/readyz") == 200
        except OSError:
            return False

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.port}"

    def get_status(self, path: str) -> int:
        connection = http.client.HTTPConnection(HOST, self.port, timeout=5)
        try:
            connection.request("GET", path)
            return connection.getresponse().status
        finally:
            connection.close()

    def ask(self, method: str, path: str, document: Any = None) -> Any:
        """Returns the document of the answer. A status other than 2xx is a fault of the benchmark."""
        connection = http.client.HTTPConnection(HOST, self.port, timeout=60)
        try:
            body = None if document is None else json.dumps(document)
            connection.request(method, path, body, self.headers)
            response = connection.getresponse()
            answer = response.read()
        finally:
            connection.close()
        if not 200 <= response.status < 300:
            raise BenchError(f"{method} {path}: {response.status} {answer.decode(errors='replace')}")
        return json.loads(answer)

    def breaker(self, name: str) -> Any:
        return self.ask("GET", f"/v1/breakers/{name}")

    def breakers(self) -> list[Any]:
        """Returns all breakers, by name."""
        found: list[Any] = []
        token = ""
        while True:
            page = self.ask("GET", f"/v1/breakers?page_size=1000&page_token={token}")
            found += page["breakers"]
            token = page["next_page_token"]
            if not token:
                return found

    def file_bytes(self) -> int:
        """The size of the database and its log."""
        files = (self.database, self.database.with_name(self.database.name + "-wal"))
        return sum(file.stat().st_size for file in files if file.exists())
