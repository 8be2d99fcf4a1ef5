"""Numbers of one Fusebox in this process, for whoever watches it."""

from __future__ import annotations

from typing import NamedTuple


class Statistics(NamedTuple):
    """Counted since this process began."""

    #: Decisions that were made without the server, of which so many denied.
    decisions_alone: int
    denied_alone: int
    #: How often the server went away.
    departures: int
    #: Reports that wait to be sent.
    waiting: int
    #: Outcomes that were given up: more waited than ``buffer``, for longer than 14 minutes, or the server refused them.
    dropped: int
