"""The panel, with events and a clock that the tests set."""

from __future__ import annotations

import json
import math
import time
from datetime import datetime, timezone
from typing import Any, Optional

import pytest

from fusebox.cell import Cell
from fusebox.decision import Decision
from fusebox.events import Event
from fusebox.panel import Panel
from fusebox.policy import Policy
from fusebox.standin import StandIn

#: The server's time when the client's clock is 0.
EPOCH = 1_800_000_000.0


def instant(at: float) -> str:
    return datetime.fromtimestamp(EPOCH + at, timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class Trial:
    def __init__(self, max_staleness: float = 5.0) -> None:
        self.wanted: list[Cell] = []
        self.panel = Panel(max_staleness, self.wanted.append)
        self.panel.begin()
        self.revision = 0
        #: The epoch of the server's database; ``None`` for a server that sends none.
        self.epoch: Optional[str] = None

    def hear(self, type: str, at: float, now: Optional[float] = None, **members: Any) -> None:
        """Gives the panel an event that the server sends at one instant and the client reads at another."""
        self.revision += 1
        document = {"revision": self.revision, "type": type, "at": instant(at), "transition": None, **members}
        if self.epoch is not None:
            document["id"] = f"{self.epoch}-{self.revision}"
        now = at if now is None else now
        self.panel.take(Event.read(json.dumps(document)), now, began=now)

    def resync(self, at: float, *breakers: dict[str, Any], now: Optional[float] = None) -> None:
        self.hear("resync", at, now, breakers=list(breakers))


def outline(name: str, state: str = "closed", **members: Any) -> dict[str, Any]:
    return {
        "name": name,
        "state": state,
        "generation": 7,
        "open_until": None,
        "override": None,
        "policy_revision": 3,
        **members,
    }


def test_the_freshness_of_the_panel_counts_from_the_sending_of_the_last_event() -> None:
    trial = Trial()
    trial.resync(10.0)
    assert trial.panel.freshness.until == 15.0
    trial.hear("heartbeat", 11.0)
    assert trial.panel.freshness.until == pytest.approx(16.0)
    trial.hear("heartbeat", 12.0, now=19.0)
    assert trial.panel.freshness.until == pytest.approx(17.0)
    trial.hear("created", 11.5, **outline("a"))
    assert trial.panel.freshness.until == pytest.approx(17.0)


def test_the_freshness_of_a_first_resync_counts_from_its_request() -> None:
    trial = Trial()
    document = {"revision": 1, "type": "resync", "at": instant(-3_600.0), "breakers": [outline("a")]}
    trial.panel.take(Event.read(json.dumps(document)), now=10.0, began=9.0)
    assert trial.panel.freshness.until == 14.0


def test_instants_are_translated_again_when_the_estimate_of_the_servers_clock_improves() -> None:
    trial = Trial()
    cell = trial.panel.cell("a")
    trial.resync(10.0, outline("a", "open", open_until=instant(40.0)), now=12.0)
    assert cell.standing.open_until == pytest.approx(42.0), "the delay is assumed to be zero"
    trial.hear("heartbeat", 13.0, now=13.5)
    assert cell.standing.open_until == pytest.approx(40.5)
    trial.hear("heartbeat", 14.0, now=18.0)
    assert cell.standing.open_until == pytest.approx(40.5), "an event with a longer delay does not change the estimate"


HOUR = 3_600.0


@pytest.mark.parametrize("step", [-HOUR, -61.0, 61.0, HOUR])
def test_the_panel_follows_a_step_of_the_servers_clock_at_once_and_moves_no_deadline(step: float) -> None:
    trial = Trial()
    cell = trial.panel.cell("a")
    shadow = {"mode": "shadow", "reason": "r", "actor": None}
    before = outline("a", "open", open_until=instant(40.0), override={**shadow, "expires_at": instant(90.0)})
    trial.resync(10.0, before)
    stand_in = StandIn(Policy(), 10.0, "open", 40.0)
    cell.begin_stand_in(stand_in, 0)
    after = {"open_until": instant(40.0 + step), "override": {**shadow, "expires_at": instant(90.0 + step)}}
    trial.hear("resync", 20.0 + step, now=20.0, reason="clock_step", breakers=[{**before, **after}])
    assert cell.standing.open_until == pytest.approx(40.0)
    assert cell.denied_until == pytest.approx(40.0)
    assert cell.standing.override_rest(20.0) == pytest.approx(70.0)
    assert cell.stand_in is stand_in and stand_in.acquire(20.0).retry_after == pytest.approx(20.0)
    trial.hear("heartbeat", 21.0 + step, now=21.0)
    assert trial.panel.freshness.until == pytest.approx(26.0), "the panel decides without asking the server"
    trial.hear("transition", 22.0 + step, now=22.0, **outline("b", "open", open_until=instant(52.0 + step)))
    assert trial.panel.cell("b").standing.open_until == pytest.approx(52.0)


@pytest.mark.parametrize("step", [-HOUR, HOUR])
def test_a_heartbeat_of_the_clock_after_a_step_may_arrive_before_the_resync(step: float) -> None:
    trial = Trial()
    cell = trial.panel.cell("a")
    trial.resync(10.0, outline("a", "open", open_until=instant(40.0)))
    trial.hear("heartbeat", 19.0 + step, now=19.0)
    stepped = outline("a", "open", open_until=instant(40.0 + step))
    trial.hear("resync", 20.0 + step, now=20.0, reason="clock_step", breakers=[stepped])
    assert cell.standing.open_until == pytest.approx(40.0)


@pytest.mark.parametrize("step", [-2 * HOUR, 2 * HOUR])
def test_the_opening_heartbeat_of_a_stream_outranks_an_old_resync_after_a_step(step: float) -> None:
    trial = Trial()
    cell = trial.panel.cell("a")
    trial.resync(10.0, outline("a", "open", open_until=instant(5_000.0)))
    trial.panel.begin()
    trial.panel.set_clock(EPOCH + 4_000.0 + step, 4_000.0)
    stepped = outline("a", "open", open_until=instant(5_000.0 + step))
    trial.hear("resync", 400.0 + step, now=4_000.0, reason="clock_step", breakers=[stepped])
    assert cell.standing.open_until == pytest.approx(5_000.0)


def test_a_step_after_the_opening_heartbeat_of_a_stream_is_followed() -> None:
    trial = Trial()
    cell = trial.panel.cell("a")
    trial.resync(10.0, outline("a", "open", open_until=instant(40.0)))
    trial.panel.begin()
    trial.panel.set_clock(EPOCH + 15.0, 15.0)
    stepped = outline("a", "open", open_until=instant(40.0 - HOUR))
    trial.hear("resync", 16.0 - HOUR, now=16.0, reason="clock_step", breakers=[stepped])
    assert cell.standing.open_until == pytest.approx(40.0)


def test_a_breaker_that_a_resync_does_not_name_does_not_exist() -> None:
    trial = Trial()
    a, b = trial.panel.cell("a"), trial.panel.cell("b")
    trial.resync(1.0, outline("a"), outline("b", "open"))
    assert (a.state, b.state) == ("closed", "open")
    trial.resync(2.0, outline("b"))
    assert (a.standing.state, a.state, b.standing.state) == (None, None, "closed")
    trial.hear("deleted", 3.0, name="b", state=None)
    assert (b.standing.state, b.state) == (None, None)


def test_a_later_cell_knows_the_earlier_events() -> None:
    trial = Trial()
    trial.resync(1.0, outline("a", "open", open_until=instant(50.0)))
    trial.hear("transition", 2.0, **outline("a", "half_open", generation=8))
    cell = trial.panel.cell("a")
    assert (cell.state, cell.standing.generation, cell.standing.permit) == ("half_open", 8, "8")
    assert trial.panel.cell("a") is cell


def test_the_panel_requests_the_policy_of_a_used_breaker_and_again_after_a_change() -> None:
    trial = Trial()
    cell = trial.panel.cell("a")
    trial.resync(1.0, outline("a"), outline("unused"))
    assert trial.wanted == [cell]
    cell.policy_known = 3
    trial.hear("transition", 2.0, **outline("a"))
    assert trial.wanted == [cell]
    trial.hear("policy", 3.0, **outline("a", policy_revision=4))
    assert trial.wanted == [cell, cell]


@pytest.mark.parametrize(
    ("mode", "expires_at", "now", "stands"),
    [
        ("force_open", None, 1e9, "force_open"),
        ("shadow", 60.0, 59.9, "shadow"),
        ("shadow", 60.0, 60.0, None),
    ],
)
def test_an_override_is_in_force_until_its_expiry(
    mode: str, expires_at: Optional[float], now: float, stands: Optional[str]
) -> None:
    trial = Trial()
    cell = trial.panel.cell("a")
    end = None if expires_at is None else instant(expires_at)
    trial.resync(1.0, outline("a", override={"mode": mode, "expires_at": end, "reason": "r", "actor": None}))
    assert cell.standing.mode(now) == stands
    assert cell.standing.override_rest(1.0) == (None if expires_at is None else pytest.approx(59.0))


@pytest.mark.parametrize(
    "line",
    [
        "",
        "x",
        "{}",
        "[]",
        '{"type":"resync","at":"2026-01-01T00:00:00.000Z"}',
        '{"type":"heartbeat","at":"x"}',
        '{"type":"heartbeat","at":"2026-01-01T00:00:00.000Z","id":"5-x"}',
        '{"type":"heartbeat","at":"2026-01-01T00:00:00.000Z","id":7}',
        '{"type":"heartbeat","at":"2026-01-01T00:00:00.000Z","id":"5e1f09c4-7&name=a"}',
    ],
)
def test_a_malformed_event_is_refused(line: str) -> None:
    with pytest.raises(ValueError):
        Event.read(line)


def test_the_position_has_an_epoch_if_the_server_sends_one() -> None:
    trial = Trial()
    assert trial.panel.position is None
    trial.resync(1.0, outline("a"))
    assert trial.panel.position == "1"
    trial.epoch = "5e1f09c4"
    trial.hear("heartbeat", 2.0)
    assert trial.panel.position == "5e1f09c4-2", "the server is replaced by one that sends epochs"
    trial.epoch = "0a0a0a0a"
    trial.resync(3.0, outline("a"))
    assert trial.panel.position == "0a0a0a0a-3"
    trial.epoch = None
    trial.resync(4.0, outline("a"))
    assert trial.panel.position == "4"


def test_a_stream_that_changes_its_epoch_is_refused() -> None:
    trial = Trial()
    trial.epoch = "5e1f09c4"
    trial.resync(1.0, outline("a"))
    trial.epoch = "0a0a0a0a"
    with pytest.raises(ValueError, match="continues with epoch 0a0a0a0a"):
        trial.hear("transition", 2.0, **outline("a", "open", generation=8))


@pytest.mark.parametrize("epochs", [("5e1f09c4", "0a0a0a0a"), (None, None)])
def test_a_resync_of_another_database_replaces_everything(epochs: tuple[Optional[str], Optional[str]]) -> None:
    trial = Trial()
    a, b, c = (trial.panel.cell(name) for name in "abc")
    trial.epoch, trial.revision = epochs[0], 50
    trial.resync(1.0, outline("a", "half_open", generation=7), outline("b", "open", generation=40))
    a.stand_in, a.policy_known, b.policy_known = StandIn(Policy(), 0.0), 3, 3
    c.decided(Decision(False, "open", None, 60.0, began=1.0))
    trial.epoch, trial.revision = epochs[1], 5
    told: list[tuple[Optional[str], str, Optional[int]]] = []
    trial.panel.listeners.append(lambda change: told.append((change.before, change.after, change.generation)))
    trial.wanted.clear()
    history = a.history
    trial.resync(2.0, outline("a", "half_open", generation=7), outline("b", generation=2))
    assert trial.panel.position == (f"{epochs[1]}-6" if epochs[1] else "6")
    assert a.standing.generation == 7 and a.stand_in is None, "an equal number in another epoch is another generation"
    assert (b.standing.generation, b.generation, b.standing.state) == (2, 2, "closed")
    assert (c.state, c.denied_until, c.generation) == (None, 0.0, None)
    assert told == [("open", "closed", 2)]
    assert (a.history, b.history, c.history) == (history + 1,) * 3
    assert trial.wanted == [a, b], "an equal revision in another epoch is another policy"


def test_a_resync_of_the_same_epoch_and_generation_keeps_the_local_breaker() -> None:
    trial = Trial()
    a = trial.panel.cell("a")
    trial.epoch = "5e1f09c4"
    trial.resync(1.0, outline("a", "half_open"))
    stand_in = a.stand_in = StandIn(Policy(), 0.0)
    trial.resync(2.0, outline("a", "half_open"))
    assert a.stand_in is stand_in


def test_an_answer_that_denies_without_an_end_stays_in_force() -> None:
    trial = Trial()
    cell = trial.panel.cell("a")
    trial.resync(1.0, outline("a"))
    cell.decided(Decision(False, "open", None, None, began=2.0, denied_in=8))
    assert (cell.standing.generation, cell.denied_until) == (8, math.inf)


def test_an_answer_to_an_earlier_request_changes_nothing() -> None:
    cell = Trial().panel.cell("a")
    asked = time.monotonic()
    cell.decided(Decision(False, "open", None, 60.0, began=asked, denied_in=8))
    denied_until = cell.denied_until
    cell.decided(Decision(True, "closed", "7", None, began=asked))
    assert (cell.generation, cell.denied_until, cell.heard_state, cell.state) == (8, denied_until, "open", "open")
    cell.decided(Decision(True, "closed", "7", None, began=time.monotonic()))
    assert (cell.generation, cell.denied_until, cell.heard_state) == (7, 0.0, "closed"), (
        "the answer is from another database"
    )


def test_the_first_stream_does_not_discard_the_earlier_answers() -> None:
    trial = Trial()
    cell = trial.panel.cell("a")
    cell.decided(Decision(True, "closed", "7", None, began=1.0))
    history = cell.history
    trial.epoch = "5e1f09c4"
    trial.resync(2.0, outline("a"))
    assert cell.history == history
