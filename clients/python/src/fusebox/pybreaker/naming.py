"""Names a circuit breaker after the variable to which it is assigned, if it has no other name."""

from __future__ import annotations

import ast
import linecache
import os
from collections.abc import Iterable, Iterator
from types import FrameType
from typing import Optional

_MODULE_LEVEL = "<module>"


def name_of_variable(frame: Optional[FrameType]) -> str:
    """``shop.db_breaker`` for an object created by ``db_breaker = …`` in the module ``shop``, in each process.

    Raises:
        ValueError: there is no such variable: in a function, in a list, in a loop, or without the source.
    """
    variable = None if frame is None or frame.f_code.co_name != _MODULE_LEVEL else _variable(frame)
    if frame is None or variable is None:
        raise ValueError("name must be given: it identifies the breaker, and no module variable here gives it a name")
    module = frame.f_globals.get("__name__") or _MODULE_LEVEL
    if module == "__main__":
        module = os.path.splitext(os.path.basename(frame.f_code.co_filename))[0]
    return f"{module}.{variable}"


def _variable(frame: FrameType) -> Optional[str]:
    """The variable that the statement of the frame's line sets: one variable, set to the result of one call."""
    lines = linecache.getlines(frame.f_code.co_filename, frame.f_globals)
    try:
        statements = ast.parse("".join(lines)).body
    except SyntaxError:
        return None
    for statement in _outside_loops(statements):
        if isinstance(statement, ast.Assign) and len(statement.targets) == 1:
            target = statement.targets[0]
        elif isinstance(statement, ast.AnnAssign):
            target = statement.target
        else:
            continue
        is_here = statement.lineno <= frame.f_lineno <= (statement.end_lineno or statement.lineno)
        if is_here and isinstance(target, ast.Name) and isinstance(statement.value, ast.Call):
            return target.id
    return None


def _outside_loops(statements: Iterable[ast.stmt]) -> Iterator[ast.stmt]:
    for statement in statements:
        yield statement
        if isinstance(statement, (ast.If, ast.With, ast.Try)):
            for block in ("body", "orelse", "finalbody"):
                yield from _outside_loops(getattr(statement, block, ()))
            for handler in getattr(statement, "handlers", ()):
                yield from _outside_loops(handler.body)
