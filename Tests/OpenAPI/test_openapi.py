"""openapi.yaml is valid, and a real server answers any request as openapi.yaml says.

Needs the packages of requirements.txt in this Python.
"""

import os
import subprocess
import sys

from served import DOCUMENT, FOLDER, PATIENCE, ServedCase


class OpenAPITest(ServedCase):
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
