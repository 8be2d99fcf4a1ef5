"""Connections with one time limit for a whole exchange, which can be read further after the limit."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable, Iterable
from time import monotonic
from typing import Any, Optional

import httpcore

from .lookup import Lookup

#: Seconds for reading data that arrived before the limit, if the thread itself is late.
GRACE = 0.001

#: A function that takes over a connection whose answer is incomplete, and the part of the answer received so far.
TakeOver = Callable[[httpcore.NetworkStream, bytes], None]


class Bound:
    """The time limit of a whole exchange.

    httpcore passes it on in place of a time-out in seconds. A time-out would begin again with each piece of an answer,
    so that a server that sends many small pieces could hold a caller for ever.
    """

    def __init__(self, within: float, take_over: Optional[TakeOver] = None) -> None:
        self._take_over = take_over
        self._heard = b""
        self.renew(within)

    def renew(self, within: float) -> None:
        self._end = monotonic() + within
        self._is_over = False

    def rest(self) -> float:
        """Seconds until the limit, or once ``GRACE`` after it; never 0, because then data that is there is not read.

        Raises:
            ReadTimeout: the limit has passed, and an earlier call returned ``GRACE``.
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
        """Whether another thread takes over the connection after the limit."""
        return self._take_over is not None

    def hear(self, data: bytes) -> None:
        if self._take_over is not None:
            self._heard += data

    def hand_over(self, stream: httpcore.NetworkStream) -> None:
        take_over, self._take_over = self._take_over, None
        if take_over is not None:
            take_over(stream, self._heard)


class Stream(httpcore.NetworkStream):
    """A connection with a ``Bound`` in place of time-outs."""

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
            raise  # The connection is broken; no answer can follow.
        except BaseException:
            # The limit has passed, or the exception of a signal handler ended the wait.
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
    """Opens connections, and passes their sockets to ``note``."""

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
        # Each address gets a share of the time left, so that an address that does not answer leaves time for the next.
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
    """A connection whose request is already sent, and whose answer is partly received.

    A request on it sends nothing, and reads this answer from its beginning.
    """

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
