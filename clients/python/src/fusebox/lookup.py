"""Looks up the names of hosts, for which the system knows no time-out."""

from __future__ import annotations

import concurrent.futures
import socket
import threading
from concurrent.futures import Future

import httpcore


class Lookup:
    """In a thread for each name, for which all wait who want it meanwhile, and which outlives them."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running: dict[tuple[str, int], Future[list[str]]] = {}

    def addresses(self, host: str, port: int, within: float) -> list[str]:
        """
        Raises:
            ConnectError: there is no such name.
            ConnectTimeout: it takes longer.
        """
        try:
            return _found(host, port, socket.AI_NUMERICHOST)
        except OSError:
            pass  # It is a name.
        try:
            return self._begun(host, port).result(within)
        except concurrent.futures.TimeoutError as error:
            raise httpcore.ConnectTimeout(f"{host} was not looked up in time") from error
        except (OSError, UnicodeError) as error:
            raise httpcore.ConnectError(f"{host}: {error}") from error

    def _begun(self, host: str, port: int) -> Future[list[str]]:
        with self._lock:
            running = self._running.get((host, port))
            if running is not None:
                return running
            future = self._running[host, port] = Future()
        thread = threading.Thread(target=self._run, args=(host, port, future), name="fusebox-lookup", daemon=True)
        try:
            thread.start()
        except RuntimeError as error:
            if _is_end(error):
                self._run(host, port, future)
            else:
                # There is no room for another, and nobody here has time without a bound.
                self._over(host, port)
                future.set_exception(OSError(str(error)))
        return future

    def _run(self, host: str, port: int, future: Future[list[str]]) -> None:
        try:
            found = _found(host, port)
        except Exception as error:
            self._over(host, port)
            future.set_exception(error)
        else:
            self._over(host, port)
            future.set_result(found)

    def _over(self, host: str, port: int) -> None:
        with self._lock:
            del self._running[host, port]


def _is_end(error: RuntimeError) -> bool:
    """Whether the interpreter ends, and so starts no more threads. What waits for outcomes to be sent is bounded
    there."""
    return "shutdown" in str(error)


def _found(host: str, port: int, flags: int = 0) -> list[str]:
    """Each once, in the order in which they should be tried."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=flags)
    return list(dict.fromkeys(str(address[0]) for _, _, _, _, address in found))
