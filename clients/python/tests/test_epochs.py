"""A server whose database is replaced: its volume is lost, or a backup is restored."""

from __future__ import annotations

import json
import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from doubtful import CLOSED, POLICY, PROBE, Answer, Doubtful, accepted, answer, problem
from server import BINARY, Server, eventually
from test_half_dead import NOW
from test_local import decides_here
from test_panel import outline
from wire import Wire

from fusebox import Fusebox
from fusebox.pybreaker import CircuitBreaker, CircuitBreakerListener


def lose_volume(server: Server) -> None:
    """Restarts the server with an empty database."""
    server.kill()
    for file in server.folder.glob("fusebox.db*"):
        file.unlink()
    server.start()


def restore(server: Server) -> None:
    """Restarts the server with the backup."""
    server.kill()
    for file in server.folder.glob("fusebox.db*"):
        file.unlink()
    shutil.copyfile(server.folder / "backup", server.folder / "fusebox.db")
    server.start()


def change(server: Server, times: int) -> None:
    """Adds that many revisions, with changes to a breaker that no client uses."""
    for _ in range(times):
        server.reset("other")


@pytest.fixture
def wire(own_server: Server) -> Iterator[Wire]:
    wire = Wire(own_server.port)
    yield wire
    wire.close()


@pytest.mark.parametrize("begin", [lose_volume, restore])
def test_the_client_sees_a_change_at_a_low_revision_of_another_database(
    own_server: Server, wire: Wire, name: str, begin: Callable[[Server], None]
) -> None:
    own_server.put("other")
    own_server.put(name)
    backup = [BINARY, "backup", str(own_server.folder / "backup"), "--url", own_server.url]
    subprocess.run(backup, check=True, capture_output=True)
    change(own_server, 10)
    own_server.trip(name)
    own_server.reset(name)
    with Fusebox(wire.url, timeout=5.0) as fb:
        payments, circuit = fb.breaker(name), CircuitBreaker(name=name, fusebox=fb)
        before = decides_here(payments)
        assert circuit.current_state == "closed"
        wire.cut()
        begin(own_server)
        own_server.put("other")
        own_server.put(name)
        own_server.override(name, "force_open")
        assert before.generation is not None and own_server.breaker(name)["generation"] < before.generation
        change(own_server, 30)
        wire.mend()
        eventually("the override is known", lambda: (d := payments.acquire()).source == "local" and not d.allowed)
        assert circuit.current_state == "open"
        own_server.clear_override(name)
        own_server.reset(name)
        permit = str(own_server.breaker(name)["generation"])
        eventually(
            "the panel lets calls through", lambda: (d := payments.acquire()).source == "local" and d.permit == permit
        )
        assert circuit.current_state == "closed"


@pytest.mark.parametrize("shows", [True, False])
def test_the_client_sends_an_epoch_only_to_a_server_that_sent_one(shows: bool) -> None:
    lives = iter([3, 3])

    def line(type: str, revision: int, **members: Any) -> bytes:
        id = {"id": f"5e1f09c4-{revision}"} if shows else {}
        return json.dumps({"type": type, "at": NOW, "revision": revision, **id, **members}).encode() + b"\n"

    def stream() -> Iterator[bytes]:
        yield b"HTTP/1.1 200 X\r\n\r\n"
        yield line("heartbeat", 7)
        yield line("resync", 7, breakers=[outline("payments")])
        yield line("policy", 8, **outline("payments"), transition=None)
        if next(lives, None) is None:
            server.is_over.wait()

    def answering(path: str, body: Any) -> Answer:
        if path.startswith("/v1/events"):
            return stream()
        return accepted(body) if path == "/v1/reports" else answer(CLOSED if path.endswith("/acquire") else POLICY)

    with Doubtful(answering) as server, Fusebox(server.url, timeout=5.0) as fb:
        fb.breaker("payments").call(int)
        eventually("the client requests the stream three times", lambda: len(streams(server)) == 3)
        first, *others = streams(server)
        assert "after=" not in first
        position = "5e1f09c4-8" if shows else "8"
        assert [path.partition("after=")[2] for path in others] == [position] * 2


def test_the_client_restarts_the_stream_at_once_if_the_server_refuses_the_epoch(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def stream(id: bool) -> Iterator[bytes]:
        members = {"id": "5e1f09c4-7"} if id else {}
        document = {"type": "resync", "at": NOW, "revision": 7, "breakers": [outline("payments")], **members}
        yield b"HTTP/1.1 200 X\r\n\r\n"
        yield json.dumps(document).encode() + b"\n"
        if not id:
            server.is_over.wait()

    def answering(path: str, body: Any) -> Answer:
        if path.startswith("/v1/events"):
            return problem(400, "invalid_request") if "after=5e" in path else stream(len(streams(server)) == 1)
        return accepted(body) if path == "/v1/reports" else answer(CLOSED if path.endswith("/acquire") else POLICY)

    with Doubtful(answering) as server, Fusebox(server.url, timeout=5.0) as fb:
        fb.breaker("payments").call(int)
        eventually("the client requests the stream three times", lambda: len(streams(server)) == 3)
        assert ["after=" in path for path in streams(server)] == [False, True, False]
        assert "followed" not in caplog.text


def streams(server: Doubtful) -> list[str]:
    """Returns the paths of all requests for the stream."""
    return [path for path, _ in list(server.asked) if path.startswith("/v1/events")]


@pytest.mark.parametrize("mode", ["local", "remote"])
def test_the_drop_in_accepts_the_lower_generations_of_another_database(mode: Any) -> None:
    begins_anew, goes_on = threading.Event(), threading.Event()

    def event(id: str, type: str, **members: Any) -> bytes:
        revision = int(id.partition("-")[2])
        return json.dumps({"id": id, "type": type, "at": NOW, "revision": revision, **members}).encode() + b"\n"

    def stream(path: str) -> Iterator[bytes]:
        yield b"HTTP/1.1 200 X\r\n\r\n"
        if "after=" not in path:
            yield event("5e1f09c4-60", "resync", breakers=[outline("payments", "half_open", generation=50)])
            begins_anew.wait()
            return
        yield event("0a0a0a0a-5", "resync", breakers=[outline("payments", generation=3)])
        goes_on.wait()
        yield event("0a0a0a0a-6", "transition", **outline("payments", "half_open", generation=6), transition=None)
        server.is_over.wait()

    def answering(path: str, body: Any) -> Answer:
        if path.startswith("/v1/events"):
            return stream(path)
        if path.endswith("/acquire"):
            permit = "6-abc" if goes_on.is_set() else "3" if begins_anew.is_set() else "50-abc"
            state = "half_open" if "-" in permit else "closed"
            return answer(
                {**PROBE, "state": state, "permit": permit} if "-" in permit else {**CLOSED, "permit": permit}
            )
        return accepted(body, "half_open") if path == "/v1/reports" else answer(POLICY)

    with Doubtful(answering) as server, Fusebox(server.url, mode=mode, timeout=5.0) as fb:
        circuit = CircuitBreaker(name="payments", fusebox=fb)
        circuit._numbers.is_settled = True
        told: list[str] = []

        class Listener(CircuitBreakerListener):
            def state_change(self, breaker: Any, before: Any, after: Any) -> None:
                told.append(after.name)

        circuit.add_listener(Listener())

        def hears(*states: str) -> bool:
            circuit.breaker.give_back(circuit.begin(int, (), {}))
            return told == list(states)

        eventually("the breaker is half open", lambda: hears("half-open"))
        begins_anew.set()
        eventually("the breaker is closed", lambda: hears("half-open", "closed"))
        goes_on.set()
        eventually("the breaker is half open again", lambda: hears("half-open", "closed", "half-open"))
