"""A TCP proxy between clients and a server, whose connections a test can cut."""

from __future__ import annotations

import socket
import threading
from typing import Optional


class Wire:
    def __init__(self, port: int) -> None:
        self._server = ("127.0.0.1", port)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._lock = threading.Lock()
        #: The answers to requests that contain these bytes are lost.
        self.hushed: Optional[bytes] = None
        self._silent: set[socket.socket] = set()
        self._open: Optional[list[socket.socket]] = []
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    def cut(self) -> None:
        """Closes all connections, and refuses further ones until `mend`."""
        with self._lock:
            connections, self._open = self._open or [], None
        for connection in connections:
            _end(connection)

    def mend(self) -> None:
        with self._lock:
            self._open = []

    def close(self) -> None:
        self.cut()
        _end(self._listener)
        self._listener.close()
        for thread in self._threads:
            thread.join(5)

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            with self._lock:
                if self._open is None:
                    client.close()
                    continue
                server = socket.create_connection(self._server)
                self._open += [client, server]
            for source, target in ((client, server), (server, client)):
                self._threads.append(threading.Thread(target=self._pass_on, args=(source, target), daemon=True))
                self._threads[-1].start()

    def _pass_on(self, source: socket.socket, target: socket.socket) -> None:
        try:
            while data := source.recv(65_536):
                if self.hushed is not None and self.hushed in data:
                    self._silent.add(target)
                if source not in self._silent:
                    target.sendall(data)
        except OSError:
            pass
        _end(target)
        source.close()


def _end(connection: socket.socket) -> None:
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass
