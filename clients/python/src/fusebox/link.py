"""HTTP requests to Fusebox, each with one time limit for the whole exchange."""

from __future__ import annotations

import json
import os
import socket
import ssl
import threading
import weakref
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from time import monotonic
from typing import Any, Optional

import httpcore
import httpx

from .connection import Bound, Connecting, Heard
from .late import Late
from .logs import printable

#: Seconds to wait for an answer whose caller has given up.
PATIENCE = 5.0
#: The most idle connections that are kept.
KEPT = 20
#: Seconds for which an idle connection is kept.
KEPT_FOR = 5.0
#: Seconds for one line of a stream. It is long enough for the whole panel on a slow connection, and ends a line that
#: never ends by itself.
LONGEST_LINE = 60.0


class Away(Exception):
    """Fusebox did not answer, did not answer in time, or answered that it cannot serve the request at the moment."""

    def __init__(self, reason: str, *, is_answer: bool = False, may_be_slow: bool = False) -> None:
        super().__init__(reason)
        #: Whether Fusebox itself answered that it cannot serve the request.
        self.is_answer = is_answer
        #: Whether an answer may still come, because only the time is over.
        self.may_be_slow = may_be_slow


class Refused(Exception):
    """Fusebox refused the request, because of a token, a name or a limit. It will do so again until someone acts."""

    def __init__(self, status: int, code: str, detail: str) -> None:
        super().__init__(f"{detail} ({status} {code})")
        self.status = status
        self.code = code


class Link:
    """The connections of this process to one Fusebox server.

    It uses httpcore, the transport of httpx. It needs no cookies, redirects or proxies, a request takes a third less
    time than with httpx, and the class of the connections can be chosen.
    """

    def __init__(self, url: str, token: Optional[str], verify: Any = True) -> None:
        self._url = httpx.URL(url)
        if self._url.scheme not in ("http", "https") or not self._url.host:
            raise ValueError(f"url must be like http://127.0.0.1:7979, not {url!r}")
        self._base_path = self._url.raw_path.rstrip(b"/")
        self._urls: dict[str, httpcore.URL] = {}
        self._headers = [(b"host", self._url.netloc), (b"user-agent", b"fusebox-python")]
        if token:
            self._headers.append((b"authorization", b"Bearer " + token.encode("ascii")))
        # Loading the certificate authorities takes 20 ms. Plain HTTP does not need them.
        self._trust = _trust(verify) if self._url.scheme == "https" else None
        self._late = Late()
        self._open()

    def _open(self) -> None:
        self._is_closed = False
        #: The number of calls of ``ask``, whatever their results.
        self.asked = 0
        #: The open sockets, and some closed ones.
        self.sockets: weakref.WeakSet[socket.socket] = weakref.WeakSet()
        self._lock = threading.Lock()
        self._pool = httpcore.ConnectionPool(
            ssl_context=self._trust,
            max_connections=None,
            max_keepalive_connections=KEPT,
            keepalive_expiry=KEPT_FOR,
            network_backend=Connecting(self._note),
        )

    def _note(self, connection: socket.socket) -> None:
        with self._lock:
            self.sockets.add(connection)
            is_closed = self._is_closed
        if is_closed:
            end(connection)

    def ask(
        self,
        method: str,
        path: str,
        body: Optional[Mapping[str, Any]] = None,
        *,
        within: float,
        headers: Optional[Mapping[str, str]] = None,
        late: Optional[Callable[[Any], None]] = None,
    ) -> Any:
        """Sends a request; returns the JSON of the answer.

        Args:
            within: seconds for the whole exchange.
            late: is called in another thread with an answer that arrives after ``within``, but within ``PATIENCE``.

        Raises:
            Away: there is no answer, the answer is not JSON, or its status is 5xx, 408 or 429.
            Refused: the answer has any other status but 200 and 201, or ``body`` cannot be written as JSON.
        """
        self.asked += 1
        content = b"" if body is None else _written(body)
        raw = [(b"content-length", b"%d" % len(content))]
        if headers is not None:
            raw += [(name.encode(), value.encode()) for name, value in headers.items()]

        def take_over(stream: httpcore.NetworkStream, heard: bytes) -> None:
            self._take_over(stream, heard, self._request(method, path, raw, content, Bound(PATIENCE)), late)

        bound = Bound(within, None if late is None else take_over)
        with self._exchange(self._request(method, path, raw, content, bound)) as response:
            text = response.read()
        return _read(response.status, text)

    @contextmanager
    def lines(
        self, path: str, headers: Mapping[str, str], *, within: float, silence: float
    ) -> Iterator[tuple[socket.socket, Iterator[str]]]:
        """Requests an endless answer; yields its socket and its lines.

        Args:
            within: seconds until the answer begins.
            silence: seconds without data after which the stream counts as broken.
        """
        raw = [(name.encode(), value.encode()) for name, value in headers.items()]
        bound = Bound(within)
        with self._exchange(self._request("GET", path, raw, b"", bound)) as response:
            if response.status != 200:
                raise _problem(response.status, response.read())
            connection: socket.socket = response.extensions["network_stream"].get_extra_info("socket")
            yield connection, _lines(response.iter_stream(), bound, silence)

    def _request(
        self, method: str, path: str, headers: list[tuple[bytes, bytes]], content: bytes, bound: Bound
    ) -> httpcore.Request:
        return httpcore.Request(
            method,
            self._url_of(path) if method == "GET" else self._known_url_of(path),
            headers=self._headers + headers,
            content=content,
            extensions={"timeout": {"connect": bound, "write": bound, "read": bound}},
        )

    @contextmanager
    def _exchange(self, request: httpcore.Request) -> Iterator[httpcore.Response]:
        if self._is_closed:
            raise Away("this Fusebox is closed")
        try:
            response = self._pool.handle_request(request)
            try:
                yield response
            finally:
                response.close()
        except httpcore.ReadTimeout as error:
            raise Away("no answer in time", may_be_slow=True) from error
        except (httpcore.TimeoutException, httpcore.NetworkError, httpcore.ProtocolError, OSError) as error:
            raise Away(f"{type(error).__name__}: {error}" if str(error) else type(error).__name__) from error
        except ValueError as error:
            if not self._is_closed:
                raise
            raise Away("this Fusebox is closed") from error  # TLS raises it if the socket is closed during a read.

    def _take_over(
        self,
        stream: httpcore.NetworkStream,
        heard: bytes,
        request: httpcore.Request,
        late: Optional[Callable[[Any], None]],
    ) -> None:
        def read() -> None:
            connection = httpcore.HTTP11Connection(request.url.origin, Heard(stream, heard))
            with connection:
                response = connection.handle_request(request)
                answer = _read(response.status, response.read())
            if late is not None:
                late(answer)

        self._late.add(read)

    def _url_of(self, path: str) -> httpcore.URL:
        return httpcore.URL(
            scheme=self._url.raw_scheme,
            host=self._url.raw_host,
            port=self._url.port,
            target=self._base_path + path.encode("ascii"),
        )

    def _known_url_of(self, path: str) -> httpcore.URL:
        """The cached URL of a path, because creating one takes time. There are at most a few for each breaker."""
        url = self._urls.get(path)
        if url is None:
            url = self._urls[path] = self._url_of(path)
        return url

    def after_fork(self) -> None:
        """Drops the parent's connections in the child, and begins without one.

        It only closes file descriptors, which does not affect the parent. The pool's ``close`` takes a lock that a
        thread of the parent may have held.
        """
        for each in list(self.sockets):
            each.close()
        self._late.after_fork()
        self._open()

    def close(self) -> None:
        """Closes all connections, and so ends the running requests."""
        with self._lock:
            self._is_closed = True
            sockets = list(self.sockets)
        for each in sockets:
            end(each)
        self._pool.close()

    def join(self, until: float) -> None:
        """Waits for the threads that read late answers, until ``until`` by ``time.monotonic()``."""
        self._late.join(until)


def _trust(verify: Any) -> ssl.SSLContext:
    if isinstance(verify, str):  # httpx deprecates a path in ``verify``.
        is_folder = os.path.isdir(verify)
        return ssl.create_default_context(capath=verify) if is_folder else ssl.create_default_context(cafile=verify)
    return httpx.create_ssl_context(verify=verify)


def end(connection: socket.socket) -> None:
    """Shuts a connection down, which wakes the thread that reads from it. The owner closes it."""
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass  # The connection has ended already.


def _lines(chunks: Iterator[bytes], bound: Bound, silence: float) -> Iterator[str]:
    pieces: list[bytes] = []
    began = monotonic()
    bound.renew(silence)
    for chunk in chunks:
        first, *others = chunk.split(b"\n")
        pieces.append(first)
        for other in others:
            yield b"".join(pieces).decode(errors="replace")
            pieces, began = [other], monotonic()
        if monotonic() - began < LONGEST_LINE:
            bound.renew(silence)


def _written(body: Mapping[str, Any]) -> bytes:
    try:
        return json.dumps(body, separators=(",", ":"), allow_nan=False).encode()
    except (TypeError, ValueError, RecursionError) as error:
        raise Refused(400, "no_json", str(error)) from error


def _read(status: int, text: bytes) -> Any:
    if status not in (200, 201):
        raise _problem(status, text)
    try:
        return json.loads(text)
    except ValueError as error:
        raise Away(f"the answer is not JSON: {error}") from error


def _problem(status: int, text: bytes) -> Exception:
    try:
        document = json.loads(text)
        code, detail = printable(str(document["code"])), printable(str(document["detail"]))
    except (ValueError, KeyError, TypeError):
        code, detail = "unknown", f"status {status}"
    if status >= 500 or status in (408, 429):
        return Away(f"{detail} ({status} {code})", is_answer=True)
    return Refused(status, code, detail)
