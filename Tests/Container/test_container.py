"""The image that Tests/Container/build-image builds, run by buildah with the image's configuration.

The container shares the network of this machine, so it listens on a free port. Everything else is as in the image.
"""

import http.client
import json
import os
import pathlib
import re
import signal
import socket
import subprocess
import tempfile
import time
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILDAH = str(ROOT / ".build" / "container" / "buildah")
USER = 10001
# The maximum time in seconds that a test waits for a condition.
PATIENCE = 60


def buildah(*arguments: str, check: bool = True) -> subprocess.CompletedProcess:
    return subprocess.run([BUILDAH, *arguments], capture_output=True, text=True, check=check, timeout=PATIENCE)


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


class ContainerTests(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.container = buildah("from", "--pull-never", "fusebox").stdout.strip()
        cls.addClassCleanup(buildah, "rm", cls.container)
        cls.image = json.loads(buildah("inspect", cls.container).stdout)["Docker"]["config"]
        # Without this, buildah would mount a volume of its own at /data instead of the test's folder.
        buildah("config", "--volume", "/data-", cls.container)

    def setUp(self):
        # An empty volume gets the owner and the mode of the image's folder.
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.data = pathlib.Path(folder.name) / "data"
        self.data.mkdir(mode=0o700)
        os.chown(self.data, USER, USER)
        os.chmod(folder.name, 0o755)
        self.port = free_port()

    def command(self, *arguments: str, **environment: str) -> list[str]:
        variables = {"FUSEBOX_LISTEN": f"0.0.0.0:{self.port}", **environment}
        options = [option for item in variables.items() for option in ("--env", "=".join(item))]
        return [
            BUILDAH, "run", "--isolation", "chroot", "--volume", f"{self.data}:/data", *options,
            self.container, "--", *arguments,
        ]  # fmt: skip

    def start(self, *arguments: str, **environment: str) -> subprocess.Popen:
        """Starts the image's entry point with the given command or, without one, the image's own."""
        command = self.command(*self.image["Entrypoint"], *(arguments or self.image["Cmd"]), **environment)
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.addCleanup(self.end, process)
        return process

    def run_to_end(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess:
        return subprocess.run(
            self.command(*arguments, **environment), capture_output=True, text=True, timeout=PATIENCE, check=False
        )

    def server_pid(self) -> int | None:
        """The server's process id, found by its port: the processes between it and this one belong to buildah."""
        for entry in pathlib.Path("/proc").iterdir():
            try:
                if entry.name.isdigit() and (entry / "comm").read_text() == "fusebox\n":
                    if f"FUSEBOX_LISTEN=0.0.0.0:{self.port}\0".encode() in (entry / "environ").read_bytes():
                        return int(entry.name)
            except OSError:
                pass
        return None

    def end(self, process: subprocess.Popen, by: int = signal.SIGKILL) -> tuple[str, str]:
        """Ends the server, and returns what it printed."""
        if process.poll() is None and (pid := self.server_pid()):
            os.kill(pid, by)
        try:
            return process.communicate(timeout=PATIENCE)
        except ValueError:  # The output was read before.
            return "", ""

    def send(self, method: str, path: str, body: dict | None = None, secret: str = ""):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        headers = {"authorization": f"Bearer {secret}"} if secret else {}
        try:
            connection.request(method, path, json.dumps(body) if body else None, headers)
            response = connection.getresponse()
            text = response.read().decode()
            return response.status, json.loads(text) if text.startswith("{") else text
        finally:
            connection.close()

    def wait_until_ready(self, process: subprocess.Popen):
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            try:
                if self.send("GET", "/readyz")[0] == 200:
                    return
            except OSError:
                pass
            if process.poll() is not None:
                raise AssertionError(f"the container ended: {process.communicate()}")
            time.sleep(0.05)
        raise AssertionError(f"not ready within {PATIENCE} s")

    @staticmethod
    def secret(output: str) -> str:
        secrets = re.findall(r"\bfbx_[0-9a-f]+\b", output)
        assert len(secrets) == 1, f"the secret is printed once, not {len(secrets)} times: {output}"
        return secrets[0]

    def test_the_first_start_prints_a_token_and_a_restart_keeps_the_token_and_the_data(self):
        first = self.start()
        self.wait_until_ready(first)
        tokens = self.data / "tokens"
        self.assertEqual((tokens.stat().st_mode & 0o777, tokens.stat().st_uid), (0o600, USER))
        self.assertEqual((self.data / "fusebox.db").stat().st_uid, USER)
        status = pathlib.Path(f"/proc/{self.server_pid()}/status").read_text()
        self.assertRegex(status, rf"(?m)^Uid:\t{USER}\t{USER}\t{USER}\t{USER}$")
        self.assertEqual(self.send("POST", "/v1/breakers/payments/acquire")[0], 401)

        # Docker runs this check every ten seconds.
        kind, *check = self.image["Healthcheck"]["Test"]
        self.assertEqual(kind, "CMD")
        health = self.run_to_end(*check)
        self.assertEqual((health.returncode, health.stdout), (0, "ready\n"), health.stderr)

        os.kill(self.server_pid(), signal.SIGTERM)
        output, errors = first.communicate(timeout=PATIENCE)
        self.assertEqual(first.returncode, 0, errors)
        secret = self.secret(output)
        self.assertNotIn(secret, errors)

        second = self.start()
        self.wait_until_ready(second)
        status, answer = self.send("POST", "/v1/breakers/payments/acquire", secret=secret)
        self.assertEqual((status, answer["allowed"]), (200, True))
        for _ in range(5):
            report = {"outcome": "failure", "kind": "timeout"}
            self.assertEqual(self.send("POST", "/v1/breakers/payments/report", report, secret)[0], 200)
        output, _ = self.end(second)
        self.assertNotIn("fbx_", output)

        # The killed server has stored the reports that it answered.
        third = self.start()
        self.wait_until_ready(third)
        status, answer = self.send("POST", "/v1/breakers/payments/acquire", secret=secret)
        self.assertEqual((status, answer["allowed"], answer["state"]), (200, False, "open"))

    def test_a_server_with_a_tokens_file_of_its_own_creates_no_tokens(self):
        made = self.run_to_end("fusebox", "token", "new", "--name", "checkout", "--role", "worker")
        self.assertEqual(made.returncode, 0, made.stderr)
        mine = self.data / "mine"
        mine.write_text(made.stdout.rpartition("line for the tokens file: ")[2])
        mine.chmod(0o600)
        os.chown(mine, USER, USER)
        server = self.start(FUSEBOX_TOKENS="/data/mine")
        self.wait_until_ready(server)
        status, answer = self.send("POST", "/v1/breakers/payments/acquire", secret=self.secret(made.stdout))
        self.assertEqual((status, answer["allowed"]), (200, True))
        self.assertFalse((self.data / "tokens").exists())
        output, _ = self.end(server)
        self.assertNotIn("fbx_", output)

    def test_an_insecure_server_creates_no_tokens(self):
        insecure = self.start("serve", "--insecure")
        self.wait_until_ready(insecure)
        self.assertFalse((self.data / "tokens").exists())
        self.assertEqual(self.send("POST", "/v1/breakers/payments/acquire")[0], 200)

    def test_the_image_has_the_promised_user_volume_port_and_program(self):
        self.assertEqual(self.image["User"], f"{USER}:{USER}")
        self.assertEqual(self.image["Volumes"], {"/data": {}})
        self.assertIn("7979/tcp", self.image["ExposedPorts"])
        result = self.run_to_end("sh", "-c", "stat --format '%u %a' /usr/local/bin/fusebox; fusebox version")
        self.assertEqual(result.returncode, 0, result.stderr)
        # The program has no symbols.
        program = pathlib.Path(buildah("mount", self.container).stdout.strip()) / "usr/local/bin/fusebox"
        sections = subprocess.run(
            ["readelf", "--section-headers", "--wide", program], capture_output=True, text=True, check=True
        ).stdout
        self.assertNotIn(".symtab", sections)


if __name__ == "__main__":
    unittest.main()
