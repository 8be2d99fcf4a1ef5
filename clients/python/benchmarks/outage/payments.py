"""The downstream: it answers at once, be it that it fails, or it is dead and does not answer at all."""

from __future__ import annotations

import asyncio
from collections import Counter
from time import monotonic


class Payments:
    """Serves in this event loop.

    Attributes:
        calls: how many came, by whether it was dead, and by whether they were probes.
    """

    def __init__(self) -> None:
        self.is_dead = False
        #: Each call of so many fails; none where it is 0.
        self.fails_each = 0
        self.failed = 0
        self.calls: Counter[tuple[bool, bool]] = Counter()
        #: When the last call came to it while it was dead, of those that were no probes.
        self.last_in_vain = 0.0
        self.url = ""

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                is_dead = self.is_dead
                self.calls[is_dead, b"x-probe: yes" in head] += 1
                if is_dead:
                    if b"x-probe: no" in head:
                        self.last_in_vain = monotonic()
                    await reader.read()
                    break
                has_failed = self.fails_each > 0 and sum(self.calls.values()) % self.fails_each == 0
                self.failed += has_failed
                status = b"500 Failed" if has_failed else b"200 OK"
                writer.write(b"HTTP/1.1 %s\r\ncontent-length: 2\r\n\r\n{}" % status)
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            pass  # The caller went away, or the outage is over.
        finally:
            writer.close()

    def count(self, is_dead: bool, are_probes: bool) -> int:
        return self.calls[is_dead, are_probes]

    def close(self) -> None:
        self._server.close()
