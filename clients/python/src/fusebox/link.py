"""HTTP to Fusebox: one request, one answer, within a bound of time."""

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

#: Seconds for an answer that its caller no longer waits for.
PATIENCE = 5.0
#: Connections that are kept though nobody asks, and for so many seconds.
KEPT = 20
KEPT_FOR = 5.0
#: Seconds for one line of a stream: the whole panel, by a slow connection. What takes longer never ends.
LONGEST_LINE = 60.0


class Away(Exception):
    """Fusebox did not answer in time, or not at all, or that it cannot answer: there is no decision."""

    def __init__(self, reason: str, *, is_answer: bool = False, may_be_slow: bool = False) -> None:
        super().__init__(reason)
        #: Whether it said so itself.
        self.is_answer = is_answer
        #: Whether an answer may still come.
        self.may_be_slow = may_be_slow


class Refused(Exception):
    """Fusebox answered that it will not: a token, a name or a limit is in the way. Asking again changes
    nothing until someone acts."""

    def __init__(self, status: int, code: str, detail: str) -> None:
        super().__init__(f"{detail} ({status} {code})")
        self.status = status
        self.code = code


class Link:
    """The connections of this process to one Fusebox.

    It speaks through httpcore, which httpx is made of: neither cookies nor redirects nor proxies have a part here, a
    request takes a third less time, and connections may be of one's own kind.
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
        # Trust in authorities takes 20 ms to load, which plain HTTP need not wait for.
        self._trust = _trust(verify) if self._url.scheme == "https" else None
        self._late = Late()
        self._open()

    def _open(self) -> None:
        self._is_closed = False
        #: How many answers were waited for, whatever came of it.
        self.asked = 0
        #: Those that are open, and some that were.
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
        """The answer's JSON.

        Args:
            within: seconds for all of it.
            late: is given, in another thread, what is answered to a request that was sent, but too late.

        Raises:
            Away: there is no answer, or one with 5xx.
            Refused: an answer with 4xx, or what the server would give it to: a body that is no JSON.
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
        """The lines of an answer without an end, and the socket that they come by.

        Args:
            within: seconds until the answer begins.
            silence: seconds without a word after which it counts as broken.
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
            raise Away("this Fusebox is closed") from error  # Amid the reading of what is encrypted.

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
        """Making one takes time. There are two for each breaker that is used."""
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
        self._late.after_fork()
        self._open()

    def close(self) -> None:
        """Ends what is under way, too."""
        with self._lock:
            self._is_closed = True
            sockets = list(self.sockets)
        for each in sockets:
            end(each)
        self._pool.close()

    def join(self, until: float) -> None:
        """Waits for its threads, up to an instant of ``time.monotonic()``."""
        self._late.join(until)


def _trust(verify: Any) -> ssl.SSLContext:
    if isinstance(verify, str):  # httpx deprecates paths.
        is_folder = os.path.isdir(verify)
        return ssl.create_default_context(capath=verify) if is_folder else ssl.create_default_context(cafile=verify)
    return httpx.create_ssl_context(verify=verify)


def end(connection: socket.socket) -> None:
    """Wakes whoever reads from it; who opened it closes it."""
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass  # The other side was faster.


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
        code, detail = str(document["code"]), str(document["detail"])
    except (ValueError, KeyError, TypeError):
        code, detail = "unknown", f"status {status}"
    if status >= 500 or status in (408, 429):
        return Away(f"{detail} ({status} {code})", is_answer=True)
    return Refused(status, code, detail)
