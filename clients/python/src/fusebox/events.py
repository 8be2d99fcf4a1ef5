"""Reads the events of the server's stream: one JSON object a line."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple, Optional

from .decision import State
from .standing import Mode

_ID = re.compile(r"(?:([0-9a-f]{8})-)?[0-9]+")


class Outline(NamedTuple):
    """A breaker after a change. Instants are by the server's clock, in seconds since 1970."""

    name: str
    state: State
    generation: int
    open_until: Optional[float]
    mode: Optional[Mode]
    expires_at: Optional[float]
    policy_revision: int

    @classmethod
    def read(cls, document: Mapping[str, Any]) -> Outline:
        override = document["override"] or {}
        return cls(
            name=document["name"],
            state=document["state"],
            generation=document["generation"],
            open_until=instant(document["open_until"]),
            mode=override.get("mode"),
            expires_at=instant(override.get("expires_at")),
            policy_revision=document["policy_revision"],
        )


class Event(NamedTuple):
    """One event. ``type`` is ``resync``, ``heartbeat``, ``deleted``, or another change of one breaker."""

    type: str
    at: float
    revision: Optional[int]
    #: The epoch of the server's database, to which the revision belongs; ``None`` if the server does not send one.
    epoch: Optional[str]
    #: All breakers for a resync; the breaker that changed; none for a heartbeat or a deletion.
    outlines: list[Outline]
    #: The breaker that changed or was deleted; ``None`` for a resync or a heartbeat.
    name: Optional[str] = None
    cause: Optional[str] = None
    detail: Optional[str] = None
    #: Whether the server's clock was set, and all instants in ``outlines`` with it. Only a resync says so.
    is_clock_step: bool = False

    @classmethod
    def read(cls, line: str) -> Event:
        """
        Raises:
            ValueError: ``line`` is not an event.
        """
        try:
            document = json.loads(line)
            return cls._read(document["type"], document)
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"{line:.200} is not an event: {error!r}") from error

    @classmethod
    def _read(cls, type: str, document: Mapping[str, Any]) -> Event:
        at = datetime.fromisoformat(document["at"].replace("Z", "+00:00")).timestamp()
        revision, epoch = document.get("revision"), _epoch(document.get("id"))
        if type == "heartbeat":
            return cls(type, at, revision, epoch, [])
        if type == "resync":
            outlines = [Outline.read(each) for each in document["breakers"]]
            return cls(type, at, revision, epoch, outlines, is_clock_step=document.get("reason") == "clock_step")
        if type == "deleted":
            return cls(type, at, revision, epoch, [], document["name"])
        transition = document["transition"] or {}
        return cls(
            type,
            at,
            revision,
            epoch,
            [Outline.read(document)],
            document["name"],
            transition.get("cause"),
            transition.get("detail"),
        )


def _epoch(id: Optional[str]) -> Optional[str]:
    """The epoch in an event's id, ``<epoch>-<revision>``; ``None`` for an id without one."""
    if id is None:
        return None
    read = _ID.fullmatch(id)
    if read is None:
        raise ValueError(f"{id:.100} is not an event's id")
    return read[1]


def instant(text: Optional[str]) -> Optional[float]:
    """Converts an RFC 3339 time in UTC to seconds since 1970."""
    return None if text is None else datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()
