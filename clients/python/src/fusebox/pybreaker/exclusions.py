"""The exceptions that are excluded from failures."""

from __future__ import annotations

import concurrent.futures
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Optional, Union

from ..deferred import UnjudgedResult
from ..functions import check_function
from ..groups import held_by, is_group_class

#: A class of exceptions, or a function of an exception that returns whether it is excluded.
Exclusion = Union[type[BaseException], Callable[[Any], bool]]


class Exclusions:
    def __init__(self, exclude: Optional[Iterable[Exclusion]] = None) -> None:
        self._all: tuple[Exclusion, ...] = ()
        self.add_excluded_exceptions(*(exclude or ()))

    @property
    def excluded_exceptions(self) -> tuple[Exclusion, ...]:
        return self._all

    def add_excluded_exception(self, exception: Exclusion) -> None:
        self.add_excluded_exceptions(exception)

    def add_excluded_exceptions(self, *exceptions: Exclusion) -> None:
        for each in exceptions:
            check_function("only a class of exceptions or a function of one can be excluded", each)
        self._all = (*self._all, *exceptions)

    def remove_excluded_exception(self, exception: Exclusion) -> None:
        """
        Raises:
            ValueError: ``exception`` is not excluded.
        """
        rest = list(self._all)
        rest.remove(exception)
        self._all = tuple(rest)

    def is_system_error(self, exception: BaseException) -> bool:
        """Whether ``exception`` counts as a failure. An excluded one counts as a success, as in PyBreaker.

        A group of exceptions is excluded if all exceptions in it are, or if its own class is.
        """
        if not is_group_class(type(exception)):
            return not self._is_excluded(exception)
        return not self._is_excluded_by_class(exception) and any(True for _ in self._failures_in(exception))

    def fault_in(self, exception: BaseException) -> BaseException:
        """The first exception in a group that is a failure; ``exception`` itself if none is, or if it is no group."""
        return next(self._failures_in(exception), exception)

    def _failures_in(self, group: BaseException) -> Iterator[BaseException]:
        return (each for each in held_by(group) if not ends_from_outside(each) and not self._is_excluded(each))

    def _is_excluded_by_class(self, group: BaseException) -> bool:
        return any(isinstance(each, type) and is_group_class(each) and isinstance(group, each) for each in self._all)

    def _is_excluded(self, exception: BaseException) -> bool:
        for exclusion in self._all:
            if isinstance(exclusion, type):
                if isinstance(exception, exclusion):
                    return True
            elif exclusion(exception):
                return True
        return False


def ends_from_outside(error: BaseException) -> bool:
    """Whether ``error`` has ended the call from outside: a cancellation, an interrupt, the end of the process."""
    if is_group_class(type(error)):
        return all(ends_from_outside(each) for each in held_by(error))
    return not isinstance(error, Exception) or isinstance(error, (concurrent.futures.CancelledError, UnjudgedResult))
