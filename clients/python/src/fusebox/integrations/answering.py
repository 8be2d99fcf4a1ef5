"""Judges a route that is one call by its response, and by the exception that ends it."""

from __future__ import annotations

from typing import Optional

from ..calls import Call
from ..faults import status_of


class Answering:
    """A call that ends with the response to a request.

    The caller's errors are ignored: responses from 400 to 499, and a client that leaves before the end. Responses of
    500 and above are failures. The breaker judges any other exception, unless the response to it is 4xx.

    Args:
        answers: the class of exceptions that have a status, with which the framework responds.
        callers: exceptions that are always the caller's fault.
    """

    def __init__(self, call: Call, answers: type[Exception], callers: tuple[type[BaseException], ...] = ()) -> None:
        self.call = call
        self.status: Optional[int] = None
        self.error: Optional[BaseException] = None
        #: Whether the client left before the end of the response.
        self.has_left = False
        self._is_over = False
        self._answers = answers
        self._callers = callers

    def _judge(self) -> Optional[BaseException]:
        """Sets how the call counts, unless the route has done so; returns the exception for the breaker to judge."""
        status, error = self.status, self.error
        if self.call.is_judged:
            return None
        if isinstance(error, self._answers) and not self.call.breaker.ignores(error):
            status = status_of(error)
        elif isinstance(error, self._callers) or (error is None and self.has_left):
            status = 400
        elif error is not None and not (status is not None and 400 <= status < 500):
            return error
        if status is not None and status >= 400:
            if status >= 500:
                self.call.fail(f"http_{status}")
            elif not self.call.has_failed_within:
                self.call.ignore()
        return None

    def end(self) -> None:
        """Ends the call, unless it has ended."""
        if self._is_over:
            return
        self._is_over = True
        error = self._judge()
        self.call.__exit__(None if error is None else type(error), error, None)

    async def end_async(self) -> None:
        if self._is_over:
            return
        self._is_over = True
        error = self._judge()
        await self.call.__aexit__(None if error is None else type(error), error, None)
