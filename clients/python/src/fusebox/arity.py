"""Checks whether a function can be called with the arguments of another."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Optional

_Parameter = inspect.Parameter
#: How many combinations of arguments are remembered; others are checked each time.
_SHAPES = 1_000


class Arity:
    """The arguments that ``function`` takes. If it has no signature, as some functions in C, any arguments pass.

    Args:
        role: the role of ``function``, for messages.
    """

    def __init__(self, function: Callable[..., Any], role: str) -> None:
        self._name = f"{role} {getattr(function, '__qualname__', repr(function))}"
        self._signature = _signature(function)
        #: Whether ``function`` has a parameter ``error`` that can be passed by name.
        self.has_error = self._signature is not None and any(
            each.name == "error" and each.kind in (_Parameter.POSITIONAL_OR_KEYWORD, _Parameter.KEYWORD_ONLY)
            for each in self._signature.parameters.values()
        )
        self._known: set[tuple[int, tuple[str, ...]]] = set()

    def check(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> None:
        """
        Raises:
            TypeError: the function cannot be called with these arguments.
        """
        shape = len(args), tuple(kwargs)
        if shape not in self._known:
            self._bind(args, kwargs, "with the arguments of this call")
            if len(self._known) < _SHAPES:
                self._known.add(shape)

    def check_all(self, function: Callable[..., Any]) -> None:
        """
        Raises:
            TypeError: ``function`` can be called with arguments that this one does not take. Only its shortest and its
                longest call are checked.
        """
        for args, kwargs in _shortest_and_longest(function):
            self._bind(args, kwargs, f"as {getattr(function, '__qualname__', repr(function))} can")

    def _bind(self, args: tuple[Any, ...], kwargs: Mapping[str, Any], how: str) -> None:
        if self._signature is None:
            return
        try:
            self._signature.bind(*args, **kwargs, **({"error": None} if self.has_error else {}))
        except TypeError as reason:
            raise TypeError(f"the {self._name} cannot be called {how}: {reason}") from None


def _signature(function: Callable[..., Any]) -> Optional[inspect.Signature]:
    try:
        return inspect.signature(function)
    except (TypeError, ValueError):
        return None


def _shortest_and_longest(function: Callable[..., Any]) -> Iterator[tuple[tuple[Any, ...], dict[str, Any]]]:
    """The arguments of the shortest and of the longest call of ``function``; none if it has ``*args``."""
    signature = _signature(function)
    parameters = [] if signature is None else list(signature.parameters.values())
    if signature is None or any(each.kind is _Parameter.VAR_POSITIONAL for each in parameters):
        return
    for needed_only in (True, False):
        taken = [each for each in parameters if not needed_only or each.default is _Parameter.empty]
        args = tuple(
            None for each in taken if each.kind in (_Parameter.POSITIONAL_ONLY, _Parameter.POSITIONAL_OR_KEYWORD)
        )
        yield args, {each.name: None for each in taken if each.kind is _Parameter.KEYWORD_ONLY}
