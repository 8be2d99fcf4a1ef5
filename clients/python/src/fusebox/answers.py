"""What an answer says of a breaker's state."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple, Optional, get_args

from .decision import State


class Said(NamedTuple):
    """The state behind what was answered."""

    state: State
    #: That the state belongs to; ``None`` where nothing says.
    generation: Optional[int]
    #: Whether the server said so. Older ones leave it out, and then it is the least that it can be.
    is_exact: bool


def said(answer: Any, permit: Optional[str]) -> Optional[Said]:
    """Of the answer to an outcome that was reported under a permit; ``None`` where it has no state."""
    if not isinstance(answer, Mapping) or answer.get("state") not in get_args(State):
        return None
    state: State = answer["state"]
    generation = generation_of(answer)
    if generation is not None:
        return Said(state, generation, True)
    # In the permit's own generation it was closed or, where the permit is a probe's, half open.
    number, is_probe, _ = (permit or "").partition("-")
    if number.isdecimal():
        generation = int(number) + (state != ("half_open" if is_probe else "closed"))
    return Said(state, generation, False)


def generation_of(answer: Mapping[str, Any]) -> Optional[int]:
    """As the server says it; ``None`` where it does not."""
    generation = answer.get("generation")
    return generation if type(generation) is int else None
