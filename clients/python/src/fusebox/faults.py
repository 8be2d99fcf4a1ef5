"""Decides whether an exception is the downstream's fault or the caller's, by rules for each library.

It imports none of these libraries.
"""

from __future__ import annotations

import re
import socket
from collections.abc import Callable, Mapping
from typing import Any, Optional, Union

#: ``False``: the caller's fault. ``True``: the downstream's fault. A word: the downstream's fault, and the kind of the
#: failure. An exception: it is judged instead.
Verdict = Union[bool, str, BaseException]


def of_downstream(error: BaseException) -> bool:
    """Whether the downstream is at fault: always, unless a rule of the exception's library says otherwise, or there is
    no rule and the exception has a response with a status from 400 to 499."""
    return judged(error)[1] is not False


def judged(error: BaseException) -> tuple[BaseException, Union[bool, str]]:
    """The exception that shows the cause, which is ``error`` or an exception that it wraps, and the verdict on it."""
    for _ in range(_DEEPEST):
        verdict = _verdict(error)
        if not isinstance(verdict, BaseException):
            return error, verdict
        error = verdict
    return error, True


def status_of(error: BaseException) -> Optional[int]:
    """The HTTP status of an exception's response, or of the exception itself; ``None`` if there is none."""
    response = attribute(error, "response")
    status = None if response is None else status_of_response(response)
    return status_of_response(error) if status is None else status


def status_of_response(thing: object) -> Optional[int]:
    """The HTTP status of a response of httpx, requests, aiohttp or urllib; ``None`` if there is none.

    Stripe's exceptions have it as ``http_status``.
    """
    for name in ("status_code", "status", "code", "http_status"):
        status = attribute(thing, name)
        if isinstance(status, int) and 100 <= status < 600:
            return int(status)
    return None


def attribute(thing: object, name: str) -> Any:
    """The attribute of an object; ``None`` if it cannot be read.

    An exception in foreign code must not replace the exception of the call.
    """
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
    """``error``, if it is an exception with a rule; otherwise the verdict ``otherwise``."""
    return error if isinstance(error, BaseException) and _rule(type(error)) is not None else otherwise


def _by_wrapped(name: str, otherwise: bool = True) -> Callable[[BaseException], Verdict]:
    """Judges the exception that this attribute holds; ``otherwise`` if it holds none."""

    def rule(error: BaseException) -> Verdict:
        wrapped = attribute(error, name)
        return wrapped if isinstance(wrapped, BaseException) else otherwise

    return rule


def _by_argument(error: BaseException) -> Verdict:
    """requests wraps an exception of urllib3 in the first argument of its own."""
    return _inner(error.args[0] if error.args else None, True)


def _by_responses(error: BaseException) -> Verdict:
    """urllib3 raises this for responses whose status is in ``Retry(status_forcelist=…)``."""
    found = re.search(r"too many (\d{3}) error responses", str(error))
    if found is None:
        return True
    return f"http_{found[1]}" if int(found[1]) >= 500 else False


def _by_answer(error: BaseException) -> Verdict:
    """An exception of an HTTP client or a web framework: a status below 500 is the caller's fault."""
    status = status_of(error)
    return status is None or status >= 500


def _by_metadata(error: BaseException) -> Verdict:
    """botocore keeps the status in a dictionary of the exception."""
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
    state = attribute(error, "sqlstate") or attribute(error, "pgcode")  # psycopg2 has only the latter.
    if isinstance(state, str):
        if state == "57014":  # query_canceled, as by statement_timeout
            return "timeout"
        return "connection" if state.startswith("08") else state[:2] in ("53", "57", "58", "F0", "XX")
    return _by_class_of_database(error)


def _by_class_of_database(error: BaseException) -> Verdict:
    """By the classes of PEP 249, for an error that the client itself found."""
    names = {base.__name__ for base in type(error).__mro__}
    if names & {"DataError", "IntegrityError", "NotSupportedError", "ProgrammingError"}:
        return False
    return "connection" if "OperationalError" in names else True


def _by_mysql_code(error: BaseException) -> Verdict:
    """MySQL's Error Message Reference: codes from 2000 to 2999 are the client's, all others the server's."""
    code = error.args[0] if error.args else None
    if not isinstance(code, int) or code < 0:  # MySQL Connector has -1 for an error without a code.
        return _by_class_of_database(error)
    if code in _MYSQL_TIMEOUTS:
        return "timeout"
    if 2000 <= code < 3000:
        if code in _CALLERS_MYSQL_CODES:
            return False
        # An answer of the server may also have a time-out as its context, if the caller's handler of one asked for it.
        return "timeout" if isinstance(error.__context__, socket.timeout) else "connection"
    # The drivers raise InternalError for codes below 1000, and InterfaceError for a closed connection.
    return code < 1000 or code in _MYSQL_CODES


def _by_mongodb_code(error: BaseException) -> Verdict:
    code = attribute(error, "code")
    return "timeout" if code in _MONGODB_TIMEOUTS else code in _MONGODB_CODES


def _by_driver(otherwise: bool, name: str = "orig") -> Callable[[BaseException], Verdict]:
    """SQLAlchemy wraps the driver's exception in ``orig``; Django raises its own from it."""
    return lambda error: _inner(attribute(error, name), otherwise)


def _by_last_attempt(error: BaseException) -> Verdict:
    """tenacity keeps the future of the last attempt."""
    try:
        last = error.last_attempt.exception()  # type: ignore[attr-defined]
    except Exception:
        return True
    return last if isinstance(last, BaseException) else True


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
    """By RFC 6455 and IANA's registry: internal error, service restart, try again later, bad gateway."""
    return attribute(error, "code") in (1011, 1012, 1013, 1014)


#: The most wrapped exceptions to follow, because an exception may wrap itself.
_DEEPEST = 8
#: The codes that google/rpc/code.proto maps to an HTTP status below 500.
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

#: MariaDB's time-out of a statement, and MySQL's.
_MYSQL_TIMEOUTS = {1969, 3024}
#: Commands out of sync, a packet that is too large, and a method of authentication that the client does not have.
_CALLERS_MYSQL_CODES = {2014, 2020, 2059, 2061}
#: A full disk, no memory, too many connections, a shutdown, a broken connection, a failure within the server, a session
#: that it ended, and a server that is offline or read-only.
_MYSQL_CODES = {
    *(1021, 1030, 1037, 1040, 1041, 1053, 1105, 1152, 1158, 1159, 1160, 1161, 1184, 1203),
    *(1815, 1836, 1927, 3032, 3168, 3169, 4031),
}
#: MaxTimeMSExpired, NetworkTimeout, ExceededTimeLimit.
_MONGODB_TIMEOUTS = {50, 89, 262}
#: The codes after which drivers repeat reads and writes (MongoDB's specification "Retryable Reads"), InternalError and
#: OutOfDiskSpace.
_MONGODB_CODES = {1, 6, 7, 91, 134, 189, 9001, 10107, 11600, 11602, 13435, 13436, 14031}

Rule = Union[bool, str, Callable[[BaseException], Verdict]]


def _rules(package: str, *callers: str, **others: Rule) -> dict[str, Rule]:
    """The rules of a package: the names of ``callers`` are the caller's fault, and ``others`` have their own rules.

    The first class with a rule in an exception's method resolution order decides.
    """
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
    **_rules("http", "InvalidURL"),
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
    **_rules("psycopg2", "PoolError", Error=_by_sqlstate),
    **_rules("psycopg_pool", "PoolClosed", "PoolTimeout", "TooManyRequests"),
    **_rules(
        "asyncpg",
        "ClientConfigurationError",
        "DataError",
        "UnsupportedClientFeatureError",
        PostgresError=_by_sqlstate,
    ),
    # PyMySQL, mysqlclient, and MySQL Connector.
    **_rules("pymysql", MySQLError=_by_mysql_code),
    **_rules("MySQLdb", MySQLError=_by_mysql_code),
    **_rules("mysql", "PoolError", Error=_by_mysql_code),
    **_rules(
        "pymongo",
        "CollectionInvalid",
        "ConfigurationError",
        "DocumentTooLarge",
        "EncryptionError",
        "InvalidName",
        "InvalidOperation",
        "WaitQueueTimeoutError",
        ConnectionFailure="connection",
        NetworkTimeout="timeout",
        OperationFailure=_by_mongodb_code,
        WTimeoutError="timeout",
    ),
    **_rules("bson", "InvalidDocument", "InvalidId", "InvalidStringData"),
    **_rules("gridfs", "FileExists", "NoFile"),
    **_rules("elastic_transport", ConnectionTimeout="timeout"),
    **_rules(
        "kombu",
        "LimitExceeded",
        "MessageStateError",
        "NotBoundError",
        "SerializationError",
        "SerializerNotInstalled",
        OperationalError="connection",
    ),
    **_rules(
        "sqlalchemy",
        "SQLAlchemyError",
        DBAPIError=_by_driver(True),
        DataError=_by_driver(False),
        DisconnectionError="connection",
        # SQLAlchemy raises this for most errors of asyncpg, and wraps it as it wraps those of other drivers.
        Error=_by_sqlstate,
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
    **_rules(
        "django",
        "BadRequest",
        "FieldError",
        "Http404",
        "ImproperlyConfigured",
        "ObjectDoesNotExist",
        "PermissionDenied",
        "RequestAborted",
        "SuspiciousOperation",
        "UnreadablePostError",
        "ValidationError",
        DataError=_by_driver(False, "__cause__"),
        Error=_by_driver(True, "__cause__"),
        IntegrityError=_by_driver(False, "__cause__"),
        NotSupportedError=_by_driver(False, "__cause__"),
        ProgrammingError=_by_driver(False, "__cause__"),
    ),
    **_rules("tenacity", RetryError=_by_last_attempt),
    **_rules("werkzeug", HTTPException=_by_answer),
    **_rules("celery", "TaskPredicate", Retry=_by_wrapped("exc", False)),
    **_rules("billiard", SoftTimeLimitExceeded="timeout"),
}
