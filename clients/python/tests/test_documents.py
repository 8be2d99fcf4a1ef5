"""What the documents beside the README show runs."""

from __future__ import annotations

import linecache
import pathlib
import re
import sys
import types

import pytest
from server import Server

FOLDER = pathlib.Path(__file__).parents[1]


@pytest.mark.parametrize("document", ["INTEGRATIONS.md", "PYBREAKER.md"])
def test_its_lines_run_in_order(server: Server, monkeypatch: pytest.MonkeyPatch, document: str) -> None:
    blocks = re.findall(r"```python\n(.*?)```", (FOLDER / document).read_text(), re.S)
    assert blocks
    program = "".join(blocks).replace("http://127.0.0.1:7979", server.url)
    module = types.ModuleType("shown")
    # Frameworks look up annotations, and PyBreaker's stand-in its variables, in the module.
    monkeypatch.setitem(sys.modules, "shown", module)
    monkeypatch.setenv("FUSEBOX_URL", server.url)
    monkeypatch.setattr("fusebox.default._default", None)
    monkeypatch.setitem(linecache.cache, document, (len(program), None, program.splitlines(keepends=True), document))
    exec(compile(program, document, "exec"), module.__dict__)
    for close in ("client", "charges", "session", "fb"):
        if hasattr(module, close):
            getattr(module, close).close()
