"""Tests of the requests of a row, and of the check that its measurement was valid."""

import json
import random
import unittest

from bench.__main__ import chosen
from bench.fair import fairness
from bench.fusebox_side import MIX_ROUNDS, requests
from bench.growth import growth
from bench.plan import CONNECTIONS, FULL, BenchError
from bench.rows import ROWS
from bench.scenario import Load, Totals, breaker_name, check

BEFORE = Totals(calls=100, failures=10, states={"closed": 1})


def after(calls: int, failures: int, **states: int) -> Totals:
    return Totals(BEFORE.calls + calls, BEFORE.failures + failures, states or {"closed": 1})


class Checks(unittest.TestCase):
    def test_the_count_may_exceed_the_sent_reports_by_the_unanswered_ones_at_both_ends(self) -> None:
        load = Load("report")
        for calls, passes in [(999, False), (1_000, True), (1_000 + 2 * CONNECTIONS, True),
                              (1_001 + 2 * CONNECTIONS, False)]:
            with self.subTest(calls=calls):
                self.assert_passes(passes, load, after(calls, 0), 1_000)

    def test_an_unanswered_batch_may_be_counted_in_full(self) -> None:
        load = Load("report", batch=100, count=10)
        most = 5_000 + 2 * CONNECTIONS * 1_000
        self.assert_passes(True, load, after(most, 0), 5_000)
        self.assert_passes(False, load, after(most + 1, 0), 5_000)

    def test_each_failure_counts_as_one_and_no_success_does(self) -> None:
        failing = Load("report", outcome="failure")
        self.assert_passes(True, failing, after(1_000, 1_000), 1_000)
        self.assert_passes(False, failing, after(1_000, 999), 1_000)
        self.assert_passes(False, Load("report"), after(1_000, 1), 1_000)

    def test_a_row_with_a_breaker_in_another_state_is_refused(self) -> None:
        self.assert_passes(False, Load("report"), after(1_000, 0, open=1), 1_000)
        self.assert_passes(True, Load("acquire", state="open"), after(0, 0, open=1), 1_000)
        self.assert_passes(False, Load("acquire", state="open"), after(0, 0, closed=1), 1_000)
        self.assert_passes(False, Load("mix", breakers=3), after(500, 5, closed=2, open=1), 1_000)

    def test_an_acquire_changes_no_counts(self) -> None:
        self.assert_passes(False, Load("acquire"), after(1, 0), 1_000)

    def test_half_of_a_mix_is_reports_and_one_report_in_a_hundred_is_a_failure(self) -> None:
        load = Load("mix")
        self.assert_passes(True, load, after(50_000, 500), 100_000)
        self.assert_passes(False, load, after(52_000, 520), 100_000)
        self.assert_passes(False, load, after(50_000, 0), 100_000)

    def assert_passes(self, passes: bool, load: Load, totals: Totals, sent: int) -> None:
        if passes:
            check(load, BEFORE, totals, sent)
        else:
            with self.assertRaises(BenchError):
                check(load, BEFORE, totals, sent)


class Requests(unittest.TestCase):
    permits = {breaker_name(index): str(index + 1) for index in range(1_000)}

    def test_a_mix_acquires_each_breaker_equally_often_and_reports_under_its_permit(self) -> None:
        sent = requests(Load("mix", breakers=1_000), self.permits, random.Random(1))
        self.assertEqual(len(sent), 2 * MIX_ROUNDS * len(self.permits))
        self.assertTrue(all(each.path.endswith("/acquire") for each in sent[::2]))
        for name, permit in self.permits.items():
            reports = [each for each in sent[1::2] if f"/{name}/" in each.path]
            self.assertEqual(len(reports), MIX_ROUNDS)
            self.assertTrue(all(f"&permit={permit}&" in each.path for each in reports))

    def test_one_report_of_a_mix_in_a_hundred_is_a_failure(self) -> None:
        sent = requests(Load("mix", breakers=1_000), self.permits, random.Random(1))
        failures = [each for each in sent if "outcome=failure" in each.path]
        self.assertEqual(len(failures), MIX_ROUNDS * len(self.permits) // 100)

    def test_a_batch_has_the_given_number_of_reports_with_the_given_count(self) -> None:
        load = Load("report", outcome="failure", batch=100, count=7)
        [request] = requests(load, {"payments": "3"}, random.Random(1))
        reports = json.loads(request.body)["reports"]
        self.assertEqual(len(reports), 100)
        self.assertEqual(reports[0], {
            "name": "payments", "outcome": "failure", "permit": "3", "reporter": "bench-1", "kind": "timeout",
            "count": 7,
        })

    def test_breaker_names_equal_those_that_redis_benchmark_makes(self) -> None:
        self.assertEqual(breaker_name(42), "breaker:000000000042")


class Choice(unittest.TestCase):
    every = ROWS + growth(FULL) + fairness()

    def test_every_row_has_a_unique_key(self) -> None:
        keys = [each.key for each in self.every]
        self.assertEqual(len(keys), len(set(keys)))

    def test_a_row_is_selected_by_its_full_key_or_its_first_words(self) -> None:
        for only, keys in [
            (["mix"], ["mix", "mix-json"]),
            (["acquire"], ["acquire-closed", "acquire-open"]),
            (["batch-100"], ["batch-100-success", "batch-100-failure"]),
            (["sqlite", "report-success"], ["report-success", "sqlite"]),
        ]:
            with self.subTest(only=only):
                self.assertEqual([each.key for each in chosen(self.every, only)], keys)

    def test_an_unknown_row_is_refused_by_name(self) -> None:
        with self.assertRaisesRegex(BenchError, "batch-10:"):
            chosen(self.every, ["mix", "batch-10"])


if __name__ == "__main__":
    unittest.main()
