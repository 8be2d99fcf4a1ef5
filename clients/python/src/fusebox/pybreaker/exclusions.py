"""The exceptions that are no fault of the downstream."""

from __future__ import annotations

import concurrent.futures
from collections.abc import Callable, Iterable
from typing import Any, Optional, Union

#: A class of exceptions, or a function that says of an exception whether it is excluded.
Exclusion = Union[type[BaseException], Callable[[Any], bool]]


class Exclusions:
    def __init__(self, exclude: Optional[Iterable[Exclusion]] = None) -> None:
        self._all: tuple[Exclusion, ...] = tuple(exclude or ())

    @property
    def excluded_exceptions(self) -> tuple[Exclusion, ...]:
        return self._all

    def add_excluded_exception(self, exception: Exclusion) -> None:
        self._all = (*self._all, exception)

    def add_excluded_exceptions(self, *exceptions: Exclusion) -> None:
        self._all = (*self._all, *exceptions)

    def remove_excluded_exception(self, exception: Exclusion) -> None:
        """Raises ``ValueError`` where it is not excluded."""
        rest = list(self._all)
        rest.remove(exception)
        self._all = tuple(rest)

    def is_system_error(self, exception: BaseException) -> bool:
        """Whether ``exception`` counts as a failure. One that is excluded counts as a success, as in PyBreaker."""
        for exclusion in self._all:
            if isinstance(exclusion, type):
                if isinstance(exception, exclusion):
                    return False
            elif exclusion(exception):
                return False
        return True


def ends_from_outside(error: BaseException) -> bool:
    """Whether ``error`` says nothing of the call: a cancellation, an interrupt, the end of the process."""
    return not isinstance(error, Exception) or isinstance(error, concurrent.futures.CancelledError)
