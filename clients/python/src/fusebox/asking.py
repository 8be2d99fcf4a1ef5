"""Asks Fusebox whether a call may go through."""

from __future__ import annotations

import random
from collections.abc import Callable
from time import monotonic
from typing import Any, Optional, get_args

from .answers import generation_of
from .cell import Cell
from .decision import Decision, State
from .link import Away, Link, Refused
from .logs import log
from .reachability import LONGEST_PAUSE, Reachability
from .settings import Settings

#: The most characters of a permit: a generation, and for a probe a lease's id. ``int()`` refuses very long numbers.
LONGEST_PERMIT = 64
#: The longest denial or lease that is accepted, in milliseconds: 31 years. A denial without an end has no time at all.
LONGEST_MS = 10**12


class Asking:
    """Asks for one decision within the time that a call may wait, which is longer if the server may have to commit.

    An answer that comes later is still read, and a probe that it grants is given back: otherwise all callers would wait
    until the probe's lease ends. Any answer may grant a probe, because a breaker that this process knows as closed may
    be half open on the server. The late answer also sets the state, so that the next request about this breaker has the
    longer time if the state is not closed.
    """

    def __init__(
        self,
        link: Link,
        reach: Reachability,
        settings: Settings,
        give_back: Callable[[Cell, Decision], None],
    ) -> None:
        self._link = link
        self._reach = reach
        self._settings = settings
        self._give_back = give_back

    def ask(self, cell: Cell, was_away: bool) -> Optional[Decision]:
        """Asks for a decision; ``None`` if there is none. Notes whether Fusebox is reachable.

        Args:
            was_away: whether Fusebox was unreachable when the caller chose to ask. If it became unreachable since,
                while the caller waited for a thread, no request is sent.
        """
        if self._reach.is_away and not was_away:
            return None
        began = monotonic()
        try:
            decision = self._answer(cell, began)
        except Away as away:
            self._reach.failed(str(away), began, says_so_itself=away.is_answer, may_be_slow=away.may_be_slow)
            return None
        except Refused as refusal:
            self._reach.refused(cell.name, refusal, began)
            cell.refused_until = monotonic() + LONGEST_PAUSE * random.uniform(0.5, 1.0)
            return None
        except Exception as error:
            log.exception("a defect in the fusebox package; Fusebox counts as unreachable")
            self._reach.failed(repr(error), began)
            return None
        self._reach.decided(cell.name, began)
        return decision

    def _answer(self, cell: Cell, began: float) -> Decision:
        def late(answer: Any) -> None:
            decision = _decision(answer, began)
            cell.heard_state = decision.state
            if decision.is_probe:
                self._give_back(cell, decision)

        path = f"/v1/breakers/{cell.name}/acquire"
        within = self._settings.timeout if cell.heard_state == "closed" else self._settings.patience
        return _decision(self._link.ask("POST", path, within=within, late=late), began)


def _decision(answer: Any, began: float) -> Decision:
    try:
        state, permit, lease_ms = answer["state"], answer.get("permit"), answer.get("lease_ms")
        retry_after_ms = answer.get("retry_after_ms")
        if state not in get_args(State):
            raise ValueError("the state is unknown")
        if permit is not None and not (isinstance(permit, str) and len(permit) <= LONGEST_PERMIT):
            raise TypeError(f"permit must be a string of at most {LONGEST_PERMIT} characters")
        for ms in (retry_after_ms, lease_ms):
            if ms is not None and not 0 <= ms <= LONGEST_MS:
                raise ValueError(f"retry_after_ms and lease_ms must be 0 to {LONGEST_MS}")
        return Decision(
            allowed=bool(answer["allowed"]),
            state=state,
            permit=permit,
            retry_after=None if retry_after_ms is None else retry_after_ms / 1_000,
            source="server",
            would_deny=bool(answer.get("would_deny")),
            lease_ms=lease_ms,
            began=began,
            denied_in=generation_of(answer),
        )
    except (AttributeError, KeyError, TypeError, ValueError, OverflowError) as error:
        raise Away(f"the answer is not a decision: {answer!r:.100}") from error
