"""Reads a breaker's state from an answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple, Optional, get_args

from .decision import State


class Said(NamedTuple):
    """The state after a reported outcome."""

    state: State
    #: The generation of the state; ``None`` if unknown.
    generation: Optional[int]
    #: Whether the server sent the generation. An older server does not, and then ``generation`` is a lower bound.
    is_exact: bool


def said(answer: Any, permit: Optional[str]) -> Optional[Said]:
    """Reads the answer to an outcome that was reported with ``permit``; ``None`` if it has no state."""
    if not isinstance(answer, Mapping) or answer.get("state") not in get_args(State):
        return None
    state: State = answer["state"]
    generation = generation_of(answer)
    if generation is not None:
        return Said(state, generation, True)
    # In the permit's generation the breaker was closed, or half open if the permit is a probe's. Another state has a
    # later generation.
    number, is_probe, _ = (permit or "").partition("-")
    if number.isdecimal():
        generation = int(number) + (state != ("half_open" if is_probe else "closed"))
    return Said(state, generation, False)


def generation_of(answer: Mapping[str, Any]) -> Optional[int]:
    """The generation in an answer; ``None`` if there is none."""
    generation = answer.get("generation")
    return generation if type(generation) is int else None
