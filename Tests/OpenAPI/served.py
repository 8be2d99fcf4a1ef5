"""A Fusebox server with an operator's token, for the tests of openapi.yaml.

The server is the one at $FUSEBOX, or else in .build/debug. Everything runs on loopback and in a temporary folder, and
ends with the test.
"""

import os
import pathlib
import re
import subprocess
import tempfile
import time
import unittest

FOLDER = pathlib.Path(__file__).resolve().parent
ROOT = FOLDER.parents[1]
DOCUMENT = ROOT / "openapi.yaml"
SERVER = os.environ.get("FUSEBOX", str(ROOT / ".build" / "debug" / "fusebox"))
# The maximum time in seconds for the server to start or to end.
PATIENCE = 60


class ServedCase(unittest.TestCase):
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
