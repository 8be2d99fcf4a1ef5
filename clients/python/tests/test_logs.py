"""Text from the network or from a caller in the messages that the package logs."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable
from typing import Any, Optional

import pytest
from doubtful import Doubtful, answer
from server import eventually

from fusebox import CachedFallback, Fusebox
from fusebox.link import Away, Refused
from fusebox.logs import log, printable
from fusebox.names import shared_name
from fusebox.orders import OrderFailed
from fusebox.outbox import Outbox
from fusebox.outcomes import Item
from fusebox.panel import Panel
from fusebox.pybreaker import CircuitBreaker
from fusebox.reachability import Reachability

#: A line break, a terminal sequence, a change of the direction of text, and a line break of some readers.
TEXTS = ["\n", "\x1b[31m", "\u202e", "\u2028", "\x00", "\x85", "\ud800"]


def a_reason_to_be_unreachable(text: str) -> None:
    Reachability("local", 0.05).failed(f"a{text}z", time.monotonic())


def a_refusal_to_decide(text: str) -> None:
    Reachability("local", 0.05).refused("payments", Refused(403, f"a{text}z", "no"), time.monotonic())


def a_refused_outcome(text: str) -> None:
    outbox = Outbox(10)
    cell = Panel(5.0, lambda cell: None).cell("payments")
    outbox.refuse(Item(cell, "success", None, None, 0.0, "1"), "forbidden", f"a{text}z")


def refused_outcomes(text: str) -> None:
    Outbox(10).hold([], Refused(401, "unauthorized", f"a{text}z"))


def a_changed_name(text: str) -> None:
    shared_name(f"a{text}z")


def a_store_that_fails(text: str) -> None:
    class Broken:
        blocks = False

        def get(self, key: str) -> None:
            raise Shown(text)

        def put(self, key: str, cached: Any, ttl: float) -> None:
            raise Shown(text)

    CachedFallback(Broken())._put("key", 1)


class Shown(Exception):
    """An exception whose own ``repr`` is not escaped."""

    def __repr__(self) -> str:
        return f"a{self.args[0]}z"


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize(
    "happens",
    [
        a_reason_to_be_unreachable,
        a_refusal_to_decide,
        a_refused_outcome,
        refused_outcomes,
        a_changed_name,
        a_store_that_fails,
    ],
)
def test_a_message_has_an_escape_for_each_character_that_is_not_printable(
    happens: Callable[[str], None], text: str, caplog: pytest.LogCaptureFixture
) -> None:
    happens(text)
    (message,) = [record.getMessage() for record in caplog.records]
    assert message.isprintable()
    assert f"a{printable(text)}z" in message


@pytest.mark.parametrize("text", TEXTS)
def test_a_servers_texts_are_printable_in_messages_and_exceptions(text: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "fusebox")

    def answering(path: str, body: Any) -> Optional[list[bytes]]:
        if path.startswith("/v1/events"):
            line = json.dumps({"type": f"a{text}z"}, ensure_ascii=False).encode("utf-8", "replace")
            return [b"HTTP/1.1 200 OK\r\n\r\n", line + b"\n"]
        return answer({"code": f"c{text}z", "detail": f"a{text}z"}, 403)

    with Doubtful(answering) as server, Fusebox(server.url, timeout=5.0) as fusebox:
        circuit = CircuitBreaker(name="payments", fusebox=fusebox)
        with pytest.raises(OrderFailed) as failed:
            circuit.close()
        circuit.call(int)
        eventually("the stream is refused", lambda: "cannot be followed" in caplog.text)
    assert str(failed.value) == f"a{printable(text)}z (403 c{printable(text)}z)"
    messages = [record.getMessage() for record in caplog.records if record.name == "fusebox"]
    assert any(f"a{printable(text)}z (403 c{printable(text)}z)" in message for message in messages)
    assert [message for message in messages if not message.isprintable()] == []


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("payments", "payments"),
        ("Zahlung für 5 €, 支付", "Zahlung für 5 €, 支付"),
        ("C:\\n", "C:\\n"),
        ("a\nb\tc", "a\\nb\\tc"),
        ("\x1b[31m\u202e\u2028\ud800", "\\x1b[31m\\u202e\\u2028\\ud800"),
        ("\U000e0001", "\\U000e0001"),
    ],
)
def test_only_characters_that_are_not_printable_have_an_escape(text: str, shown: str) -> None:
    assert printable(text) == shown


def test_numbers_keep_their_format(caplog: pytest.LogCaptureFixture) -> None:
    log.warning("%.2f s, %d calls, %s", 1.5, 7, Away("a\nz"))
    assert caplog.messages == ["1.50 s, 7 calls, a\\nz"]
