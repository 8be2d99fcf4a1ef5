"""When outcomes are sent: every 50 ms, every hundred, and failures at once."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

import pytest
from doubtful import CLOSED, POLICY, Answer, Doubtful, accepted, answer
from server import eventually

from fusebox import Breaker, Fusebox
from fusebox.sender import ENOUGH, GATHERING


def answering(path: str, body: Any) -> Answer:
    if path == "/v1/reports":
        return accepted(body)
    return answer(CLOSED if path.endswith("/acquire") else POLICY)


class Patient:
    """Calls one by one, of outcomes that nothing but their number or their kind sends."""

    def __init__(self, server: Doubtful, fb: Fusebox) -> None:
        self.server, self.fb = server, fb
        self.payments: Breaker = fb.breaker("payments")
        self.decision = self.payments.acquire()
        self.payments.report("failure", self.decision)
        assert fb.flush(30)
        eventually("there is nothing to do", lambda: self.is_in("_park"))
        server.asked.clear()

    def begin(self) -> None:
        """The first success, behind which the others gather."""
        self.payments.report("success", self.decision)
        eventually("it waits for more", lambda: self.is_in("_wait_for_more"))

    def is_in(self, function: str) -> bool:
        """Whether the thread that sends waits there."""
        thread = self.fb._authority.sender._thread
        frame = None if thread is None or thread.ident is None else sys._current_frames().get(thread.ident)
        return (
            frame is not None
            and frame.f_code.co_name == "wait"
            and frame.f_back is not None
            and frame.f_back.f_code.co_name == function
        )

    def outcomes(self) -> list[int]:
        """How many each request brought."""
        return [sum(item.get("count", 1) for item in body["reports"]) for body in self.server.asked_for("/v1/reports")]


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> Iterator[Patient]:
    monkeypatch.setattr("fusebox.sender.GATHERING", 1_000.0)
    with Doubtful(answering) as server, Fusebox(server.url) as fb:
        yield Patient(server, fb)


def test_the_numbers_are_those_that_are_documented() -> None:
    assert (GATHERING, ENOUGH) == (0.05, 100)


def test_the_hundredth_sends_all(patient: Patient) -> None:
    patient.begin()
    for _ in range(ENOUGH - 1):
        patient.payments.report("success", patient.decision)
    eventually("they are sent", patient.outcomes)
    assert patient.outcomes() == [ENOUGH]


def test_a_failure_sends_all(patient: Patient) -> None:
    patient.begin()
    patient.payments.report("failure", patient.decision)
    eventually("they are sent", patient.outcomes)
    assert patient.outcomes() == [2]


def test_what_is_not_enough_is_sent_all_the_same() -> None:
    with Doubtful(answering) as server, Fusebox(server.url) as fb:
        patient = Patient(server, fb)
        patient.payments.report("success", patient.decision)
        eventually("it is sent", patient.outcomes)
        assert patient.outcomes() == [1]
