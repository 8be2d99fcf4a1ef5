"""The workers of docs/examples, in each language that is installed."""

import json
import os
import pathlib
import re
import select
import shutil
import signal
import socketserver
import subprocess
import tempfile
import threading
import unittest

from example import PATIENCE, ROOT, SERVER, Backend, FuseboxCase, eventually, free_port, send

# Longer than a test.
NEVER = 600
# A URL that no HTTP client accepts.
MALFORMED = "http://["
# A URL of another protocol, and a line that looks like an option of a command.
FOREIGN = ["foo://127.0.0.1/charge", "--version"]


class Worker:
    """A worker's process, which answers each job with a line."""

    def __init__(self, command: list[str], log: pathlib.Path, environment: dict[str, str]):
        self.log = log
        with log.open("w") as errors:
            self.process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                env={name: value for name, value in os.environ.items() if "proxy" not in name.lower()} | environment,
            )

    def job(self, url: str) -> str:
        self.process.stdin.write(url + "\n")
        self.process.stdin.flush()
        ready, _, _ = select.select([self.process.stdout], [], [], PATIENCE)
        line = self.process.stdout.readline() if ready else "no answer"
        assert line, self.log.read_text()
        return line.strip()

    def complaints(self) -> list[str]:
        return self.log.read_text().splitlines()

    def stop(self):
        self.process.kill()
        self.process.wait(timeout=PATIENCE)
        self.process.stdin.close()
        self.process.stdout.close()


class Gibberish(socketserver.StreamRequestHandler):
    """Reads a request, and answers with a line that is not HTTP."""

    def handle(self):
        while self.rfile.readline().strip():
            pass
        self.wfile.write(b"not HTTP\r\n\r\n")


class WorkerCase(FuseboxCase):
    examples = ROOT / "docs" / "examples"
    # The example's file.
    file: str
    # The example's constants, and how they are written with other values in seconds.
    constants: dict[str, str]

    def command(self, path: pathlib.Path) -> list[str]:
        """Returns the command that runs the program."""
        raise NotImplementedError

    def worker(self, call: float = PATIENCE, pause: int = NEVER, **environment: str) -> Worker:
        """Starts the example.

        `call` is the time-out of its call, and `pause` the time in which it does not ask Fusebox again.
        """
        path = pathlib.Path(tempfile.mkdtemp(dir=self.folder)) / self.file
        constants = {ours: theirs.format(call=call, pause=pause) for ours, theirs in self.constants.items()}
        path.write_text(self.example(self.file, constants))
        defaults = {
            "FUSEBOX_URL": f"http://127.0.0.1:{self.fusebox_port}",
            "FUSEBOX_TIMEOUT": str(PATIENCE),
            "FUSEBOX_TOKEN": "",
        }
        worker = Worker(self.command(path), path.with_name("worker.log"), defaults | environment)
        self.addCleanup(worker.stop)
        return worker

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.backend.server_port}/charge"

    def total(self, outcome: str) -> int:
        history = json.loads(send(self.fusebox_port, "GET", "/v1/breakers/payments/history")[2])
        return sum(point[outcome] for point in history["points"])


class WorkerTests:
    """The tests that every worker must pass."""

    def test_failures_open_the_breaker_and_a_probe_closes_it(self):
        worker = self.worker()
        self.assertEqual(worker.job(self.url), "done: 200")
        self.assertEqual(self.total("successes"), 1)
        self.backend.status = 503
        for _ in range(5):
            self.assertTrue(worker.job(self.url).startswith("failed: "))
        breaker = self.breaker()
        self.assertEqual(breaker["state"], "open")
        self.assertEqual(breaker["last_failure"]["kind"], "http_503")
        self.assertIsInstance(breaker["last_failure"]["duration_ms"], int)

        self.backend.requests.clear()
        denial = re.fullmatch(r"denied: retry in (\d+) ms", worker.job(self.url))
        self.assertTrue(denial and 0 < int(denial[1]) <= 60_000, denial)
        self.assertEqual(self.backend.requests, [])

        self.steer("POST", "/reset?to=half_open")
        self.backend.status = 200
        self.assertEqual(worker.job(self.url), "done: 200")
        self.assertEqual(self.breaker()["last_transition"]["cause"], "probes_succeeded")
        self.assertEqual(worker.complaints(), [])

    def test_only_faults_of_the_downstream_are_failures(self):
        worker = self.worker()
        self.backend.status = 404
        self.assertTrue(worker.job(self.url).startswith("failed: "))
        self.assertTrue(worker.job(MALFORMED).startswith("failed: "))
        self.assertEqual((self.total("ignored"), self.total("failures")), (2, 0))
        self.assertTrue(worker.job(f"http://127.0.0.1:{free_port()}/charge").startswith("failed: "))
        self.assertEqual(self.breaker()["last_failure"]["kind"], "connection")
        impatient = self.worker(call=0.5)
        self.backend.answers.clear()
        self.assertTrue(impatient.job(self.url).startswith("failed: "))
        self.backend.answers.set()
        self.assertEqual(self.breaker()["last_failure"]["kind"], "timeout")
        self.assertEqual((self.total("ignored"), self.total("failures")), (2, 2))
        self.assertEqual(worker.complaints() + impatient.complaints(), [])

    def test_a_line_that_is_no_url_of_http_is_ignored(self):
        worker = self.worker()
        for line in FOREIGN:
            self.assertTrue(worker.job(line).startswith("failed: "), line)
        self.assertEqual((self.total("ignored"), self.total("failures"), self.total("successes")), (2, 0, 0))

    def test_an_answer_that_is_not_http_is_a_failure_of_kind_connection(self):
        server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Gibberish)
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        worker = self.worker()
        self.assertTrue(worker.job(f"http://127.0.0.1:{server.server_address[1]}/charge").startswith("failed: "))
        self.assertEqual(self.total("failures"), 1)
        self.assertEqual(self.breaker()["last_failure"]["kind"], "connection")

    def test_the_time_out_may_have_fractions_of_a_millisecond(self):
        worker = self.worker(FUSEBOX_TIMEOUT="60.0001")
        self.assertEqual(worker.job(self.url), "done: 200")
        self.assertEqual(worker.complaints(), [])
        self.assertEqual(self.total("successes"), 1)

    def test_a_probe_whose_call_is_never_sent_is_given_back(self):
        worker = self.worker()
        self.assertEqual(worker.job(self.url), "done: 200")
        self.steer("POST", "/reset?to=half_open")
        self.assertTrue(worker.job(MALFORMED).startswith("failed: "))
        self.assertEqual(worker.job(self.url), "done: 200")
        self.assertEqual(self.breaker()["state"], "closed")

    def test_calls_go_through_while_fusebox_hangs_and_it_is_asked_only_once(self):
        hanging = Backend()
        self.addCleanup(hanging.server_close)
        self.addCleanup(hanging.shutdown)
        self.addCleanup(hanging.answers.set)
        hanging.answers.clear()
        worker = self.worker(FUSEBOX_URL=f"http://127.0.0.1:{hanging.server_port}", FUSEBOX_TIMEOUT="0.3")
        for _ in range(3):
            self.assertEqual(worker.job(self.url), "done: 200")
        self.assertEqual(len(worker.complaints()), 1, worker.complaints())
        eventually("Fusebox has the request", lambda: hanging.requests)
        self.assertEqual(hanging.requests, [("POST", "/v1/breakers/payments/acquire", "")])

    def test_calls_go_through_while_fusebox_is_away_and_are_denied_after_its_return(self):
        worker = self.worker(pause=0)
        self.assertEqual(worker.job(self.url), "done: 200")
        self.steer("PUT", "/override", {"mode": "force_open", "reason": "maintenance", "expires_in_ms": None})
        self.assertEqual(worker.job(self.url), "denied: retry in ? ms")
        self.fusebox.send_signal(signal.SIGKILL)
        self.fusebox.wait(timeout=PATIENCE)
        self.assertEqual(worker.job(self.url), "done: 200")
        self.assertTrue(worker.complaints()[0].startswith("no decision from Fusebox: "))
        self.fusebox = self.start_fusebox()
        eventually("calls are denied again", lambda: worker.job(self.url).startswith("denied: "))

    def test_a_refused_token_is_printed_once_and_the_calls_go_through(self):
        command = [SERVER, "token", "new", "--name", "checkout", "--role", "worker"]
        made = subprocess.run(command, check=True, capture_output=True, text=True, timeout=PATIENCE).stdout
        tokens = self.folder / "tokens"
        tokens.write_text(re.search(r"^line.*?: (.*)$", made, re.MULTILINE).group(1) + "\n")
        secret = re.search(r"fbx_\w+", made).group(0)
        self.fusebox.terminate()
        self.fusebox.wait(timeout=PATIENCE)
        self.fusebox = self.start_fusebox("--tokens", str(tokens))

        refused = self.worker(FUSEBOX_TOKEN=secret[:-8] + 8 * ("0" if secret[-1] != "0" else "1"))
        for _ in range(3):
            self.assertEqual(refused.job(self.url), "done: 200")
        self.assertEqual(len(refused.complaints()), 1, refused.complaints())
        self.assertIn("401", refused.complaints()[0])

        accepted = self.worker(FUSEBOX_TOKEN=secret)
        self.assertEqual(accepted.job(self.url), "done: 200")
        self.assertEqual(accepted.complaints(), [])
        authorization = {"authorization": f"Bearer {secret}"}
        breaker = json.loads(send(self.fusebox_port, "GET", "/v1/breakers/payments", None, authorization)[2])
        self.assertEqual(breaker["counts"]["calls"], 1)


class PythonWorkerTest(WorkerTests, WorkerCase):
    file = "worker.py"
    constants = {
        "CALL_TIMEOUT = 5.0 ": "CALL_TIMEOUT = {call} ",
        "FIRST_PAUSE, LAST_PAUSE = 1.0, 30.0": "FIRST_PAUSE, LAST_PAUSE = {pause}, {pause}",
    }

    def command(self, path):
        return ["python3", str(path)]

    def test_the_document_shows_the_example(self):
        document = (ROOT / "docs" / "any-language.md").read_text()
        self.assertIn(f"\n```python\n{(self.examples / self.file).read_text()}```\n", document)


@unittest.skipUnless(shutil.which("node"), "node is not installed")
class NodeWorkerTest(WorkerTests, WorkerCase):
    file = "worker.mjs"
    constants = {
        "CALL_TIMEOUT_MS = 5000;": "CALL_TIMEOUT_MS = {call} * 1000;",
        "FIRST_PAUSE_MS = 1000;": "FIRST_PAUSE_MS = {pause} * 1000;",
        "LAST_PAUSE_MS = 30000;": "LAST_PAUSE_MS = {pause} * 1000;",
    }

    def command(self, path):
        return ["node", str(path)]


@unittest.skipUnless(shutil.which("go"), "go is not installed")
class GoWorkerTest(WorkerTests, WorkerCase):
    file = "worker.go"
    constants = {
        "= 5 * time.Second": "= time.Duration({call} * 1e9)",
        "= 1 * time.Second": "= time.Duration({pause} * 1e9)",
        "= 30 * time.Second": "= time.Duration({pause} * 1e9)",
    }

    def command(self, path):
        program = path.with_suffix("")
        subprocess.run(["go", "build", "-o", str(program), str(path)], check=True, cwd=path.parent)
        return [str(program)]


@unittest.skipUnless(
    shutil.which("php") and "curl" in subprocess.run(["php", "-m"], capture_output=True, text=True).stdout.split(),
    "php with its curl extension is not installed",
)
class PHPWorkerTest(WorkerTests, WorkerCase):
    file = "worker.php"
    constants = {
        "CALL_TIMEOUT = 5.0;": "CALL_TIMEOUT = {call};",
        "FIRST_PAUSE = 1.0;": "FIRST_PAUSE = {pause};",
        "LAST_PAUSE = 30.0;": "LAST_PAUSE = {pause};",
    }

    def command(self, path):
        return ["php", str(path)]


@unittest.skipUnless(shutil.which("curl"), "curl is not installed")
class ShellWorkerTest(WorkerTests, WorkerCase):
    file = "worker.sh"
    constants = {
        "\ncall_timeout=5 ": "\ncall_timeout={call} ",
        "\nfirst_pause=1 ": "\nfirst_pause={pause} ",
        "\nlast_pause=30\n": "\nlast_pause={pause}\n",
    }

    def command(self, path):
        return ["sh", str(path)]


if __name__ == "__main__":
    unittest.main()
