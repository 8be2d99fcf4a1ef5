"""The classification of exceptions of libraries, most of them raised by the libraries themselves."""

from __future__ import annotations

import asyncio
import importlib
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from typing import Any, Optional

import httpx
import pytest
import requests
import urllib3
from downstream import Downstream
from processes import environment
from requests.adapters import HTTPAdapter
from server import Server, free_port
from urllib3.util.retry import Retry

from fusebox import Fusebox
from fusebox.classification import Classification
from fusebox.integrations.requests import BreakerAdapter

IGNORED = None


def check(error: BaseException, kind: Optional[str]) -> None:
    outcome = "ignored" if kind is IGNORED else "failure"
    assert Classification().of_error(error) == (outcome, kind), repr(error)


def raised(function: Callable[[], Any]) -> BaseException:
    with pytest.raises(Exception) as caught:
        function()
    return caught.value


@pytest.fixture
def silent() -> Iterator[str]:
    """The URL of a server that accepts connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


@pytest.fixture
def nowhere() -> str:
    return f"http://127.0.0.1:{free_port()}"


def answered(downstream: Downstream, status: int) -> str:
    downstream.status = status
    return downstream.url


def get_by_httpx(url: str, within: float = 30.0) -> None:
    with httpx.Client(timeout=within) as client:
        client.get(url).raise_for_status()


def get_by_requests(url: str, within: float = 30.0) -> None:
    with requests.Session() as session, session.get(url, timeout=within) as response:
        response.raise_for_status()


def get_by_requests_again(url: str, within: float = 30.0) -> None:
    """Gets the URL with a transport that sends each request three times."""
    retry = Retry(total=2, backoff_factor=0, status_forcelist=[503, 400, 404, 429])
    with requests.Session() as session:
        session.mount("http://", HTTPAdapter(max_retries=retry))
        session.get(url, timeout=within)


def get_by_urllib3(url: str, within: float = 30.0) -> None:
    with urllib3.PoolManager() as manager:
        retry = Retry(total=1, backoff_factor=0, status_forcelist=[503, 400, 404, 429])
        manager.request("GET", url, timeout=within, retries=retry)


def get_by_urllib(url: str, within: float = 30.0) -> None:
    try:
        urllib.request.urlopen(url, timeout=within)
    except urllib.error.HTTPError as error:
        error.close()
        raise


def get_by_aiohttp(url: str, within: float = 30.0) -> None:
    aiohttp = pytest.importorskip("aiohttp")

    async def get() -> None:
        timeout = aiohttp.ClientTimeout(total=within)
        async with aiohttp.ClientSession(timeout=timeout) as session, session.get(url) as response:
            response.raise_for_status()
            await response.read()

    asyncio.run(get())


def get_by_botocore(url: str, within: float = 30.0) -> None:
    session = pytest.importorskip("botocore.session").Session()
    session.set_credentials("key", "secret")
    client = session.create_client("s3", endpoint_url=url, region_name="us-east-1", config=config_of_botocore(within))
    try:
        client.get_object(Bucket="bucket", Key="key")
    finally:
        client.close()


def config_of_botocore(within: float) -> Any:
    config = importlib.import_module("botocore.config").Config
    return config(retries={"total_max_attempts": 1}, read_timeout=within, connect_timeout=within)


def upload_by_boto3(url: str) -> None:
    session = pytest.importorskip("boto3.session").Session("key", "secret", region_name="us-east-1")
    client = session.client("s3", endpoint_url=url, config=config_of_botocore(30.0))
    try:
        client.upload_file(__file__, "bucket", "key")
    finally:
        client.close()


CLIENTS = [
    get_by_httpx,
    get_by_requests,
    get_by_requests_again,
    get_by_urllib3,
    get_by_urllib,
    get_by_aiohttp,
    get_by_botocore,
]


@pytest.mark.parametrize("get", CLIENTS)
def test_a_refused_connection_is_a_failure(get: Callable[..., None], nowhere: str) -> None:
    check(raised(lambda: get(nowhere)), "connection")


@pytest.mark.parametrize("get", CLIENTS)
def test_a_silent_server_is_a_failure_of_kind_timeout(get: Callable[..., None], silent: str) -> None:
    check(raised(lambda: get(silent, 0.2)), "timeout")


@pytest.mark.parametrize("get", CLIENTS)
def test_an_answer_503_is_a_failure(get: Callable[..., None], downstream: Downstream) -> None:
    check(raised(lambda: get(answered(downstream, 503))), "http_503")


@pytest.mark.parametrize("get", CLIENTS)
@pytest.mark.parametrize("status", [400, 404, 429])
def test_a_4xx_answer_is_ignored(get: Callable[..., None], downstream: Downstream, status: int) -> None:
    check(raised(lambda: get(answered(downstream, status))), IGNORED)


@pytest.mark.parametrize(("status", "kind"), [(403, IGNORED), (503, "http_503")])
def test_an_upload_by_boto3_is_judged_by_the_answer(downstream: Downstream, status: int, kind: Optional[str]) -> None:
    error = raised(lambda: upload_by_boto3(answered(downstream, status)))
    assert type(error).__name__ == "S3UploadFailedError"
    check(error, kind)


@pytest.mark.parametrize("get", [get_by_httpx, get_by_requests, get_by_urllib3, get_by_aiohttp])
def test_an_incomplete_body_is_a_failure(get: Callable[..., None], downstream: Downstream) -> None:
    downstream.breaks_off = True
    assert Classification().of_error(raised(lambda: get(downstream.url)))[0] == "failure"


def test_a_transport_that_retries_does_not_hide_a_failure(
    server: Server, remote: Fusebox, downstream: Downstream
) -> None:
    name = f"127.0.0.1:{downstream.server_port}"
    retry = Retry(total=2, backoff_factor=0, status_forcelist=[503])
    with requests.Session() as session:
        session.mount("http://", BreakerAdapter(remote, HTTPAdapter(max_retries=retry)))
        for _ in range(5):
            with pytest.raises(requests.exceptions.RetryError):
                session.get(answered(downstream, 503))
    assert (server.state(name), len(downstream.paths)) == ("open", 15)
    assert server.breaker(name)["last_failure"]["kind"] == "http_503"


def test_an_error_of_the_connection_pool_is_ignored(server: Server, remote: Fusebox, nowhere: str) -> None:
    class Full(HTTPAdapter):
        def send(self, *args: Any, **kwargs: Any) -> Any:
            raise requests.ConnectionError(urllib3.exceptions.ClosedPoolError(None, "closed"))  # type: ignore[arg-type]

    server.put_counting(nowhere[7:])
    with requests.Session() as session:
        session.mount("http://", BreakerAdapter(remote, Full()))
        with pytest.raises(requests.ConnectionError):
            session.get(nowhere)
    assert remote.flush(5)
    assert server.counted(nowhere[7:]) == (0, 0)


def of_state(psycopg2: Any, state: str) -> BaseException:
    """An error as psycopg2 raises it for an answer of the server with this SQLSTATE."""
    error: Any = importlib.import_module("psycopg2.errors").lookup(state)("x")
    error.__setstate__({"pgcode": state})
    assert isinstance(error, psycopg2.Error) and isinstance(error, BaseException)
    return error


def after_a_timeout(error: BaseException) -> BaseException:
    """The error as if it were raised in the handler of a time-out."""
    error.__context__ = socket.timeout()
    return error


def caused(error: BaseException, library: str, name: str) -> BaseException:
    """The error as if it were raised from an exception of this library."""
    error.__cause__ = getattr(importlib.import_module(library), name)()
    return error


@pytest.mark.parametrize(
    ("library", "make", "kind"),
    [
        ("httpx", lambda lib: lib.PoolTimeout(""), IGNORED),
        ("httpx", lambda lib: lib.LocalProtocolError(""), IGNORED),
        ("httpx", lambda lib: lib.UnsupportedProtocol(""), IGNORED),
        ("httpx", lambda lib: lib.InvalidURL(""), IGNORED),
        ("httpx", lambda lib: lib.StreamConsumed(), IGNORED),
        ("httpx", lambda lib: lib.RemoteProtocolError(""), "remote_protocol_error"),
        ("httpx", lambda lib: lib.DecodingError(""), "decoding_error"),
        ("httpx", lambda lib: lib.TooManyRedirects(""), "too_many_redirects"),
        ("httpx", lambda lib: lib.ProxyError(""), "proxy_error"),
        ("requests.exceptions", lambda lib: lib.MissingSchema(), IGNORED),
        ("requests.exceptions", lambda lib: lib.InvalidProxyURL(), IGNORED),
        ("requests.exceptions", lambda lib: lib.InvalidJSONError(), IGNORED),
        ("requests.exceptions", lambda lib: lib.JSONDecodeError("", "", 0), "json_decode_error"),
        ("requests.exceptions", lambda lib: lib.ChunkedEncodingError(), "chunked_encoding_error"),
        ("requests.exceptions", lambda lib: lib.TooManyRedirects(), "too_many_redirects"),
        ("requests.exceptions", lambda lib: lib.SSLError(), "connection"),
        ("urllib3.exceptions", lambda lib: lib.LocationParseError("x"), IGNORED),
        ("urllib3.exceptions", lambda lib: lib.EmptyPoolError(None, ""), IGNORED),
        ("urllib3.exceptions", lambda lib: lib.MaxRetryError(None, "/", lib.EmptyPoolError(None, "")), IGNORED),
        ("urllib3.exceptions", lambda lib: lib.MaxRetryError(None, "/", None), "max_retry_error"),
        ("urllib3.exceptions", lambda lib: lib.ProtocolError("", ConnectionResetError()), "connection"),
        ("urllib3.exceptions", lambda lib: lib.SSLError(), "ssl_error"),
        ("aiohttp", lambda lib: lib.InvalidURL("x"), IGNORED),
        ("aiohttp", lambda lib: lib.ServerDisconnectedError(), "connection"),
        ("aiohttp", lambda lib: lib.ClientPayloadError(), "client_payload_error"),
        ("aiohttp", lambda lib: lib.ContentTypeError(None, (), status=200), "content_type_error"),
        ("aiohttp", lambda lib: lib.ContentTypeError(None, (), status=404), IGNORED),
        ("aiohttp", lambda lib: lib.TooManyRedirects(None, (), status=302), "too_many_redirects"),
        ("redis", lambda lib: lib.ConnectionError(), "connection"),
        ("redis", lambda lib: lib.TimeoutError(), "timeout"),
        ("redis", lambda lib: lib.BusyLoadingError(), "connection"),
        ("redis", lambda lib: lib.AuthenticationError(), IGNORED),
        ("redis", lambda lib: lib.ResponseError("WRONGTYPE Operation against a key"), IGNORED),
        ("redis", lambda lib: lib.ResponseError("MISCONF Redis is configured to"), "response_error"),
        ("redis", lambda lib: lib.ReadOnlyError(), "read_only_error"),
        ("redis", lambda lib: lib.OutOfMemoryError(), "out_of_memory_error"),
        ("redis", lambda lib: lib.WatchError(), IGNORED),
        ("redis", lambda lib: lib.DataError(), IGNORED),
        ("redis.exceptions", lambda lib: lib.MaxConnectionsError(), IGNORED),
        ("redis.exceptions", lambda lib: lib.ClusterDownError(""), "cluster_down_error"),
        ("redis.exceptions", lambda lib: lib.NoScriptError(), IGNORED),
        ("redis.exceptions", lambda lib: lib.LockNotOwnedError(), IGNORED),
        ("psycopg", lambda lib: lib.OperationalError("connection refused"), "connection"),
        ("psycopg", lambda lib: lib.InterfaceError(), "interface_error"),
        ("psycopg", lambda lib: lib.ProgrammingError("2 placeholders"), IGNORED),
        ("psycopg.errors", lambda lib: lib.ConnectionTimeout(), "timeout"),
        ("psycopg.errors", lambda lib: lib.lookup("08006")(), "connection"),
        ("psycopg.errors", lambda lib: lib.lookup("53300")(), "too_many_connections"),
        ("psycopg.errors", lambda lib: lib.lookup("57P01")(), "admin_shutdown"),
        ("psycopg.errors", lambda lib: lib.lookup("57014")(), "timeout"),
        ("psycopg.errors", lambda lib: lib.lookup("58030")(), "io_error"),
        ("psycopg.errors", lambda lib: lib.lookup("XX000")(), "internal_error"),
        ("psycopg.errors", lambda lib: lib.lookup("23505")(), IGNORED),
        ("psycopg.errors", lambda lib: lib.lookup("25P02")(), IGNORED),
        ("psycopg.errors", lambda lib: lib.lookup("40001")(), IGNORED),
        ("psycopg.errors", lambda lib: lib.lookup("40P01")(), IGNORED),
        ("psycopg.errors", lambda lib: lib.lookup("42P01")(), IGNORED),
        ("psycopg_pool", lambda lib: lib.PoolTimeout(), IGNORED),
        ("psycopg2", lambda lib: lib.OperationalError("connection refused"), "connection"),
        ("psycopg2", lambda lib: lib.InterfaceError("connection already closed"), "interface_error"),
        ("psycopg2", lambda lib: lib.ProgrammingError("no results to fetch"), IGNORED),
        ("psycopg2", lambda lib: of_state(lib, "08006"), "connection"),
        ("psycopg2", lambda lib: of_state(lib, "53300"), "too_many_connections"),
        ("psycopg2", lambda lib: of_state(lib, "57P01"), "admin_shutdown"),
        ("psycopg2", lambda lib: of_state(lib, "57014"), "timeout"),
        ("psycopg2", lambda lib: of_state(lib, "23505"), IGNORED),
        ("psycopg2", lambda lib: of_state(lib, "40P01"), IGNORED),
        ("psycopg2.pool", lambda lib: lib.PoolError("connection pool exhausted"), IGNORED),
        ("asyncpg", lambda lib: lib.ConnectionDoesNotExistError("closed in the middle of operation"), "connection"),
        ("asyncpg", lambda lib: lib.TooManyConnectionsError("too many clients"), "too_many_connections_error"),
        ("asyncpg", lambda lib: lib.AdminShutdownError("terminating connection"), "admin_shutdown_error"),
        ("asyncpg", lambda lib: lib.QueryCanceledError("statement timeout"), "timeout"),
        ("asyncpg", lambda lib: lib.UniqueViolationError("duplicate key"), IGNORED),
        ("asyncpg", lambda lib: lib.SerializationError("could not serialize access"), IGNORED),
        ("asyncpg", lambda lib: lib.UndefinedTableError("relation does not exist"), IGNORED),
        ("asyncpg", lambda lib: lib.InterfaceError("connection is closed"), "interface_error"),
        ("asyncpg.exceptions._base", lambda lib: lib.DataError("invalid input for query argument"), IGNORED),
        ("asyncpg", lambda lib: lib.ClientConfigurationError("invalid sslmode"), IGNORED),
        *(
            (mysql, make, kind)
            for mysql in ("pymysql", "MySQLdb")
            for make, kind in [
                (lambda lib: lib.OperationalError(2003, "Can't connect"), "connection"),
                (lambda lib: lib.OperationalError(2006, "Server has gone away"), "connection"),
                (lambda lib: lib.ProgrammingError(2014, "Commands out of sync"), IGNORED),
                (lambda lib: lib.OperationalError(2020, "Packet too large"), IGNORED),
                (lambda lib: lib.OperationalError(1040, "Too many connections"), "operational_error"),
                (lambda lib: lib.OperationalError(1053, "Server shutdown in progress"), "operational_error"),
                (lambda lib: lib.OperationalError(3024, "Query execution was interrupted"), "timeout"),
                (lambda lib: lib.OperationalError(1045, "Access denied"), IGNORED),
                (lambda lib: lib.OperationalError(1205, "Lock wait timeout exceeded"), IGNORED),
                (lambda lib: lib.OperationalError(1213, "Deadlock found"), IGNORED),
                (lambda lib: lib.IntegrityError(1062, "Duplicate entry"), IGNORED),
                (lambda lib: lib.ProgrammingError(1146, "Table doesn't exist"), IGNORED),
                (lambda lib: lib.InterfaceError(0, ""), "interface_error"),
                (lambda lib: lib.InternalError("Packet sequence number wrong"), "internal_error"),
                (lambda lib: lib.DataError("x"), IGNORED),
                (lambda lib: after_a_timeout(lib.OperationalError(2013, "Lost connection")), "timeout"),
                (lambda lib: after_a_timeout(lib.IntegrityError(1062, "Duplicate entry")), IGNORED),
                (lambda lib: after_a_timeout(lib.ProgrammingError(2014, "Commands out of sync")), IGNORED),
                (lambda lib: after_a_timeout(lib.OperationalError(1040, "Too many connections")), "operational_error"),
            ]
        ),
        ("mysql.connector", lambda lib: lib.InterfaceError("Can't connect", 2003), "connection"),
        ("mysql.connector", lambda lib: lib.OperationalError("MySQL Connection not available"), "connection"),
        ("mysql.connector", lambda lib: lib.DatabaseError("Too many connections", 1040), "database_error"),
        ("mysql.connector", lambda lib: lib.IntegrityError("Duplicate entry", 1062), IGNORED),
        ("mysql.connector", lambda lib: lib.ProgrammingError("Not enough parameters"), IGNORED),
        ("mysql.connector", lambda lib: lib.PoolError("pool exhausted"), IGNORED),
        ("pymongo.errors", lambda lib: lib.AutoReconnect("connection closed"), "connection"),
        ("pymongo.errors", lambda lib: lib.ServerSelectionTimeoutError("no servers"), "connection"),
        ("pymongo.errors", lambda lib: lib.NotPrimaryError("not primary"), "connection"),
        ("pymongo.errors", lambda lib: lib.NetworkTimeout("timed out"), "timeout"),
        ("pymongo.errors", lambda lib: lib.ExecutionTimeout("exceeded time limit", 50), "timeout"),
        ("pymongo.errors", lambda lib: lib.WTimeoutError("waiting for replication timed out", 64), "timeout"),
        ("pymongo.errors", lambda lib: lib.OperationFailure("interrupted at shutdown", 11600), "operation_failure"),
        ("pymongo.errors", lambda lib: lib.OperationFailure("unauthorized", 13), IGNORED),
        ("pymongo.errors", lambda lib: lib.OperationFailure("bad query"), IGNORED),
        ("pymongo.errors", lambda lib: lib.DuplicateKeyError("E11000", 11000), IGNORED),
        ("pymongo.errors", lambda lib: lib.BulkWriteError({}), IGNORED),
        ("pymongo.errors", lambda lib: lib.CursorNotFound("cursor not found", 43), IGNORED),
        ("pymongo.errors", lambda lib: lib.WaitQueueTimeoutError("timed out"), IGNORED),
        ("pymongo.errors", lambda lib: lib.InvalidURI("x"), IGNORED),
        ("pymongo.errors", lambda lib: lib.InvalidOperation("x"), IGNORED),
        ("pymongo.errors", lambda lib: lib.DocumentTooLarge("x"), IGNORED),
        ("pymongo.errors", lambda lib: lib.ProtocolError("x"), "protocol_error"),
        ("bson.errors", lambda lib: lib.InvalidId("x"), IGNORED),
        ("bson.errors", lambda lib: lib.InvalidBSON("x"), "invalid_bson"),
        ("gridfs.errors", lambda lib: lib.NoFile("x"), IGNORED),
        ("gridfs.errors", lambda lib: lib.CorruptGridFile("x"), "corrupt_grid_file"),
        ("elastic_transport", lambda lib: lib.ConnectionTimeout("x"), "timeout"),
        ("elastic_transport", lambda lib: lib.ConnectionError("x"), "connection"),
        ("kombu.exceptions", lambda lib: lib.OperationalError("connection refused"), "connection"),
        ("kombu.exceptions", lambda lib: lib.EncodeError("x"), IGNORED),
        ("kombu.exceptions", lambda lib: lib.ConnectionLimitExceeded(1), IGNORED),
        ("sqlalchemy.exc", lambda lib: lib.TimeoutError(), IGNORED),
        ("sqlalchemy.exc", lambda lib: lib.NoResultFound(), IGNORED),
        ("sqlalchemy.exc", lambda lib: lib.ArgumentError(), IGNORED),
        ("sqlalchemy.exc", lambda lib: lib.DisconnectionError(), "connection"),
        ("sqlalchemy.exc", lambda lib: lib.OperationalError("", {}, Exception()), "operational_error"),
        ("sqlalchemy.exc", lambda lib: lib.IntegrityError("", {}, Exception()), IGNORED),
        ("botocore.exceptions", lambda lib: lib.ParamValidationError(report=""), IGNORED),
        ("botocore.exceptions", lambda lib: lib.NoCredentialsError(), IGNORED),
        ("botocore.exceptions", lambda lib: lib.ConnectionClosedError(endpoint_url=""), "connection"),
        ("botocore.exceptions", lambda lib: lib.ClientError({"Error": {}}, "x"), "client_error"),
        (
            "botocore.exceptions",
            lambda lib: lib.IncompleteReadError(actual_bytes=1, expected_bytes=2),
            "incomplete_read_error",
        ),
        ("boto3.exceptions", lambda lib: lib.ResourceNotExistsError("s4", ["s3"], False), IGNORED),
        ("boto3.exceptions", lambda lib: lib.S3UploadFailedError(), "s3_upload_failed_error"),
        ("boto3.exceptions", lambda lib: lib.RetriesExceededError(socket.timeout()), "timeout"),
        ("boto3.exceptions", lambda lib: lib.RetriesExceededError(requests.exceptions.InvalidURL()), IGNORED),
        ("s3transfer.exceptions", lambda lib: lib.RetriesExceededError(ConnectionResetError()), "connection"),
        ("s3transfer.exceptions", lambda lib: lib.RetriesExceededError(requests.exceptions.InvalidURL()), IGNORED),
        ("grpc", lambda lib: lib.RpcError(), "rpc_error"),
        ("grpc", lambda lib: lib.FutureTimeoutError(), "timeout"),
        ("grpc", lambda lib: lib.FutureCancelledError(), IGNORED),
        ("celery.exceptions", lambda lib: lib.Ignore(), IGNORED),
        ("celery.exceptions", lambda lib: lib.Reject(), IGNORED),
        ("celery.exceptions", lambda lib: lib.Retry(), IGNORED),
        ("celery.exceptions", lambda lib: lib.Retry(exc=ConnectionError()), "connection"),
        ("celery.exceptions", lambda lib: lib.Retry(exc=requests.exceptions.InvalidURL()), IGNORED),
        ("celery.exceptions", lambda lib: lib.SoftTimeLimitExceeded(), "timeout"),
        ("starlette.exceptions", lambda lib: lib.HTTPException(404), IGNORED),
        ("starlette.exceptions", lambda lib: lib.HTTPException(502), "http_502"),
        ("starlette.exceptions", lambda lib: lib.WebSocketException(1008), IGNORED),
        ("starlette.exceptions", lambda lib: lib.WebSocketException(1011), "web_socket_exception"),
        ("starlette.websockets", lambda lib: lib.WebSocketDisconnect(), IGNORED),
        ("starlette.requests", lambda lib: lib.ClientDisconnect(), IGNORED),
        ("fastapi.exceptions", lambda lib: lib.RequestValidationError([]), IGNORED),
        ("fastapi.exceptions", lambda lib: lib.ResponseValidationError([]), "response_validation_error"),
        ("http.client", lambda lib: lib.InvalidURL("x"), IGNORED),
        ("http.client", lambda lib: lib.BadStatusLine("x"), "bad_status_line"),
        ("django.http", lambda lib: lib.Http404(), IGNORED),
        ("django.core.exceptions", lambda lib: lib.PermissionDenied(), IGNORED),
        ("django.core.exceptions", lambda lib: lib.ObjectDoesNotExist(), IGNORED),
        ("django.core.exceptions", lambda lib: lib.RequestDataTooBig(), IGNORED),
        ("django.core.exceptions", lambda lib: lib.RequestAborted(), IGNORED),
        ("django.http", lambda lib: lib.UnreadablePostError(), IGNORED),
        ("django.db", lambda lib: lib.IntegrityError(), IGNORED),
        ("django.db", lambda lib: lib.OperationalError(), "operational_error"),
        ("django.db", lambda lib: caused(lib.OperationalError(), "psycopg.errors", "LockNotAvailable"), IGNORED),
        ("django.db", lambda lib: caused(lib.OperationalError(), "psycopg.errors", "ConnectionTimeout"), "timeout"),
        ("werkzeug.exceptions", lambda lib: lib.NotFound(), IGNORED),
        ("werkzeug.exceptions", lambda lib: lib.BadRequestKeyError("x"), IGNORED),
        ("werkzeug.exceptions", lambda lib: lib.BadGateway(), "http_502"),
    ],
)
def test_an_exception_of_a_known_library_is_classified(
    library: str, make: Callable[[Any], BaseException], kind: Any
) -> None:
    check(make(pytest.importorskip(library)), kind)


@pytest.mark.parametrize(
    ("error", "kind"),
    [(requests.exceptions.InvalidURL(), IGNORED), (TimeoutError(), "timeout"), (None, "retry_error")],
)
def test_the_last_attempt_of_tenacity_is_judged(error: Optional[Exception], kind: Optional[str]) -> None:
    tenacity = pytest.importorskip("tenacity")

    def attempt() -> None:
        if error is not None:
            raise error

    is_to_repeat = tenacity.retry_if_exception_type() | tenacity.retry_if_result(lambda result: True)
    again = tenacity.Retrying(stop=tenacity.stop_after_attempt(2), retry=is_to_repeat)
    check(raised(lambda: again(attempt)), kind)


@pytest.mark.parametrize(
    ("state", "kind"), [("40001", IGNORED), ("23505", IGNORED), ("57P01", "error"), ("08006", "connection")]
)
def test_an_error_of_asyncpg_below_sqlalchemy_is_classified_by_its_state(state: str, kind: Optional[str]) -> None:
    sqlalchemy = pytest.importorskip("sqlalchemy")
    dialect = importlib.import_module("sqlalchemy.dialects.postgresql.asyncpg")
    error = dialect.AsyncAdapt_asyncpg_dbapi.Error("x", Exception())
    error.pgcode = error.sqlstate = state
    check(error, kind)
    check(sqlalchemy.exc.DBAPIError("", {}, error), kind)


@pytest.mark.parametrize("name", ["status_code", "status", "code", "http_status"])
def test_an_exception_of_an_unknown_library_is_classified_by_its_status(name: str) -> None:
    class Strange(Exception):
        pass

    setattr(Strange, name, 404)
    check(Strange(), IGNORED)
    setattr(Strange, name, 500)
    check(Strange(), "http_500")
    assert Classification(failures=Exception).of_error(requests.exceptions.InvalidURL())[0] == "failure"


def test_an_exception_that_wraps_itself_is_a_failure() -> None:
    error = urllib.error.URLError("")
    error.reason = error
    check(error, "url_error")


def test_errors_of_a_real_redis_are_classified(redis_port: int) -> None:
    redis = pytest.importorskip("redis")
    with redis.Redis(port=redis_port) as client:
        client.set("word", "x")
        check(raised(lambda: client.lpush("word", "y")), IGNORED)
        check(raised(lambda: client.execute_command("NONSENSE")), IGNORED)
    with redis.Redis(port=free_port()) as client:
        check(raised(client.ping), "connection")


def test_an_unreachable_database_is_a_failure(nowhere: str) -> None:
    psycopg = pytest.importorskip("psycopg")
    sqlalchemy = pytest.importorskip("sqlalchemy")
    address = nowhere[7:]
    check(raised(lambda: psycopg.connect(f"postgresql://{address}/x")), "connection")
    engine = sqlalchemy.create_engine(f"postgresql+psycopg://{address}/x")
    check(raised(engine.connect), "connection")


def test_an_unreachable_database_is_a_failure_for_other_drivers(nowhere: str) -> None:
    host, _, port = nowhere[7:].partition(":")
    psycopg2, pymysql = pytest.importorskip("psycopg2"), pytest.importorskip("pymysql")
    connector = pytest.importorskip("mysql.connector")
    sqlalchemy = pytest.importorskip("sqlalchemy")
    check(raised(lambda: psycopg2.connect(f"postgresql://{host}:{port}/x")), "connection")
    check(raised(lambda: pymysql.connect(host=host, port=int(port))), "connection")
    check(raised(lambda: connector.connect(host=host, port=int(port))), "connection")
    for dialect in ("postgresql+psycopg2", "mysql+pymysql"):
        check(raised(sqlalchemy.create_engine(f"{dialect}://{host}:{port}/x").connect), "connection")


def test_an_unreachable_mongodb_is_a_failure(nowhere: str) -> None:
    pymongo = pytest.importorskip("pymongo")
    with pymongo.MongoClient(nowhere.replace("http", "mongodb"), serverSelectionTimeoutMS=100) as client:
        check(raised(client.shop.users.find_one), "connection")


def test_a_silent_mysql_server_is_a_failure_of_kind_timeout(silent: str) -> None:
    pymysql = pytest.importorskip("pymysql")
    host, _, port = silent[7:].partition(":")
    check(raised(lambda: pymysql.connect(host=host, port=int(port), read_timeout=1)), "timeout")


def test_a_statement_that_the_database_refuses_is_ignored() -> None:
    sqlalchemy = pytest.importorskip("sqlalchemy")
    engine = sqlalchemy.create_engine("sqlite://", poolclass=sqlalchemy.pool.StaticPool)
    with engine.begin() as connection:
        connection.execute(sqlalchemy.text("CREATE TABLE t (a INTEGER PRIMARY KEY)"))
        connection.execute(sqlalchemy.text("INSERT INTO t VALUES (1)"))
        check(raised(lambda: connection.execute(sqlalchemy.text("INSERT INTO t VALUES (1)"))), IGNORED)
        check(raised(lambda: connection.execute(sqlalchemy.text("SELECT :a"))), IGNORED)
    engine.dispose()


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("UNAVAILABLE", "grpc_unavailable"),
        ("INTERNAL", "grpc_internal"),
        ("UNKNOWN", "grpc_unknown"),
        ("DATA_LOSS", "grpc_data_loss"),
        ("UNIMPLEMENTED", "grpc_unimplemented"),
        ("DEADLINE_EXCEEDED", "timeout"),
        ("INVALID_ARGUMENT", IGNORED),
        ("NOT_FOUND", IGNORED),
        ("RESOURCE_EXHAUSTED", IGNORED),
        ("UNAUTHENTICATED", IGNORED),
        ("CANCELLED", IGNORED),
    ],
)
def test_an_exception_of_grpc_is_classified_by_its_status(code: str, kind: Optional[str]) -> None:
    aio = pytest.importorskip("grpc.aio")
    status = importlib.import_module("grpc").StatusCode[code]
    check(aio.AioRpcError(status, aio.Metadata(), aio.Metadata()), kind)


#: This runs in its own process, because other tests fork, and gRPC's threads do not survive a fork.
CALL_BY_GRPC = """
import grpc, sys
from fusebox.classification import Classification
with grpc.insecure_channel(sys.argv[1]) as channel:
    try:
        channel.unary_unary("/shop/charge")(b"", timeout=float(sys.argv[2]), wait_for_ready=sys.argv[3] == "wait")
    except grpc.RpcError as error:
        print(*Classification().of_error(error))
"""


@pytest.mark.parametrize(
    ("timeout", "wait", "said"), [("30", "no", "failure grpc_unavailable"), ("0.2", "wait", "failure timeout")]
)
def test_a_grpc_call_to_an_unreachable_server_is_a_failure(nowhere: str, timeout: str, wait: str, said: str) -> None:
    pytest.importorskip("grpc")
    command = [sys.executable, "-c", CALL_BY_GRPC, nowhere[7:], timeout, wait]
    shown = subprocess.run(command, env=environment(), capture_output=True, text=True, check=True, timeout=60)
    assert shown.stdout.strip() == said
