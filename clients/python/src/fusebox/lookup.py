"""Resolves host names with a time-out, which the system's resolver does not have."""

from __future__ import annotations

import concurrent.futures
import socket
import threading
from concurrent.futures import Future

import httpcore


class Lookup:
    """Resolves each name in a thread, which may outlive its callers. Callers with the same name share the thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running: dict[tuple[str, int], Future[list[str]]] = {}

    def addresses(self, host: str, port: int, within: float) -> list[str]:
        """Resolves ``host`` within ``within`` seconds.

        Raises:
            ConnectError: the name cannot be resolved.
            ConnectTimeout: the lookup takes longer.
        """
        try:
            return _found(host, port, socket.AI_NUMERICHOST)
        except OSError:
            pass  # It is a name, and not an address.
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
                # The system permits no more threads, and a lookup in this thread would have no time limit.
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
    """Whether no thread can start because the interpreter ends.

    The lookup then runs in the calling thread. The wait for the last outcomes has its own time limit.
    """
    return "shutdown" in str(error)


def _found(host: str, port: int, flags: int = 0) -> list[str]:
    """The addresses of a host, without duplicates, in the order in which to try them."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=flags)
    return list(dict.fromkeys(str(address[0]) for _, _, _, _, address in found))
