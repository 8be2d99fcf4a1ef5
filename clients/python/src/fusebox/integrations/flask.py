"""Flask: 503 where a breaker denies."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Optional, TypeVar, Union, cast

from flask import (
    Blueprint,
    Flask,
    Response,
    after_this_request,
    current_app,
    g,
    got_request_exception,
    jsonify,
    request,
)
from werkzeug.exceptions import HTTPException

from ..breaker import Breaker
from ..calls import Call
from ..errors import BreakerOpen
from .answering import Answering
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


def guarded(breaker: Breaker) -> Callable[[View], View]:
    """Below ``@app.route``: a view that is one call of ``breaker``.

    The call ends with the answer. One of 500 or above is a failure, raised or returned; the caller's errors (4xx, also
    by an error's handler, a client that does not read its answer to the end) are ignored.
    """

    def decorate(view: View) -> View:
        @functools.wraps(view)
        def guarded_view(*args: Any, **kwargs: Any) -> Any:
            answering = Answering(Call(breaker).__enter__(), HTTPException)
            g.setdefault(_OPEN, []).append(answering)
            after_this_request(functools.partial(_answered, answering))
            try:
                return current_app.ensure_sync(view)(*args, **kwargs)
            except BaseException as error:
                answering.error = error
                if not isinstance(error, Exception):
                    answering.end()  # Flask answers nothing to it.
                raise

        return cast("View", guarded_view)

    return decorate


_OPEN = "_fusebox_open"
#: Their bodies are not sent, whatever the view gave.
_WITHOUT_BODY = (204, 304)


def _answered(answering: Answering, response: Response) -> Response:
    if answering not in g.get(_OPEN, []):
        return response
    answering.status = response.status_code
    if response.is_streamed and not response.direct_passthrough:
        answering.has_left = request.method != "HEAD" and response.status_code not in _WITHOUT_BODY
        response.response = _Body(response.response, answering)
    else:
        answering.end()
    return response


class _Body:
    """The body of an answer, which ends its call when it is closed."""

    def __init__(self, body: Iterable[Any], answering: Answering) -> None:
        self._body = body
        self._answering = answering

    def __iter__(self) -> Iterator[Any]:
        try:
            yield from self._body
            self._answering.has_left = False
        except Exception as error:
            self._answering.error = error
            raise

    def close(self) -> None:
        close = getattr(self._body, "close", None)
        try:
            if close is not None:
                close()
        finally:
            self._answering.end()


@got_request_exception.connect
def _unanswered(app: Flask, **_: Any) -> None:
    """What no handler answers: Flask may raise it to the server, as it does in tests, and then answers nothing."""
    for answering in g.pop(_OPEN, []):
        answering.end()
