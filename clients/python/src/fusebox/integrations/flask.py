"""Flask: 503 where a breaker denies."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, Optional, TypeVar, Union, cast

from flask import Blueprint, Flask, Response, jsonify

from ..breaker import Breaker
from ..errors import BreakerOpen
from .unavailable import STATUS, body_of, check, headers_of

View = TypeVar("View", bound="Callable[..., Any]")


def install(app: Union[Flask, Blueprint], message: Optional[str] = None) -> None:
    """Has ``app`` answer 503 to what ends in ``BreakerOpen``, with ``Retry-After`` and a JSON body.

    Args:
        message: what the body says to the client; by default which breaker it is.
    """

    @app.errorhandler(BreakerOpen)
    def unavailable(error: BreakerOpen) -> Response:
        response = jsonify(body_of(error, message))
        response.status_code = STATUS
        response.headers.update(headers_of(error))
        return response


def available(*breakers: Breaker) -> Callable[[View], View]:
    """Below ``@app.route``: a view that is not begun where a call of one of these breakers would be denied.

    It decides by what this process knows, asks nobody, and takes no probe from the calls in the view.
    """

    def decorate(view: View) -> View:
        @functools.wraps(view)
        def checked(*args: Any, **kwargs: Any) -> Any:
            check(breakers)
            return view(*args, **kwargs)

        return cast("View", checked)

    return decorate
