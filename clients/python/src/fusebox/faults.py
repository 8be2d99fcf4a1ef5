"""Tells the downstream's faults from the caller's, by the library of an exception. Imports none of them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Optional, Union

#: ``False``: the caller's fault. ``True``: the downstream's. A word: the downstream's, and the kind. An exception: that
#: one is judged instead.
Verdict = Union[bool, str, BaseException]


def of_downstream(error: BaseException) -> bool:
    """Whether ``error`` says that the downstream is at fault. It does unless a rule of its library, or the status of a
    response from 400 to 499, says otherwise."""
    return judged(error)[1] is not False


def judged(error: BaseException) -> tuple[BaseException, Union[bool, str]]:
    """The exception that says what happened, ``error`` or one that it wraps, and the verdict on it."""
    for _ in range(_DEEPEST):
        verdict = _verdict(error)
        if not isinstance(verdict, BaseException):
            return error, verdict
        error = verdict
    return error, True


def status_of(error: BaseException) -> Optional[int]:
    """Of the HTTP response that an exception stands for; ``None`` where it stands for none."""
    response = attribute(error, "response")
    status = None if response is None else status_of_response(response)
    return status_of_response(error) if status is None else status


def status_of_response(thing: object) -> Optional[int]:
    """httpx, requests, aiohttp and urllib each have their own name for it."""
    for name in ("status_code", "status", "code"):
        status = attribute(thing, name)
        if isinstance(status, int) and 100 <= status < 600:
            return int(status)
    return None


def attribute(thing: object, name: str) -> Any:
    """Whatever a stranger's object does when it is asked, the call's own exception is what its caller has to see."""
    try:
        return getattr(thing, name, None)
    except Exception:
        return None


def _verdict(error: BaseException) -> Verdict:
    rule = _rule(type(error))
    if rule is None:
        status = status_of(error)
        return status is None or not 400 <= status < 500
    return rule(error) if callable(rule) else rule


def _rule(kind: type[BaseException]) -> Optional[Rule]:
    for base in kind.__mro__:
        rule = _RULES.get(f"{base.__module__.partition('.')[0]}.{base.__name__}")
        if rule is not None:
            return rule
    return None


def _inner(error: object, otherwise: bool) -> Verdict:
    """The verdict on an exception of a library that is known; ``otherwise`` where there is none."""
    return error if isinstance(error, BaseException) and _rule(type(error)) is not None else otherwise


def _by_wrapped(name: str, otherwise: bool = True) -> Callable[[BaseException], Verdict]:
    """Judges the exception that this attribute holds; ``otherwise`` if it holds none."""

    def rule(error: BaseException) -> Verdict:
        wrapped = attribute(error, name)
        return wrapped if isinstance(wrapped, BaseException) else otherwise

    return rule


def _by_argument(error: BaseException) -> Verdict:
    """requests wraps what urllib3 raises."""
    return _inner(error.args[0] if error.args else None, True)


def _by_responses(error: BaseException) -> Verdict:
    """urllib3 says so of responses that its ``Retry(status_forcelist=…)`` names."""
    found = re.search(r"too many (\d{3}) error responses", str(error))
    if found is None:
        return True
    return f"http_{found[1]}" if int(found[1]) >= 500 else False


def _by_answer(error: BaseException) -> Verdict:
    """Of an exception that a web framework makes an answer of."""
    status = status_of(error)
    return status is None or status >= 500


def _by_metadata(error: BaseException) -> Verdict:
    """AWS: the status is in a dictionary."""
    response = attribute(error, "response")
    metadata = response.get("ResponseMetadata") if isinstance(response, Mapping) else None
    status = metadata.get("HTTPStatusCode") if isinstance(metadata, Mapping) else None
    if not isinstance(status, int):
        return True
    return f"http_{status}" if status >= 500 else False


def _by_redis_code(error: BaseException) -> Verdict:
    return str(error).partition(" ")[0] in ("BUSY", "MISCONF", "NOREPLICAS")


def _by_sqlstate(error: BaseException) -> Verdict:
    """PostgreSQL, Appendix A: the first two characters are a class of errors."""
    state = attribute(error, "sqlstate")
    if isinstance(state, str):
        if state == "57014":  # query_canceled, as by statement_timeout
            return "timeout"
        return "connection" if state.startswith("08") else state[:2] in ("53", "57", "58", "F0", "XX")
    names = {base.__name__ for base in type(error).__mro__}
    if names & {"DataError", "IntegrityError", "NotSupportedError", "ProgrammingError"}:
        return False
    return "connection" if "OperationalError" in names else True


def _by_driver(otherwise: bool) -> Callable[[BaseException], Verdict]:
    """SQLAlchemy wraps what the driver raises."""
    return lambda error: _inner(attribute(error, "orig"), otherwise)


def _by_grpc_code(error: BaseException) -> Verdict:
    code = attribute(error, "code")
    try:
        name = code().name
    except Exception:
        return True
    if name == "DEADLINE_EXCEEDED":
        return "timeout"
    return False if name in _CALLERS_GRPC_CODES else f"grpc_{name.lower()}"


def _by_close_code(error: BaseException) -> Verdict:
    """RFC 6455 and IANA's registry: an internal error, a restart, try again later, a bad gateway."""
    return attribute(error, "code") in (1011, 1012, 1013, 1014)


#: An exception that wraps itself has no end.
_DEEPEST = 8
#: Those that stand for a status below 500 in google/rpc/code.proto.
_CALLERS_GRPC_CODES = {
    "ABORTED",
    "ALREADY_EXISTS",
    "CANCELLED",
    "FAILED_PRECONDITION",
    "INVALID_ARGUMENT",
    "NOT_FOUND",
    "OUT_OF_RANGE",
    "PERMISSION_DENIED",
    "RESOURCE_EXHAUSTED",
    "UNAUTHENTICATED",
}

Rule = Union[bool, str, Callable[[BaseException], Verdict]]


def _rules(package: str, *callers: str, **others: Rule) -> dict[str, Rule]:
    """The rules of a package: its classes that are the ``callers`` fault, and others. The nearest class in an
    exception's order of resolution decides; what has no rule is the downstream's fault."""
    rules: dict[str, Rule] = {name: False for name in callers}
    return {f"{package}.{name}": rule for name, rule in {**rules, **others}.items()}


_RULES: dict[str, Rule] = {
    **_rules("fusebox", "BreakerOpen"),
    **_rules(
        "httpx",
        "CookieConflict",
        "InvalidURL",
        "LocalProtocolError",
        "PoolTimeout",
        "StreamError",
        "UnsupportedProtocol",
        HTTPStatusError=_by_answer,
    ),
    **_rules(
        "requests",
        "InvalidHeader",
        "InvalidJSONError",
        "InvalidSchema",
        "InvalidURL",
        "MissingSchema",
        "StreamConsumedError",
        "URLRequired",
        "UnrewindableBodyError",
        HTTPError=_by_answer,
        JSONDecodeError=True,
        RequestException=_by_argument,
    ),
    **_rules(
        "urllib3",
        "BodyNotHttplibCompatible",
        "ClosedPoolError",
        "EmptyPoolError",
        "FullPoolError",
        "HostChangedError",
        "InvalidHeader",
        "LocationValueError",
        "ProxySchemeUnsupported",
        "ResponseNotChunked",
        "TimeoutStateError",
        "UnrewindableBodyError",
        ConnectTimeoutError="timeout",
        MaxRetryError=_by_wrapped("reason"),
        NewConnectionError="connection",
        ProtocolError="connection",
        ResponseError=_by_responses,
    ),
    **_rules("urllib", URLError=_by_wrapped("reason"), HTTPError=_by_answer),
    **_rules(
        "aiohttp",
        "InvalidURL",
        "WSMessageTypeError",
        HTTPException=_by_answer,
        InvalidUrlRedirectClientError=True,
        NonHttpUrlRedirectClientError=True,
    ),
    **_rules(
        "redis",
        "AuthenticationError",
        "AuthorizationError",
        "CrossSlotTransactionError",
        "DataError",
        "InvalidPipelineStack",
        "LockError",
        "MaxConnectionsError",
        "PubSubError",
        "WatchError",
        ClusterDownError=True,
        OutOfMemoryError=True,
        ReadOnlyError=True,
        ResponseError=_by_redis_code,
        TryAgainError=True,
    ),
    **_rules("psycopg", ConnectionTimeout="timeout", Error=_by_sqlstate),
    **_rules("psycopg_pool", "PoolClosed", "PoolTimeout", "TooManyRequests"),
    **_rules(
        "sqlalchemy",
        "SQLAlchemyError",
        DBAPIError=_by_driver(True),
        DataError=_by_driver(False),
        DisconnectionError="connection",
        IntegrityError=_by_driver(False),
        NotSupportedError=_by_driver(False),
        ProgrammingError=_by_driver(False),
    ),
    **_rules(
        "botocore",
        "BotoCoreError",
        ChecksumError=True,
        ClientError=_by_metadata,
        ConnectTimeoutError="timeout",
        ConnectionClosedError="connection",
        ConnectionError="connection",
        HTTPClientError=True,
        IncompleteReadError=True,
        ReadTimeoutError="timeout",
        SSLError=True,
    ),
    **_rules(
        "boto3",
        "Boto3Error",
        RetriesExceededError=_by_wrapped("last_exception"),
        S3UploadFailedError=_by_wrapped("__context__"),
    ),
    **_rules(
        "s3transfer",
        RetriesExceededError=_by_wrapped("last_exception"),
        S3UploadFailedError=_by_wrapped("__context__"),
    ),
    **_rules("grpc", "FutureCancelledError", FutureTimeoutError="timeout", RpcError=_by_grpc_code),
    **_rules("fastapi", "RequestValidationError", "WebSocketRequestValidationError"),
    **_rules(
        "starlette",
        "ClientDisconnect",
        "WebSocketDisconnect",
        HTTPException=_by_answer,
        WebSocketException=_by_close_code,
    ),
    **_rules("werkzeug", HTTPException=_by_answer),
    **_rules("celery", "TaskPredicate", Retry=_by_wrapped("exc", False)),
    **_rules("billiard", SoftTimeLimitExceeded="timeout"),
}
