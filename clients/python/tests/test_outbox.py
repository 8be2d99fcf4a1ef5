"""The buffer of waiting outcomes: it merges equal neighbours into one report and keeps the order of a streak."""

from __future__ import annotations

import time
from typing import Any, Optional

import pytest

from fusebox.cell import Cell
from fusebox.decision import Outcome
from fusebox.outbox import LONGEST_WAIT, Outbox
from fusebox.outcomes import LARGEST_COUNT, Item
from fusebox.policy import Policy
from fusebox.standing import NEVER, Standing

KNOWN = Policy()
SLOW = Policy(slow_call_ms=100)
WORDS: dict[str, Outcome] = {"s": "success", "f": "failure", "i": "ignored"}


class Trial:
    def __init__(self, capacity: int = 100, policy: Optional[Policy] = KNOWN) -> None:
        self.outbox = Outbox(capacity)
        self.policy = policy
        self.cells: dict[str, Cell] = {}

    def cell(self, name: str = "a") -> Cell:
        cell = self.cells.setdefault(name, Cell(name, NEVER, []))
        cell.policy = self.policy
        return cell

    def standing(self, name: str = "a", generation: int = 1) -> Standing:
        return Standing(self.cell(name), "closed", generation)

    def report(
        self,
        outcome: str,
        duration: float = 0.0,
        permit: str = "1",
        name: str = "a",
        kind: Any = None,
        ended: Optional[float] = None,
    ) -> Item:
        if ended is None:
            ended = time.monotonic()
        item = Item(self.cell(name), WORDS[outcome], permit, duration, ended, self.outbox.next_id(), kind)
        self.outbox.intake.append(item)
        return item

    def success(self, standing: Standing, duration: float = 0.0, ended: Optional[float] = None) -> None:
        """Adds a success of a call that the panel let through."""
        if ended is None:
            ended = time.monotonic()
        self.outbox.intake.append((standing, ended - duration, ended))

    def batch(self) -> list[Item]:
        self.outbox.gather()
        return self.outbox.take(time.monotonic())

    def documents(self) -> list[tuple[str, str, int]]:
        return [(item.cell.name, item.outcome[0], item.count) for item in self.batch()]


@pytest.mark.parametrize(
    ("outcomes", "reports"),
    [
        ("s", [("s", 1)]),
        ("sss", [("s", 3)]),
        ("ssfss", [("s", 2), ("f", 1), ("s", 2)]),
        ("fffsf", [("f", 3), ("s", 1), ("f", 1)]),
        ("sisii", [("s", 1), ("i", 1), ("s", 1), ("i", 2)]),
    ],
)
@pytest.mark.parametrize("in_short", [False, True])
def test_equal_neighbours_become_one_report(outcomes: str, reports: list[tuple[str, int]], in_short: bool) -> None:
    trial = Trial()
    standing = trial.standing()
    for outcome in outcomes:
        if in_short and outcome == "s":
            trial.success(standing, 0.001)
        else:
            trial.report(outcome)
    assert trial.documents() == [("a", outcome, count) for outcome, count in reports]


def test_outcomes_of_other_breakers_do_not_prevent_a_merge() -> None:
    trial = Trial()
    a, b = trial.standing("a"), trial.standing("b")
    for standing in (a, b, a, a, b):
        trial.success(standing)
    assert trial.documents() == [("a", "s", 3), ("b", "s", 2)]


def test_later_outcomes_are_added_to_an_earlier_report() -> None:
    trial = Trial()
    standing = trial.standing()
    for _ in range(3):
        trial.success(standing)
        trial.outbox.gather()
    assert trial.documents() == [("a", "s", 3)]


def test_outcomes_with_different_permits_or_kinds_and_probes_are_not_merged() -> None:
    trial = Trial()
    for permit in ("1", "2", "3-ab", "3-ab"):
        trial.report("s", permit=permit)
    trial.report("f", kind="timeout")
    trial.report("f", kind="connection")
    trial.success(trial.standing(generation=1))
    trial.success(trial.standing(generation=2))
    assert [count for _, _, count in trial.documents()] == [1] * 8


@pytest.mark.parametrize(
    ("policy", "durations", "counts"),
    [
        (None, [0.0010, 0.0019, 0.0020], [2, 1]),
        (KNOWN, [0.001, 1.0, 0.5], [3]),
        (SLOW, [0.001, 0.0999, 0.1, 5.0, 0.05], [2, 2, 1]),
    ],
)
def test_outcomes_are_merged_unless_the_policy_distinguishes_their_durations(
    policy: Optional[Policy], durations: list[float], counts: list[int]
) -> None:
    for in_short in (False, True):
        trial = Trial(policy=policy)
        standing = trial.standing()
        for duration in durations:
            if in_short:
                trial.success(standing, duration, ended=0.0)
            else:
                trial.report("s", duration, ended=0.0)
        trial.outbox.gather()
        batch = trial.outbox.take(0.0)
        assert [item.count for item in batch] == counts
        assert batch[0].duration == max(durations[: counts[0]]), "the report has the longest duration"


@pytest.mark.parametrize(
    ("instants", "reports"),
    [
        ([0.0, 0.5, 0.75], [(3, 0.75)]),
        ([0.0, 0.5, 1.0], [(2, 0.5), (1, 1.0)]),
        ([0.0, 1.5, 3.0], [(1, 0.0), (1, 1.5), (1, 3.0)]),
        ([0.5, 0.25, 1.0, 1.25], [(3, 1.0), (1, 1.25)]),
        ([5.0, 0.0, 5.5], [(1, 5.0), (1, 0.0), (1, 5.5)]),
    ],
)
@pytest.mark.parametrize("outcome", ["success that the panel let through", "s", "f"])
@pytest.mark.parametrize("at_once", [False, True])
def test_only_calls_that_ended_within_one_second_are_merged(
    instants: list[float], reports: list[tuple[int, float]], outcome: str, at_once: bool
) -> None:
    trial = Trial()
    standing = trial.standing()
    for ended in instants:
        if outcome in WORDS:
            trial.report(outcome, ended=ended)
        else:
            trial.success(standing, ended=ended)
        if not at_once:
            trial.outbox.gather()
    trial.outbox.gather()
    assert [(item.count, item.ended) for item in trial.outbox.take(10.0)] == reports


def test_a_report_has_the_age_of_its_call_each_time_it_is_sent() -> None:
    item = Trial().report("f", ended=100.0)
    documents = [item.document("test", now) for now in (100.0, 100.25, 160.0)]
    assert [document["age_ms"] for document in documents] == [0, 250, 60_000]
    assert len({document["report_id"] for document in documents}) == 1


def test_a_report_that_may_have_reached_the_server_is_not_merged() -> None:
    trial = Trial()
    first = trial.report("s")
    batch = trial.batch()
    trial.outbox.give_back(batch)
    trial.report("s")
    again = trial.batch()
    assert [item.count for item in again] == [1, 1]
    assert again[0] is first and again[0].report_id != again[1].report_id


def test_a_report_has_at_most_the_count_that_the_server_accepts() -> None:
    trial = Trial()
    standing = trial.standing()
    trial.outbox.intake.extend([(standing, 0.0, 0.0)] * (LARGEST_COUNT + 1))
    trial.outbox.gather()
    assert [item.count for item in trial.outbox.take(0.0)] == [LARGEST_COUNT, 1]


def test_the_oldest_outcomes_are_dropped_and_counted() -> None:
    trial = Trial(capacity=2)
    for outcome in "ssfsf":
        trial.report(outcome)
    assert trial.documents() == [("a", "s", 1), ("a", "f", 1)]
    assert trial.outbox.dropped == 3


def test_a_report_whose_id_the_server_may_have_forgotten_is_dropped() -> None:
    trial = Trial()
    for ended in (0.0, 0.9, 1.0):
        trial.report("s", ended=ended)
    trial.outbox.gather()
    assert [item.ended for item in trial.outbox.take(LONGEST_WAIT + 0.95)] == [1.0]
    assert trial.outbox.dropped == 2
    trial.success(trial.standing())
    assert trial.documents() == [("a", "s", 1)]


def test_a_forked_child_sends_no_reports_of_its_parent() -> None:
    trial = Trial()
    item = trial.report("s")
    trial.outbox.gather()
    trial.report("f")
    trial.outbox.after_fork()
    assert trial.documents() == []
    assert trial.report("s").report_id.split("-")[0] != item.report_id.split("-")[0]
