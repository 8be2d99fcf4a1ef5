"""Counters of one ``Fusebox`` in this process, for monitoring."""

from __future__ import annotations

from typing import NamedTuple


class Statistics(NamedTuple):
    """Counters of one ``Fusebox``."""

    #: Decisions made without the server, since this process began.
    decisions_alone: int
    #: The denials among ``decisions_alone``.
    denied_alone: int
    #: How often the server became unreachable, since this process began.
    departures: int
    #: Reports that wait to be sent.
    waiting: int
    #: Outcomes that were dropped: the buffer was full, they waited for longer than 14 minutes, the server refused them,
    #: or the client closed before the server accepted them.
    dropped: int
