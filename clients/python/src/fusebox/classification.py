"""Decides which exceptions and results count as failures of the downstream."""

from __future__ import annotations

import concurrent.futures
from collections.abc import Callable
from typing import Optional, Union

from .decision import Outcome
from .deferred import UnjudgedResult
from .errors import BreakerOpen
from .faults import of_downstream
from .functions import check_function
from .groups import held_by, is_group_class
from .kinds import LONGEST, kind_of, kind_of_result

#: Classes of exceptions, or a function that returns whether an exception counts.
Exceptions = Union[type[BaseException], tuple[type[BaseException], ...], Callable[[BaseException], bool]]
#: A function that returns whether a result is a failure; a word instead of ``True`` is its kind.
Failed = Callable[..., Union[bool, str, None]]


class Classification:
    """Turns the exception or the result of a call into an outcome.

    Args:
        failures: the exceptions that count as failures: by default every ``Exception`` that is not known to be the
            caller's fault.
        ignore: exceptions that do not count as failures, even if ``failures`` names them: a caller's bad request, say.
        failed: a function of a returned result that returns whether it is a failure.

    An exception that is no failure is ``ignored``, because it says nothing about the downstream. An exception that ends
    a call from outside (``KeyboardInterrupt``, ``SystemExit``, ``GeneratorExit``, a cancellation) is always
    ``ignored``. So is the denial of another breaker within the call, unless ``failures`` names ``BreakerOpen``. A group
    of exceptions is a failure if it contains a failure, unless ``failures`` or ``ignore`` names the group's own class.
    """

    __slots__ = ("_failing_groups", "_failures", "_ignore", "_ignored_groups", "failed")

    def __init__(
        self,
        failures: Exceptions = of_downstream,
        ignore: Exceptions = (),
        failed: Optional[Failed] = None,
    ) -> None:
        self._failures = _predicate("failures", failures)
        self._ignore = _predicate("ignore", ignore)
        self._failing_groups, self._ignored_groups = _groups_in(failures), _groups_in(ignore)
        if failed is not None:
            check_function("failed must be a function of the result", failed)
        self.failed = failed
        if failures is Exception or failures == (Exception,):
            self._failures = _is_plain_failure

    def ignores(self, error: BaseException) -> bool:
        """Whether ``ignore`` names this exception."""
        return self._ignore(error)

    def of_error(self, error: BaseException) -> tuple[Outcome, Optional[str]]:
        """The outcome of a call that raised ``error``, and the kind of a failure."""
        if is_group_class(type(error)):
            return self._of_group(error)
        if not isinstance(error, Exception) or isinstance(error, (concurrent.futures.CancelledError, UnjudgedResult)):
            return "ignored", None
        if self._ignore(error) or not self._failures(error):
            return "ignored", None
        return "failure", kind_of(error)

    def _of_group(self, group: BaseException) -> tuple[Outcome, Optional[str]]:
        if isinstance(group, self._ignored_groups):
            return "ignored", None
        if isinstance(group, self._failing_groups):
            return "failure", kind_of(group)
        outcomes = (self.of_error(error) for error in held_by(group))
        return next((each for each in outcomes if each[0] == "failure"), ("ignored", None))

    def of_result(self, result: object) -> tuple[Outcome, Optional[str]]:
        """The outcome of a call that returned ``result``, and the kind of a failure."""
        verdict = self.failed(result) if self.failed is not None else False
        if not verdict:
            return "success", None
        return "failure", verdict[:LONGEST] if isinstance(verdict, str) else kind_of_result(result)


def _is_plain_failure(error: BaseException) -> bool:
    return not isinstance(error, BreakerOpen)


def _groups_in(exceptions: Exceptions) -> tuple[type[BaseException], ...]:
    classes = exceptions if isinstance(exceptions, tuple) else (exceptions,)
    return tuple(each for each in classes if isinstance(each, type) and is_group_class(each))


def _predicate(option: str, exceptions: Exceptions) -> Callable[[BaseException], bool]:
    if isinstance(exceptions, type):
        exceptions = (exceptions,)
    if isinstance(exceptions, tuple):
        for one in exceptions:
            if not (isinstance(one, type) and issubclass(one, BaseException)):
                raise TypeError(f"{option} must name classes of exceptions, not {one!r}")
        classes = exceptions
        return lambda error: isinstance(error, classes)
    check_function(f"{option} must be a class of exceptions, a tuple of them, or a function", exceptions)
    return exceptions
