"""Reports outcomes to the server, at once or through the outbox, and to the stand-in."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import Future, wait
from time import monotonic
from typing import Any, Optional

from .alone import count_alone
from .batches import LASTING, UNREADABLE
from .cell import Cell
from .decision import Decision, Outcome, State
from .link import Away, Link, Refused
from .logs import log
from .nesting import note
from .outbox import Outbox
from .outcomes import Item
from .reachability import Reachability
from .sender import Sender
from .settings import Settings
from .threads import Threads, until_done


class Reporting:
    """Reports outcomes: in mode ``remote`` directly to the server, in mode ``local`` through the outbox."""

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
        """Reports an outcome.

        In mode ``remote`` it waits for the server's answer, unless earlier outcomes still wait to be sent. In mode
        ``local`` the sender sends the outcome later. In both modes it waits after a probe that did not fail, because
        the next call may be allowed then. While Fusebox is unreachable it never waits.
        """
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
        """Reports an outcome, after all earlier ones, and returns a future of the server's answer."""
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
        """Reports an allowed call as ``ignored``. Does not wait, because its task or thread may be about to end."""
        self.post(cell, decision, "ignored", None, duration)

    def post(
        self, cell: Cell, decision: Decision, outcome: Outcome, kind: Optional[str], duration: Optional[float]
    ) -> None:
        """Reports the outcome of an allowed call without waiting."""
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
        """Reports the outcome of a call that the garbage collector may have ended.

        The garbage collector runs at any point, and its thread may hold any lock. So this takes no lock, and the
        sender's thread does all the work.
        """
        if decision.allowed and not _is_part(decision, outcome, kind):
            ended = monotonic()
            self.sender.later(lambda: self._post(self._item(cell, decision, outcome, kind, duration, ended), decision))

    def _is_awaited(self, decision: Optional[Decision]) -> bool:
        is_fallback = decision is not None and decision.source == "fallback"
        return self.settings.mode == "remote" and not is_fallback and not self._is_behind

    def _makes_room(self, decision: Optional[Decision], outcome: Outcome) -> bool:
        """Whether the next call may be allowed after this outcome, so that the caller has to wait for the answer.

        It is ``False`` in the sender's thread, where a listener would wait for itself.
        """
        is_probe = decision is not None and decision.is_probe
        return is_probe and outcome != "failure" and not self.reach.is_away and not self.sender.is_this_thread

    @property
    def _is_behind(self) -> bool:
        """Whether an immediate report would overtake waiting ones, or wait for an unreachable server."""
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
        # A stand-in that is not the cell's current one decides nothing. After fork() it may be the parent's, and its
        # lock may never be released.
        if ticket is not None:
            if cell.stand_in is ticket.stand_in:
                state = ticket.stand_in.report(ticket, outcome, item.duration, ended)
        elif self._counts_alone(cell, decision):
            state = count_alone(cell, outcome, item.duration, ended, self.reach.absence)
        if state is not None and cell.is_alone:
            cell.becomes(state, "fallback")
        return item

    def _counts_alone(self, cell: Cell, decision: Optional[Decision]) -> bool:
        """Whether the stand-in counts a call that Fusebox or the panel allowed: in mode ``remote`` while Fusebox is
        unreachable, in mode ``local`` while the stream does not report the breaker's changes."""
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
            # This does not show that Fusebox makes no decisions: a decision needs no disk.
            self._postpone(item)
        except Refused as refusal:
            if refusal.status in UNREADABLE or refusal.code in LASTING:
                self.outbox.refuse(item, refusal.code, str(refusal))
            else:
                self._postpone(item)
        except BaseException as error:
            # The exception of a signal handler that ends the wait is raised; a defect of this package is only logged.
            self._postpone(item)
            if not isinstance(error, Exception):
                raise
            log.exception("a defect in the fusebox package; the outcome is sent later")
        else:
            if item.cell.history == history:
                item.cell.hear(answer, item)

    def _postpone(self, item: Item) -> None:
        """Leaves an outcome to the sender after a failed attempt. Later outcomes queue after it, and do not wait."""
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
    """Whether the call is part of another, which reports for both. A failure is recorded in the mark of the other call;
    if that call is over, the failure is reported separately."""
    if decision is None or decision.within is None:
        return False
    return outcome != "failure" or note(decision.within, kind or "")
