"""Sends batches of outcomes, and handles the server's result for each outcome."""

from __future__ import annotations

import time
from typing import Any

from .link import Away, Link, Refused
from .outbox import Outbox
from .outcomes import Item
from .reachability import Reachability

#: Time-out of one request, in seconds. No call waits for it, and a commit may take longer than a decision.
PATIENCE = 1.0
#: Statuses for a request whose content is wrong. One outcome in the batch may be the cause.
UNREADABLE = (400, 413, 422)
#: Codes for a single outcome that the server cannot record at the moment: those of status 5xx.
PASSING = frozenset({"storage_unavailable", "outcome_unknown", "overloaded", "shutting_down", "internal_error"})
#: Codes for a valid outcome that is refused for good: the token does not cover the breaker's name, or the id was used
#: for another outcome.
LASTING = frozenset({"forbidden", "report_id_conflict"})


class Batches:
    """Sends batches. The server answers each batch as a whole, and each outcome in it."""

    def __init__(self, outbox: Outbox, link: Link, reach: Reachability) -> None:
        self._outbox = outbox
        self._link = link
        self._reach = reach

    def send(self, batch: list[Item], reporter: str) -> bool:
        """Sends a batch and removes the answered items from it; returns whether the server accepted any request.

        A request that the server cannot read is sent again in halves, down to the one outcome that is the cause, so
        that no other outcome is lost.

        Raises:
            Away: the remaining items have to wait, because there is no answer, or the server cannot record them yet.
            Refused: the remaining items have to wait, because the server refuses the whole request.
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
        """Sends a batch; returns the items to send again.

        These are the items that the server cannot record at the moment, and all later ones of the same breakers, so
        that the order is kept. If the server has recorded a later one already, it recognizes the repeated id.
        """
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
                item.answered(None)  # The answer is from the server's earlier database.
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
