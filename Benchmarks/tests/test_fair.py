"""Tests of the hostile clients' requests, and of the figures computed from the worker's times."""

import json
import socket
import tempfile
import threading
import unittest
from itertools import islice
from pathlib import Path

from bench.fair import ATTACKS, Caller, Client, GuardedServer, failures, ids, message, names, percentile
from bench.figures import Results
from bench.growth import ITEMS_PER_REQUEST
from bench.plan import FULL
from bench.report import document
from bench.targets import targets

OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}"
BUSY = b"HTTP/1.1 503 Service Unavailable\r\ncontent-length: 2\r\n\r\n{}"


def reports(request: bytes) -> list[dict[str, str]]:
    head, _, body = request.partition(b"\r\n\r\n")
    assert f"content-length: {len(body)}".encode() in head
    found: list[dict[str, str]] = json.loads(body)["reports"]
    return found


class Pieces:
    """A socket from which each `recv` takes the next of these, and at the end nothing."""

    def __init__(self, *pieces: bytes) -> None:
        self.pieces = list(pieces)

    def sendall(self, _: bytes) -> None:
        pass

    def recv(self, _: int) -> bytes:
        return self.pieces.pop(0) if self.pieces else b""


class Answering:
    """A server that answers the requests of one connection, and closes it."""

    def __init__(self, *answers: bytes) -> None:
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.thread = threading.Thread(target=self.answer, args=(answers,))
        self.thread.start()

    def answer(self, answers: tuple[bytes, ...]) -> None:
        connection, _ = self.listener.accept()
        with connection:
            for answer in answers:
                connection.recv(65_536)
                connection.sendall(answer)

    def close(self) -> None:
        self.thread.join()
        self.listener.close()


class Requests(unittest.TestCase):
    def test_a_batch_has_as_many_reports_as_a_request_may_carry(self) -> None:
        sent = reports(failures("a secret"))
        self.assertEqual(len(sent), ITEMS_PER_REQUEST)
        self.assertEqual({each["outcome"] for each in sent}, {"failure"})

    def test_each_report_has_a_unique_id_also_after_a_connection_is_opened_again(self) -> None:
        sent = [report["report_id"] for index in (0, 0) for request in islice(ids("a secret", index), 2)
                for report in reports(request)]
        self.assertEqual(len(sent), 4 * ITEMS_PER_REQUEST)
        self.assertEqual(len(set(sent)), len(sent))
        self.assertLessEqual(max(map(len, sent)), 64)

    def test_each_acquire_has_a_unique_name(self) -> None:
        sent = [request for index in (0, 1) for request in islice(names("a secret", index), 3)]
        self.assertEqual(len(set(sent)), 6)


class Connections(unittest.TestCase):
    def test_an_answer_in_pieces_is_read_to_its_end(self) -> None:
        chunked = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"
        for pieces, answer in [
            ([OK[:20], OK[20:-1], OK[-1:]], (200, b"{}")),
            ([chunked, b"2\r\n{}\r\n", b"0\r\n\r\n"], (200, b"2\r\n{}\r\n0\r\n\r\n")),
            ([BUSY], (503, b"{}")),
        ]:
            client = Client.__new__(Client)
            client.socket = Pieces(*pieces)  # type: ignore[assignment]
            self.assertEqual(client.ask(message("a secret", "GET", "/")), answer)
            with self.assertRaises(ConnectionResetError):
                client.ask(message("a secret", "GET", "/"))

    def test_an_answer_other_than_a_2xx_and_a_connection_that_ends_are_refusals(self) -> None:
        server = Answering(OK, BUSY)
        self.addCleanup(server.close)
        caller = Caller(server.port)
        for refused in (0, 1, 2):
            caller.milliseconds(message("a secret", "GET", "/"))
            self.assertEqual(caller.refused, refused)
        caller.close()


class Figures(unittest.TestCase):
    def test_a_percentile_is_one_of_the_values_and_the_share_does_not_exceed_it(self) -> None:
        values = [float(value) for value in range(100, 0, -1)]
        for share, expected in [(0.5, 50), (0.99, 99), (1, 100)]:
            self.assertEqual(percentile(values, share), expected)
        self.assertEqual(percentile([7.0], 0.99), 7)

    def test_a_p99_is_met_at_25_ms_and_missed_above(self) -> None:
        title = "p99 of a report beside batches of 10000"
        for p99, verdict in [(25.0, "met"), (25.1, "**missed**")]:
            results = Results()
            results.add("fair-batches", "Fusebox", {"beside_report_p99_ms": p99})
            self.assertEqual([each.verdict for each in targets(results) if each.title == title], [verdict])

    def test_each_attack_has_its_figures_in_the_document(self) -> None:
        results = Results()
        for key in ATTACKS:
            results.add(key, "Fusebox", {"beside_report_p99_ms": 12.3, "resident_bytes": 45_600_000})
        text = document(results, {}, FULL, quick=False)
        for title, _ in ATTACKS.values():
            self.assertIn(f"| {title} | – | 12.3 |", text)
            self.assertIn(f"| {title} | 45.6 |", text)


class Tokens(unittest.TestCase):
    def test_each_client_has_a_token_of_its_role_and_the_driver_uses_the_operators(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            server = GuardedServer(Path(folder), Path("fusebox"), hostile_role="viewer", descriptors=600)
            lines = [line.split()[:2] for line in server.tokens.read_text().splitlines()]
            self.assertEqual(lines, [["worker", "worker"], ["hostile", "viewer"], ["operator", "operator"]])
            self.assertEqual(server.headers["authorization"], f"Bearer {server.secrets['operator']}")
            self.assertEqual(server.command()[:3], ["prlimit", "--nofile=600", "fusebox"])


if __name__ == "__main__":
    unittest.main()
