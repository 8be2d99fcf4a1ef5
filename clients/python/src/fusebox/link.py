"""HTTP to Fusebox: one request, one answer, within a bound of time."""

from __future__ import annotations

import json
import socket
import time
import weakref
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Optional

import httpx


class Away(Exception):
    """Fusebox did not answer in time, or not at all, or that it cannot answer: there is no decision."""


class Refused(Exception):
    """Fusebox answered that it will not: a token, a name or a limit is in the way. Asking again changes nothing."""

    def __init__(self, status: int, code: str, detail: str) -> None:
        super().__init__(f"{detail} ({status} {code})")
        self.status = status
        self.code = code


class Link:
    """The connections of this process to one Fusebox.

    It speaks through httpx' transport without its client: neither cookies nor redirects nor proxies have a part here,
    and a request takes a third less time.
    """

    def __init__(self, url: str, token: Optional[str], verify: Any = True) -> None:
        self._url = httpx.URL(url)
        if self._url.scheme not in ("http", "https") or not self._url.host:
            raise ValueError(f"url must be like http://127.0.0.1:7979, not {url!r}")
        self._base_path = self._url.raw_path.rstrip(b"/")
        # Trust in authorities takes 20 ms to load, which plain HTTP need not wait for.
        self._verify = verify if self._url.scheme == "https" else False
        self._urls: dict[str, httpx.URL] = {}
        self._headers = [(b"host", self._url.netloc), (b"user-agent", b"fusebox-python")]
        if token:
            self._headers.append((b"authorization", b"Bearer " + token.encode("ascii")))
        self._open()

    def _open(self) -> None:
        self._is_closed = False
        #: How many answers were waited for, whatever came of it.
        self.asked = 0
        #: Those that are open, and some that were.
        self.sockets: weakref.WeakSet[socket.socket] = weakref.WeakSet()
        self._transport = httpx.HTTPTransport(verify=self._verify, limits=httpx.Limits(max_keepalive_connections=20))

    def ask(
        self,
        method: str,
        path: str,
        body: Optional[Mapping[str, Any]] = None,
        *,
        within: float,
        headers: Optional[Mapping[str, str]] = None,
    ) -> Any:
        """The answer's JSON.

        Args:
            within: seconds for all of it, without the look-up of the host's name.

        Raises:
            Away: there is no answer, or one with 5xx.
            Refused: an answer with 4xx.
        """
        self.asked += 1
        if self._is_closed:
            raise Away("this Fusebox is closed")
        content = b"" if body is None else json.dumps(body, separators=(",", ":")).encode()
        raw = [(b"content-length", b"%d" % len(content))]
        if headers is not None:
            raw += [(name.encode(), value.encode()) for name, value in headers.items()]
        with self._exchange(method, path, raw, content, within, within) as response:
            text = response.read()
        if response.status_code not in (200, 201):
            raise _problem(response.status_code, text)
        try:
            return json.loads(text)
        except ValueError as error:
            raise Away(f"the answer is no JSON: {error}") from error

    @contextmanager
    def lines(
        self, path: str, headers: Mapping[str, str], *, within: float, silence: float
    ) -> Iterator[tuple[socket.socket, Iterator[str]]]:
        """The lines of an answer without an end, and the socket that they come by.

        Args:
            within: seconds until a connection is there.
            silence: seconds without a line after which it counts as broken.
        """
        if self._is_closed:
            raise Away("this Fusebox is closed")
        raw = [(name.encode(), value.encode()) for name, value in headers.items()]
        with self._exchange("GET", path, raw, b"", within, silence) as response:
            if response.status_code != 200:
                raise _problem(response.status_code, response.read())
            connection: socket.socket = response.extensions["network_stream"].get_extra_info("socket")
            yield connection, response.iter_lines()

    @contextmanager
    def _exchange(
        self,
        method: str,
        path: str,
        headers: list[tuple[bytes, bytes]],
        content: bytes,
        connect: float,
        read: float,
    ) -> Iterator[httpx.Response]:
        bounds = {"connect": connect, "write": connect, "read": read, "pool": connect}
        end = time.monotonic() + read
        sockets = self.sockets

        def trace(event: str, info: Mapping[str, Any]) -> None:
            # A child of fork() closes what is noted here; and what the connection took is off the answer's time.
            if event in ("connection.connect_tcp.complete", "connection.start_tls.complete"):
                sockets.add(info["return_value"].get_extra_info("socket"))
                bounds["write"] = bounds["read"] = max(end - time.monotonic(), 0.001)

        request = httpx.Request(
            method,
            self._url_of(path) if method == "GET" else self._known_url_of(path),
            headers=self._headers + headers,
            stream=httpx.ByteStream(content),
            extensions={"timeout": bounds, "trace": trace},
        )
        try:
            response = self._transport.handle_request(request)
            try:
                yield response
            finally:
                response.close()
        except (httpx.TransportError, OSError) as error:
            raise Away(f"{type(error).__name__}: {error}" if str(error) else type(error).__name__) from error

    def _url_of(self, path: str) -> httpx.URL:
        return self._url.copy_with(raw_path=self._base_path + path.encode("ascii"))

    def _known_url_of(self, path: str) -> httpx.URL:
        """Making one takes a tenth of a request. There are two for each breaker that is used."""
        url = self._urls.get(path)
        if url is None:
            url = self._urls[path] = self._url_of(path)
        return url

    def after_fork(self) -> None:
        """In the child: lets go of what is the parent's, and begins without a connection.

        Only file descriptors are closed, which the parent does not notice. The pool's own way takes a lock that a
        thread of the parent may have held.
        """
        for each in list(self.sockets):
            each.close()
        self._open()

    def close(self) -> None:
        """Ends what is under way, too."""
        self._is_closed = True
        for each in list(self.sockets):
            end(each)
        self._transport.close()


def end(connection: socket.socket) -> None:
    """Wakes whoever reads from it; who opened it closes it."""
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass  # The other side was faster.


def _problem(status: int, text: bytes) -> Exception:
    try:
        document = json.loads(text)
        code, detail = str(document["code"]), str(document["detail"])
    except (ValueError, KeyError, TypeError):
        code, detail = "unknown", f"status {status}"
    if status >= 500 or status in (408, 429):
        return Away(f"{detail} ({status} {code})")
    return Refused(status, code, detail)
