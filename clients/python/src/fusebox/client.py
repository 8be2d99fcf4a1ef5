"""``Fusebox``, the client of one server."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Optional, Union

from . import forking
from .authority import Authority
from .breaker import Breaker
from .cell import Listener, check_listener
from .classification import Classification, Exceptions, Failed
from .fallback import NOTHING, Fallback, fallback_of
from .faults import of_downstream
from .names import check_name
from .settings import Mode, Settings, Unreachable
from .statistics import Statistics

if TYPE_CHECKING:
    from types import TracebackType


class Fusebox:
    """A client of one Fusebox server. It opens no connection and starts no thread before the first call.

    Args:
        url: ``http://`` or ``https://``, host and port.
        token: the secret of a token, if the server requires one. Surrounding white space, such as a file's last
            newline, is removed.
        mode: ``local`` decides in this process, from the server's event stream; ``remote`` asks for every call.
        unreachable: how to decide while the server is unreachable: ``local``, by a breaker in this process with the
            last known policy; ``allow``; ``deny``.
        timeout: seconds that a call may wait for a decision about a breaker whose last known state is closed.
        probe_timeout: seconds that a call may wait for any other decision. The server may have to commit it: it may be
            about a probe, or about a breaker that the server does not know. A value below ``timeout`` counts as
            ``timeout``.
        max_staleness: seconds without an event from the server after which calls ask the server.
        reporter: the name of this process in reports, at most 128 characters; by default its host's name and its id.
        buffer: how many reports may wait while the server is unreachable; the oldest are dropped, and counted.
        verify: which certificates of an ``https`` server to trust, as in httpx.
    """

    def __init__(
        self,
        url: str = "http://127.0.0.1:7979",
        *,
        token: Optional[str] = None,
        mode: Mode = "local",
        unreachable: Unreachable = "local",
        timeout: float = 0.05,
        probe_timeout: float = 0.5,
        max_staleness: float = 5.0,
        reporter: Optional[str] = None,
        buffer: int = 10_000,
        verify: Union[bool, str, ssl.SSLContext] = True,
    ) -> None:
        settings = Settings(
            url, token, mode, unreachable, timeout, probe_timeout, max_staleness, reporter, buffer, verify
        )
        self._authority = Authority(settings)
        forking.register(self._authority)
        forking.close_at_end(self._authority)

    def breaker(
        self,
        name: str,
        *,
        failures: Exceptions = of_downstream,
        ignore: Exceptions = (),
        failed: Optional[Failed] = None,
        fallback: Union[Fallback, Callable[..., Any], Any] = NOTHING,
    ) -> Breaker:
        """The breaker of this name; the server makes it at the first call.

        Args:
            failures: the exceptions that count as failures: classes, or a function of the exception. Any other
                exception is ``ignored``. The default is every ``Exception`` that is not known to be the caller's fault;
                a response of 404 and a violated constraint are the caller's fault.
            ignore: exceptions that do not count as failures, even if ``failures`` names them.
            failed: a function of the result that returns whether it is a failure; a word instead of ``True`` is its
                kind.
            fallback: the result of a call that the breaker denies or that fails: a value, a function of the call's
                arguments (and of ``error``, if it has such a parameter), or a ``CachedFallback``.
        """
        cell = self._authority.panel.cell(check_name(name))
        return Breaker(self._authority, cell, Classification(failures, ignore, failed), fallback_of(fallback))

    def listen(self, listener: Listener) -> Listener:
        """Calls ``listener`` for each change of any breaker's state, in the thread that receives the change."""
        check_listener(listener)
        self._authority.panel.listeners.append(listener)
        return listener

    @property
    def is_away(self) -> bool:
        """Whether the last attempt to ask the server failed."""
        return self._authority.reach.is_away

    @property
    def statistics(self) -> Statistics:
        reach, outbox = self._authority.reach, self._authority.outbox
        return Statistics(
            reach.decisions_alone,
            reach.denied_alone,
            reach.departures,
            len(outbox) + len(outbox.intake),
            outbox.dropped,
        )

    def flush(self, within: float = 1.0) -> bool:
        """Waits until all outcomes so far have been sent; returns ``False`` if that takes longer than ``within`` s."""
        return self._authority.sender.flush(within)

    def close(self) -> None:
        """Sends the waiting outcomes, for at most a second, and ends threads and connections.

        Later calls are decided without the server.
        """
        forking.close(self._authority)

    def __enter__(self) -> Fusebox:
        return self

    def __exit__(
        self,
        kind: Optional[type[BaseException]],
        error: Optional[BaseException],
        traceback: Optional[TracebackType],
    ) -> None:
        self.close()
