"""Batches of outcomes, and what the server says of each."""

from __future__ import annotations

import time
from typing import Any

from .link import Away, Link, Refused
from .outbox import Outbox
from .outcomes import Item
from .reachability import Reachability

#: Seconds for one request. Nobody waits for it, and a commit may take longer than a decision.
PATIENCE = 1.0
#: Statuses of an answer to a batch as it is written, whose fault may be that of one outcome in it.
UNREADABLE = (400, 413, 422)
#: What is said of a single outcome where the fault is the server's, and passes: the codes of status 5xx.
PASSING = frozenset({"storage_unavailable", "outcome_unknown", "overloaded", "shutting_down", "internal_error"})
#: What is said for good of a single outcome that can be read: of a name that the token may not touch, or of an id that
#: stands for another one.
LASTING = frozenset({"forbidden", "report_id_conflict"})


class Batches:
    """Each is answered as a whole, and each outcome in it."""

    def __init__(self, outbox: Outbox, link: Link, reach: Reachability) -> None:
        self._outbox = outbox
        self._link = link
        self._reach = reach

    def send(self, batch: list[Item], reporter: str) -> bool:
        """Takes out of ``batch`` what is answered; whether the server took any.

        What it cannot read is sent again in halves, down to the outcome that is to blame, so that no other is lost with
        it. Raises ``Away`` or ``Refused`` where what is left has to wait.
        """
        is_taken = False
        sizes = [len(batch)]
        while sizes:
            size = sizes.pop()
            again: list[Item] = []
            try:
                again = self._send(batch[:size], reporter)
                is_taken = True
            except Refused as refusal:
                if refusal.status not in UNREADABLE:
                    raise
                if size > 1:
                    sizes += [size - size // 2, size // 2]
                    continue
                self._outbox.refuse(batch[0], refusal.code, str(refusal))
            batch[:size] = again
            if again:
                raise Away("the server could not take some of the outcomes yet", is_answer=True)
        return is_taken

    def _send(self, batch: list[Item], reporter: str) -> list[Item]:
        """Gives what the server could not take for a reason that passes, and what came behind it of the same breaker:
        nothing more overtakes it, and what the server has it knows by its id."""
        began = time.monotonic()
        histories = [item.cell.history for item in batch]
        document = {"reports": [item.document(reporter, began) for item in batch]}
        results = _results(self._link.ask("POST", "/v1/reports", document, within=PATIENCE), len(batch))
        self._reach.worked(time.monotonic() - began)
        self._outbox.accepted()
        again: list[Item] = []
        held: set[str] = set()
        for item, history, result in zip(batch, histories, results):
            error = result.get("error") or {}
            if str(error.get("code")) in PASSING or item.cell.name in held:
                held.add(item.cell.name)
                again.append(item)
            elif error:
                self._outbox.refuse(item, str(error.get("code")), str(error.get("detail")))
            elif item.cell.history != history:
                item.answered(None)  # It is of a database that is no more.
            else:
                item.cell.hear(result, item)
        return again


def _results(answer: Any, count: int) -> list[dict[str, Any]]:
    try:
        results: list[dict[str, Any]] = answer["results"]
        is_good = len(results) == count and all(isinstance(each.get("error") or {}, dict) for each in results)
    except (AttributeError, KeyError, TypeError):
        is_good = False
    if not is_good:
        raise Away(f"the answer is not as expected: {answer!r:.100}")
    return results
