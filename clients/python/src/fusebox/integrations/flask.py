"""Flask: responds with 503 if a breaker denies."""

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
    """Makes ``app`` respond with 503, ``Retry-After`` and a JSON body to a request that raises ``BreakerOpen``.

    Args:
        message: the message in the body; by default it names the breaker.
    """

    @app.errorhandler(BreakerOpen)
    def unavailable(error: BreakerOpen) -> Response:
        response = jsonify(body_of(error, message))
        response.status_code = STATUS
        response.headers.update(headers_of(error))
        return response


def available(*breakers: Breaker) -> Callable[[View], View]:
    """A decorator below ``@app.route``: the view does not run if one of these breakers would deny a call.

    It decides by the state that this process knows, sends no request, and takes no probe from the calls in the view.
    """

    def decorate(view: View) -> View:
        @functools.wraps(view)
        def checked(*args: Any, **kwargs: Any) -> Any:
            check(breakers)
            return view(*args, **kwargs)

        return cast("View", checked)

    return decorate


def guarded(breaker: Breaker) -> Callable[[View], View]:
    """A decorator below ``@app.route`` that makes the view one call of ``breaker``.

    The call ends with the response. A response of 500 or above is a failure, raised or returned. The caller's errors
    are ignored: 4xx, also from an error handler, and a client that does not read the response to its end.
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
                    answering.end()  # Flask makes no response to it.
                raise

        return cast("View", guarded_view)

    return decorate


_OPEN = "_fusebox_open"
#: The statuses whose responses have no body, whatever the view returns.
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
    """The body of a response. It ends the call when it is closed."""

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
    """Ends the calls of a request whose exception no handler took.

    Flask may raise such an exception to the server, as it does in tests, and then makes no response.
    """
    for answering in g.pop(_OPEN, []):
        answering.end()
