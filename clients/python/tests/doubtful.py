"""A small server that a test can make slow, silent or unwilling to answer."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Optional

#: The answer to a request: pieces that are sent one after another, or ``None`` for silence on an open connection.
Answer = Optional[Iterable[bytes]]
Answering = Callable[[str, Any], Answer]

CLOSED = {"allowed": True, "state": "closed", "permit": "7"}
PROBE = {"allowed": True, "state": "half_open", "permit": "9-abc", "lease_ms": 30_000}
#: The answer to a request for a breaker's policy.
POLICY: dict[str, Any] = {"policy": {}}


class Doubtful:
    """Sends the answer that ``answering`` returns for a path and the request's JSON."""

    def __init__(self, answering: Answering) -> None:
        self.answering = answering
        #: The items of all counts of decisions; ``None`` refuses them, as a server of an earlier version does.
        self.decisions: Optional[list[Any]] = None
        #: The path and JSON of all requests so far.
        self.asked: list[tuple[str, Any]] = []
        #: Set at the end, so that an answer that waits for it ends too.
        self.is_over = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=256)
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._open: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self) -> Doubtful:
        return self

    def __exit__(self, *_: object) -> None:
        self.is_over.set()
        for each in [self._listener, *self._open]:
            try:
                each.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            each.close()

    def asked_for(self, word: str) -> list[Any]:
        """Returns the JSON of all requests whose path contains ``word``."""
        return [body for path, body in list(self.asked) if word in path]

    def reports(self) -> list[Any]:
        """Returns the reports of all batches."""
        return [item for batch in self.asked_for("/v1/reports") for item in batch["reports"]]

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self._open.append(connection)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        try:
            with connection, connection.makefile("rb") as requests:
                while (path := self._read(requests)) is not None:
                    answer = self._counted(path[1]) if _is_of_decisions(path[1]) else self.answering(*path)
                    if answer is None:
                        self.is_over.wait()
                        return
                    has_length = False
                    for piece in answer:
                        has_length = has_length or b"content-length" in piece
                        connection.sendall(piece)
                    # A stream ends with its connection. After an answer with a length, the next request may follow.
                    if path[0].startswith("/v1/events") and not has_length:
                        return
        except (OSError, ValueError):
            pass

    def _read(self, requests: Any) -> Optional[tuple[str, Any]]:
        words = requests.readline().decode().split()
        if not words:
            return None
        length = 0
        while (line := requests.readline().strip()) != b"":
            name, _, value = line.partition(b":")
            if name.lower() == b"content-length":
                length = int(value)
        body = requests.read(length)
        request = words[1], json.loads(body) if body else None
        if not _is_of_decisions(request[1]):
            self.asked.append(request)
        return request

    def _counted(self, body: Any) -> Answer:
        if self.decisions is None:
            return problem(400, "bad_request")
        self.decisions += body["decisions"]
        counted = [{"counted": True} for _ in body["decisions"]]
        return answer({"accepted": 0, "results": [], "decisions": counted})


def _is_of_decisions(body: Any) -> bool:
    return isinstance(body, dict) and "decisions" in body


def answer(document: Any, status: int = 200) -> list[bytes]:
    text = json.dumps(document).encode()
    return [b"HTTP/1.1 %d X\r\ncontent-length: %d\r\n\r\n%s" % (status, len(text), text)]


def problem(status: int, code: str) -> list[bytes]:
    return answer({"code": code, "detail": f"it is {code}"}, status)


def accepted(body: Any, state: str = "closed") -> list[bytes]:
    """The answer to a batch."""
    results = [{"applied": True, "state": state} for _ in body["reports"]]
    return answer({"accepted": len(results), "results": results})


def dripped(pieces: Iterable[bytes], pause: float) -> Iterator[bytes]:
    """Yields the bytes one by one, with a pause in seconds before each."""
    for byte in b"".join(pieces):
        time.sleep(pause)
        yield bytes([byte])
