"""The code blocks of the documents run."""

from __future__ import annotations

import pathlib
import re
import subprocess
import sys

from processes import environment
from server import ROOT, Server

#: Calls the applications of INTEGRATIONS.md.
ASK = """
import asyncio


async def ask():
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://app") as asking:
        return await asking.post("/checkout?amount=7")


for answer in (asyncio.run(ask()).json(), shop.test_client().get("/checkout").text, charge_later(7)):
    print(answer)
"""
#: Makes a call with the breaker of docs/from-pybreaker.md.
CALL = """
print(db_breaker.call(int, "7"), db_breaker.breaker.name)
"""


def blocks_of(document: pathlib.Path) -> list[str]:
    return re.findall(r"```python\n(.*?)```", document.read_text(), re.S)


def output(server: Server, folder: pathlib.Path, document: str, blocks: int, more: str = "") -> str:
    """Runs the blocks in order as a program that is called ``shop``, and returns its output."""
    found = blocks_of(ROOT / document)
    assert len(found) == blocks
    return ran(server, folder, [*found, more])


def ran(server: Server, folder: pathlib.Path, parts: list[str]) -> str:
    program = folder / "shop.py"
    program.write_text("".join(parts).replace("http://127.0.0.1:7979", server.url))
    command = [sys.executable, str(program)]
    variables = environment(FUSEBOX_URL=server.url)
    done = subprocess.run(command, env=variables, cwd=folder, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_code_of_the_readme_runs_in_order(own_server: Server, tmp_path: pathlib.Path) -> None:
    own_server.trip("payments")
    said = output(own_server, tmp_path, "clients/python/README.md", 4)
    assert re.search(r"^payments is open; again in \d", said, re.M)


def test_the_code_of_the_integrations_runs_in_order(own_server: Server, tmp_path: pathlib.Path) -> None:
    said = output(own_server, tmp_path, "clients/python/INTEGRATIONS.md", 4, ASK)
    assert said.splitlines() == ["charged 7"] * 3


def test_the_code_of_the_pybreaker_document_runs(own_server: Server, tmp_path: pathlib.Path) -> None:
    assert output(own_server, tmp_path, "docs/from-pybreaker.md", 1, CALL) == "7 shop.db_breaker\n"


def test_the_quickstart_is_denied_after_five_failures(own_server: Server, tmp_path: pathlib.Path) -> None:
    said = output(own_server, tmp_path, "docs/quickstart-python.md", 1).splitlines()
    assert len(said) == 8
    assert said[:5] == [f"{attempt}: called, and failed" for attempt in range(5)]
    assert re.fullmatch(r"7: denied; again in \d+ s", said[7])


def test_every_python_block_of_a_document_compiles() -> None:
    documents = [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("clients/python/*.md")]
    blocks = [(document, block) for document in documents for block in blocks_of(document)]
    assert len(blocks) >= 8
    for document, block in blocks:
        compile(block, str(document), "exec")


def test_the_first_example_of_the_main_readme_runs(own_server: Server, tmp_path: pathlib.Path) -> None:
    (lines,) = (block for block in blocks_of(ROOT / "README.md") if "from fusebox import" in block)
    failing = lines.replace("def charge(amount): ...", "def charge(amount): raise TimeoutError")
    assert failing != lines and len(lines.splitlines()) <= 6
    assert ran(own_server, tmp_path, [lines, "print(charge(7))"]) == "None\n"
    # Some more calls may fail until the process knows of the trip.
    call = """
import time
said, end = None, time.monotonic() + 30
while said != "BreakerOpen" and time.monotonic() < end:
    try: charge(7)
    except Exception as error: said = type(error).__name__
    time.sleep(0.001)
print(said)
"""
    assert ran(own_server, tmp_path, [failing, call]) == "BreakerOpen\n"
    assert own_server.state("payments") == "open"
