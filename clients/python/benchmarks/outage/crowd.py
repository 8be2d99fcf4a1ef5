"""Customers: each checks out, waits a little, and comes again, by a connection of its own each time."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from time import monotonic
from typing import Any, NamedTuple

import httpx

#: Seconds between an answer and the next request of a customer, on average.
PAUSE = 0.1
PATIENCE = 120.0


class Answer(NamedTuple):
    at: float
    #: Seconds.
    took: float
    status: int
    process: str
    body: Any


class Crowd:
    def __init__(self, url: str, customers: int) -> None:
        self.answers: list[Answer] = []
        self._is_closing_time = False
        self._url = url
        self._client = httpx.AsyncClient(timeout=60, headers={"connection": "close"}, limits=httpx.Limits())
        self._customers = [asyncio.create_task(self._shop()) for _ in range(customers)]

    async def _shop(self) -> None:
        while not self._is_closing_time:
            await asyncio.sleep(random.uniform(0.0, 2 * PAUSE))
            began = monotonic()
            response = await self._client.post(f"{self._url}/checkout")
            at = monotonic()
            process = response.headers.get("x-process", "")
            self.answers.append(Answer(at, at - began, response.status_code, process, response.json()))

    def since(self, at: float, status: int) -> list[Answer]:
        """Answers to requests that began then or later."""
        return [answer for answer in self.answers if answer.at - answer.took >= at and answer.status == status]

    def processes(self, at: float, status: int) -> set[str]:
        return {answer.process for answer in self.since(at, status)}

    async def until(self, what: str, condition: Callable[[], bool]) -> float:
        """When ``condition`` held, as seen by the customers."""
        end = monotonic() + PATIENCE
        while not condition():
            for customer in self._customers:
                if customer.done():
                    customer.result()
            if monotonic() > end:
                raise RuntimeError(f"not within {PATIENCE} s: {what}")
            await asyncio.sleep(0.01)
        return monotonic()

    async def finish(self) -> None:
        """Lets each have the answer to what it asked for last, and has none ask for more."""
        self._is_closing_time = True
        await asyncio.gather(*self._customers)

    async def go_home(self) -> None:
        for customer in self._customers:
            customer.cancel()
        await asyncio.gather(*self._customers, return_exceptions=True)
        await self._client.aclose()
