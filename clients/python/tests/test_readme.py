"""What the README shows runs."""

from __future__ import annotations

import pathlib
import re

import pytest
from server import Server

README = pathlib.Path(__file__).parents[1] / "README.md"


def test_its_lines_run_in_order(server: Server, capsys: pytest.CaptureFixture[str]) -> None:
    blocks = re.findall(r"```python\n(.*?)```", README.read_text(), re.S)
    assert len(blocks) == 4
    server.trip("payments")
    program = "".join(blocks).replace("http://127.0.0.1:7979", server.url)
    there: dict[str, object] = {}
    exec(compile(program, str(README), "exec"), there)
    there["fb"].close()  # type: ignore[attr-defined]
    assert re.search(r"^payments is open; again in \d", capsys.readouterr().out, re.M)
