"""openapi.yaml is valid, and a real server answers any request as openapi.yaml says.

Needs the packages of requirements.txt in this Python, and the server at $FUSEBOX, or else in .build/debug. Everything
runs on loopback and in a temporary folder, and ends with the test.
"""

import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time
import unittest

FOLDER = pathlib.Path(__file__).resolve().parent
ROOT = FOLDER.parents[1]
DOCUMENT = ROOT / "openapi.yaml"
SERVER = os.environ.get("FUSEBOX", str(ROOT / ".build" / "debug" / "fusebox"))
# The maximum time in seconds for the server to start or to end.
PATIENCE = 60


class OpenAPITest(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.tokens = self.folder / "tokens"

    def token(self) -> str:
        """Creates the tokens file with one operator, and returns the secret."""
        command = [SERVER, "token", "new", "--name", "tester", "--role", "operator"]
        made = subprocess.run(command, check=True, capture_output=True, text=True, timeout=PATIENCE).stdout
        self.tokens.write_text(re.search(r"^line.*?: (.*)$", made, re.MULTILINE).group(1) + "\n")
        return re.search(r"fbx_\w+", made).group(0)

    def start_server(self) -> str:
        log = self.folder / "fusebox.log"
        command = [SERVER, "serve", "--listen", "127.0.0.1:0", "--db", "fusebox.db", "--tokens", str(self.tokens)]
        with log.open("w") as file:
            process = subprocess.Popen(command, stdout=file, stderr=subprocess.STDOUT, cwd=self.folder)
        self.addCleanup(process.wait, timeout=PATIENCE)
        self.addCleanup(process.kill)
        end = time.monotonic() + PATIENCE
        while not (listening := re.search(r"listening on (\S+)", log.read_text())):
            self.assertIsNone(process.poll(), log.read_text())
            self.assertLess(time.monotonic(), end, "the server does not listen")
            time.sleep(0.1)
        return listening.group(1)

    def test_the_document_is_valid(self):
        command = [sys.executable, "-m", "openapi_spec_validator", str(DOCUMENT)]
        checked = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE)
        self.assertEqual(checked.returncode, 0, checked.stdout + checked.stderr)

    def test_the_server_conforms_to_the_document(self):
        secret = self.token()
        command = [
            sys.executable, "-m", "schemathesis.cli", "--config-file", str(FOLDER / "schemathesis.toml"), "run",
            str(DOCUMENT), "--url", self.start_server(), "--header", f"authorization: Bearer {secret}",
            "--no-color",
        ]
        asked = subprocess.run(
            command, cwd=self.folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            env=os.environ | {"SCHEMATHESIS_HOOKS": str(FOLDER / "hooks.py")},
        )
        self.assertEqual(asked.returncode, 0, asked.stdout)

