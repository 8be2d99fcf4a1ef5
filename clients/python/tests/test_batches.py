"""The client sends outcomes every 50 ms, after every hundred, and at once for a failure."""

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
    """Reports outcomes one by one; only their number or a failure makes the client send them."""

    def __init__(self, server: Doubtful, fb: Fusebox) -> None:
        self.server, self.fb = server, fb
        self.payments: Breaker = fb.breaker("payments")
        self.decision = self.payments.acquire()
        self.payments.report("failure", self.decision)
        assert fb.flush(30)
        eventually("the sender is idle", lambda: self.is_in("_park"))
        server.asked.clear()

    def begin(self) -> None:
        """Reports the first success, after which the sender waits for more outcomes."""
        self.payments.report("success", self.decision)
        eventually("the sender waits for more outcomes", lambda: self.is_in("_wait_for_more"))

    def is_in(self, function: str) -> bool:
        """Returns whether the sender's thread waits in that function."""
        thread = self.fb._authority.sender._thread
        frame = None if thread is None or thread.ident is None else sys._current_frames().get(thread.ident)
        return (
            frame is not None
            and frame.f_code.co_name == "wait"
            and frame.f_back is not None
            and frame.f_back.f_code.co_name == function
        )

    def outcomes(self) -> list[int]:
        """Returns the number of outcomes in each request."""
        return [sum(item.get("count", 1) for item in body["reports"]) for body in self.server.asked_for("/v1/reports")]


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> Iterator[Patient]:
    monkeypatch.setattr("fusebox.sender.GATHERING", 1_000.0)
    with Doubtful(answering) as server, Fusebox(server.url) as fb:
        yield Patient(server, fb)


def test_the_interval_and_the_batch_size_are_as_documented() -> None:
    assert (GATHERING, ENOUGH) == (0.05, 100)


def test_the_hundredth_outcome_sends_all_of_them(patient: Patient) -> None:
    patient.begin()
    for _ in range(ENOUGH - 1):
        patient.payments.report("success", patient.decision)
    eventually("the outcomes are sent", patient.outcomes)
    assert patient.outcomes() == [ENOUGH]


def test_a_failure_sends_all_waiting_outcomes(patient: Patient) -> None:
    patient.begin()
    patient.payments.report("failure", patient.decision)
    eventually("the outcomes are sent", patient.outcomes)
    assert patient.outcomes() == [2]


def test_a_single_success_is_sent_after_the_interval() -> None:
    with Doubtful(answering) as server, Fusebox(server.url) as fb:
        patient = Patient(server, fb)
        patient.payments.report("success", patient.decision)
        eventually("the outcome is sent", patient.outcomes)
        assert patient.outcomes() == [1]
