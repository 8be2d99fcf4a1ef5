"""Connections on which a whole exchange has to be over at one instant, and answers that come after it."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable, Iterable
from time import monotonic
from typing import Any, Optional

import httpcore

from .lookup import Lookup

#: Seconds for what has arrived by the end to be read by a thread that comes late.
GRACE = 0.001

#: Takes over a connection on which an answer is yet to come, and what has come of it.
TakeOver = Callable[[httpcore.NetworkStream, bytes], None]


class Bound:
    """Until when something has to be over. It stands where httpcore passes a number of seconds on, which would begin
    anew with each piece of an answer: a server that sends them one by one could hold a caller without end."""

    def __init__(self, within: float, take_over: Optional[TakeOver] = None) -> None:
        self._take_over = take_over
        self._heard = b""
        self.renew(within)

    def renew(self, within: float) -> None:
        self._end = monotonic() + within
        self._is_over = False

    def rest(self) -> float:
        """Seconds; never 0, which would mean not to wait even for what is there.

        Raises:
            ReadTimeout: where the end has passed and was looked at before.
        """
        rest = self._end - monotonic()
        if rest > 0:
            return rest
        if self._is_over:
            raise httpcore.ReadTimeout("no answer in time")
        self._is_over = True
        return GRACE

    @property
    def may_outlast(self) -> bool:
        """Whether the connection goes on behind the end."""
        return self._take_over is not None

    def hear(self, data: bytes) -> None:
        if self._take_over is not None:
            self._heard += data

    def hand_over(self, stream: httpcore.NetworkStream) -> None:
        take_over, self._take_over = self._take_over, None
        if take_over is not None:
            take_over(stream, self._heard)


class Stream(httpcore.NetworkStream):
    """A connection whose time-outs are a ``Bound``."""

    def __init__(self, stream: httpcore.NetworkStream, note: Callable[[socket.socket], None]) -> None:
        self._stream = stream
        self._note = note
        self._is_handed_over = False
        note(stream.get_extra_info("socket"))

    def read(self, max_bytes: int, timeout: Any = None) -> bytes:
        bound: Bound = timeout
        try:
            data = self._stream.read(max_bytes, bound.rest())
        except httpcore.ReadError:
            raise  # It is broken, and brings nothing more.
        except BaseException:
            # The time is up, or a signal's handler ended the wait.
            if bound.may_outlast:
                self._is_handed_over = True
                bound.hand_over(self._stream)
            raise
        bound.hear(data)
        return data

    def write(self, buffer: bytes, timeout: Any = None) -> None:
        self._stream.write(buffer, timeout.rest())

    def close(self) -> None:
        if not self._is_handed_over:
            self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: Optional[str] = None, timeout: Any = None
    ) -> httpcore.NetworkStream:
        return Stream(self._stream.start_tls(ssl_context, server_hostname, timeout.rest()), self._note)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


class Connecting(httpcore.NetworkBackend):
    """Makes them, and notes their sockets."""

    def __init__(self, note: Callable[[socket.socket], None]) -> None:
        self._note = note
        self._backend = httpcore.SyncBackend()
        self._lookup = Lookup()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: Any = None,
        local_address: Optional[str] = None,
        socket_options: Optional[Iterable[Any]] = None,
    ) -> httpcore.NetworkStream:
        found = self._lookup.addresses(host, port, timeout.rest())
        # Each address of a name has its share of the time, so that one that is dead leaves some to those behind it.
        for remaining, address in zip(range(len(found), 0, -1), found):
            try:
                stream = self._backend.connect_tcp(
                    address, port, timeout.rest() / remaining, local_address, socket_options
                )
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                if remaining == 1:
                    raise
            else:
                return Stream(stream, self._note)
        raise httpcore.ConnectError(f"{host} has no address")


class Heard(httpcore.NetworkStream):
    """A connection on which a request was sent already, and a part of its answer heard. Who asks anew is given that
    answer."""

    def __init__(self, stream: httpcore.NetworkStream, heard: bytes) -> None:
        self._stream = stream
        self._heard = heard

    def read(self, max_bytes: int, timeout: Any = None) -> bytes:
        if self._heard:
            data, self._heard = self._heard[:max_bytes], self._heard[max_bytes:]
            return data
        return self._stream.read(max_bytes, timeout.rest())

    def write(self, buffer: bytes, timeout: Any = None) -> None:
        pass

    def close(self) -> None:
        self._stream.close()
