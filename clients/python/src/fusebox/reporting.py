"""Where outcomes go."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from concurrent.futures import Future, wait
from time import monotonic
from typing import Any, Optional

from .alone import count_alone
from .batches import LASTING, UNREADABLE
from .cell import Cell
from .decision import Decision, Outcome, State
from .link import Away, Link, Refused
from .nesting import note
from .outbox import Outbox
from .outcomes import Item
from .reachability import Reachability
from .sender import Sender
from .settings import Settings
from .threads import Threads, until_done

log = logging.getLogger("fusebox")


class Reporting:
    """Reports: at once and with a wait where Fusebox decides on every call, else by way of the outbox."""

    settings: Settings
    link: Link
    reach: Reachability
    outbox: Outbox
    sender: Sender
    threads: Threads

    def report(
        self,
        cell: Cell,
        decision: Optional[Decision],
        outcome: Outcome,
        kind: Optional[str],
        duration: Optional[float],
    ) -> None:
        """Where Fusebox decides on every call, waits until it knows the outcome; else leaves that to the sender."""
        if _is_part(decision, outcome, kind):
            return
        item = self._item(cell, decision, outcome, kind, duration)
        if self._is_awaited(decision):
            self._deliver(item)
        elif self._makes_room(decision, outcome):
            wait((self._expected(item, decision),), self.settings.patience)
        else:
            self._post(item, decision)

    def report_for_answer(
        self,
        cell: Cell,
        decision: Decision,
        outcome: Outcome,
        kind: Optional[str],
        duration: Optional[float],
    ) -> Future[Optional[Mapping[str, Any]]]:
        """Reports, behind all that was reported before, and gives what the server will say of it."""
        return self._expected(self._item(cell, decision, outcome, kind, duration), decision)

    def _expected(self, item: Item, decision: Optional[Decision]) -> Future[Optional[Mapping[str, Any]]]:
        item.answer = Future()
        self._post(item, decision)
        return item.answer

    async def report_async(
        self,
        cell: Cell,
        decision: Optional[Decision],
        outcome: Outcome,
        kind: Optional[str],
        duration: Optional[float],
    ) -> None:
        if _is_part(decision, outcome, kind):
            return
        item = self._item(cell, decision, outcome, kind, duration)
        if self._is_awaited(decision):
            later = self.sender.later
            await self.threads.run(self._deliver, item, unsent=lambda: later(lambda: self._post(item, decision)))
        elif self._makes_room(decision, outcome):
            await until_done(self._expected(item, decision), self.settings.patience)
        else:
            self._post(item, decision)

    def give_back(self, cell: Cell, decision: Decision, duration: Optional[float] = None) -> None:
        """Says that an allowed call came to nothing. Waits for nobody, for its caller may be about to end."""
        self.post(cell, decision, "ignored", None, duration)

    def post(
        self, cell: Cell, decision: Decision, outcome: Outcome, kind: Optional[str], duration: Optional[float]
    ) -> None:
        """Reports what became of an allowed call, without a wait."""
        if decision.allowed and not _is_part(decision, outcome, kind):
            self._post(self._item(cell, decision, outcome, kind, duration), decision)

    def leave(
        self,
        cell: Cell,
        decision: Decision,
        outcome: Outcome = "ignored",
        kind: Optional[str] = None,
        duration: Optional[float] = None,
    ) -> None:
        """Reports what became of a call that the garbage collector may have ended. That runs amid anything, so this
        takes no lock, which its thread may hold, and leaves all of it to the sender's."""
        if decision.allowed and not _is_part(decision, outcome, kind):
            ended = monotonic()
            self.sender.later(lambda: self._post(self._item(cell, decision, outcome, kind, duration, ended), decision))

    def _is_awaited(self, decision: Optional[Decision]) -> bool:
        is_fallback = decision is not None and decision.source == "fallback"
        return self.settings.mode == "remote" and not is_fallback and not self._is_behind

    def _makes_room(self, decision: Optional[Decision], outcome: Outcome) -> bool:
        """Whether behind this outcome the next call may be let through. It has to be known by then. A listener in the
        sender's thread would wait for itself."""
        is_probe = decision is not None and decision.is_probe
        return is_probe and outcome != "failure" and not self.reach.is_away and not self.sender.is_this_thread

    @property
    def _is_behind(self) -> bool:
        """Whether a report would overtake others, or wait for nobody."""
        return self.reach.is_away or self.outbox.is_behind

    def _item(
        self,
        cell: Cell,
        decision: Optional[Decision],
        outcome: Outcome,
        kind: Optional[str],
        duration: Optional[float],
        ended: Optional[float] = None,
    ) -> Item:
        if ended is None:
            ended = monotonic()
        permit = None if decision is None else decision.permit
        item = Item(cell, outcome, permit, duration, ended, self.outbox.next_id(), kind)
        ticket = None if decision is None else decision.ticket
        state: Optional[State] = None
        # One that is no longer the cell's decides nothing. It may be the parent's, with a lock that nobody releases.
        if ticket is not None:
            if cell.stand_in is ticket.stand_in:
                state = ticket.stand_in.report(ticket, outcome, item.duration, ended)
        elif self._counts_alone(cell, decision):
            state = count_alone(cell, outcome, item.duration, ended, self.reach.absence)
        if state is not None and cell.is_alone:
            cell.becomes(state, "fallback")
        return item

    def _counts_alone(self, cell: Cell, decision: Optional[Decision]) -> bool:
        """Whether a call that Fusebox or the panel let through has ended where only this process may count it."""
        if self.settings.unreachable == "allow":
            return False
        if decision is not None and (decision.source == "fallback" or not decision.allowed):
            return False
        return self.reach.is_away if self.settings.mode == "remote" else not cell.is_followed

    def _deliver(self, item: Item) -> None:
        if self._is_behind:
            self._post(item, None)
            return
        document = item.document(self.sender.reporter, monotonic())
        path = f"/v1/breakers/{document.pop('name')}/report"
        within = self.settings.patience if item.is_probe else self.settings.timeout
        history = item.cell.history
        try:
            answer = self.link.ask("POST", path, document, within=within)
        except Away:
            # Of decisions that says nothing, which need no disk.
            self._postpone(item)
        except Refused as refusal:
            if refusal.status in UNREADABLE or refusal.code in LASTING:
                self.outbox.refuse(item, refusal.code, str(refusal))
            else:
                self._postpone(item)
        except BaseException as error:
            # A signal's handler that ends the wait goes on from here; a defect of this package is not its caller's.
            self._postpone(item)
            if not isinstance(error, Exception):
                raise
            log.exception("a defect in the fusebox package; the outcome is sent later")
        else:
            if item.cell.history == history:
                item.cell.hear(answer, item)

    def _postpone(self, item: Item) -> None:
        """Leaves to the sender what was sent in vain. What follows waits behind it, and for nobody."""
        item.attempted = True
        self._post(item, None)
        self.outbox.is_behind = True

    def _post(self, item: Item, decision: Optional[Decision]) -> None:
        self.outbox.intake.append(item)
        if self.reach.is_away:
            self.outbox.is_behind = True
        if item.outcome == "failure" or (decision is not None and decision.is_probe):
            self.sender.hurry()
        elif len(self.outbox.intake) > self.sender.limit:
            self.sender.notify()


def _is_part(decision: Optional[Decision], outcome: Outcome, kind: Optional[str]) -> bool:
    """Whether the call is part of another, which reports for both. A failure is noted there; where that one is over, it
    is reported all the same."""
    if decision is None or decision.within is None:
        return False
    return outcome != "failure" or note(decision.within, kind or "")
