"""Tests of the breaker in a real Redis. It has to be a complete breaker, or the comparison is worthless."""

import shutil
import tempfile
import time
import unittest
from pathlib import Path

from bench.redis_side import mix_script, script, totals
from bench.scenario import Totals, breaker_name
from bench.servers import RedisServer

LEASE_MS = 30_000
# Long enough for a busy machine to send a request within it, short enough for a test to wait.
SHORT_MS = 200


@unittest.skipUnless(shutil.which("redis-server") and shutil.which("redis-cli"), "Redis is not installed")
class RedisBreaker(unittest.TestCase):
    server: RedisServer
    scripts: dict[str, str]
    name = breaker_name(0)

    @classmethod
    def setUpClass(cls) -> None:
        folder = cls.enterClassContext(tempfile.TemporaryDirectory())
        cls.server = cls.enterClassContext(RedisServer(Path(folder), "everysec"))
        cls.scripts = {name: cls.server.load_script(script(name)) for name in ("acquire", "report")}

    def setUp(self) -> None:
        self.server.cli("FLUSHALL")

    def acquire(self, lease_ms: int = LEASE_MS) -> list[str]:
        return self.server.cli("EVALSHA", self.scripts["acquire"], "1", self.name, str(lease_ms)).splitlines()

    def report(self, outcome: str, permit: str, threshold: int = 5, recovery_ms: int = 60_000) -> list[str]:
        return self.server.cli(
            "EVALSHA", self.scripts["report"], "1", self.name, outcome, permit, str(threshold), str(recovery_ms),
            "timeout", "worker-1",
        ).splitlines()

    def fail_until_open(self, recovery_ms: int = 60_000) -> None:
        permit = self.acquire()[2]
        self.assertEqual([self.report("failure", permit, 2, recovery_ms)[1] for _ in range(2)], ["closed", "open"])

    def probe(self, lease_ms: int = LEASE_MS) -> str:
        """Opens the breaker for the shortest possible time, and returns the permit of the probe that follows."""
        self.fail_until_open(recovery_ms=0)
        allowed, state, permit = self.acquire(lease_ms)
        self.assertEqual((allowed, state), ("1", "half_open"))
        return permit

    def failures(self) -> list[str]:
        return self.server.cli("LRANGE", f"{self.name}:failures", "0", "-1").splitlines()

    def test_the_first_acquire_creates_a_closed_breaker(self) -> None:
        self.assertEqual(self.acquire(), ["1", "closed", "1"])
        self.assertEqual(self.acquire(), ["1", "closed", "1"])

    def test_a_breaker_opens_at_the_threshold_and_not_one_failure_earlier(self) -> None:
        permit = self.acquire()[2]
        states = [self.report("failure", permit, threshold=3)[1] for _ in range(3)]
        self.assertEqual(states, ["closed", "closed", "open"])

    def test_a_success_ends_the_streak(self) -> None:
        permit = self.acquire()[2]
        outcomes = ["failure", "failure", "success", "failure", "failure"]
        self.assertEqual({self.report(outcome, permit, threshold=3)[1] for outcome in outcomes}, {"closed"})
        self.assertEqual(self.server.hash(self.name)["streak"], "2")

    def test_a_breaker_without_a_threshold_never_opens(self) -> None:
        permit = self.acquire()[2]
        self.assertEqual({self.report("failure", permit, threshold=0)[1] for _ in range(12)}, {"closed"})

    def test_successes_and_failures_are_counted_and_ignored_outcomes_are_not(self) -> None:
        permit = self.acquire()[2]
        for outcome in ("success", "failure", "success", "ignored", "success"):
            self.report(outcome, permit)
        self.assertEqual(totals(self.server), Totals(4, 1, {"closed": 1}))

    def test_an_open_breaker_denies_with_the_remaining_time_and_applies_no_report(self) -> None:
        self.fail_until_open()
        allowed, state, rest_ms = self.acquire()
        self.assertEqual((allowed, state), ("0", "open"))
        self.assertTrue(0 < int(rest_ms) <= 60_000, rest_ms)
        before = self.server.hash(self.name)
        self.assertEqual(self.report("failure", "1"), ["0", "open"])
        self.assertEqual(self.server.hash(self.name), before)

    def test_an_open_breaker_allows_a_probe_only_after_its_recovery_timeout(self) -> None:
        self.fail_until_open(recovery_ms=SHORT_MS)
        self.assertEqual(self.acquire()[:2], ["0", "open"])
        time.sleep(SHORT_MS / 1_000)
        self.assertEqual(self.acquire()[:2], ["1", "half_open"])

    def test_there_is_one_probe_at_a_time(self) -> None:
        self.probe()
        allowed, state, rest_ms = self.acquire()
        self.assertEqual((allowed, state), ("0", "half_open"))
        self.assertTrue(0 < int(rest_ms) <= LEASE_MS, rest_ms)

    def test_a_probe_that_succeeds_closes_and_one_that_fails_opens_again(self) -> None:
        for outcome, state in (("success", "closed"), ("failure", "open")):
            with self.subTest(outcome=outcome):
                self.server.cli("FLUSHALL")
                permit = self.probe()
                self.assertEqual(self.report(outcome, permit), ["1", state])
                self.assertEqual(self.report(outcome, permit), ["0", state])

    def test_a_returned_permit_frees_the_slot_for_another_probe(self) -> None:
        permit = self.probe()
        self.assertEqual(self.report("ignored", permit), ["1", "half_open"])
        allowed, _, other = self.acquire()
        self.assertEqual(allowed, "1")
        self.assertNotEqual(other, permit)
        self.assertEqual(self.report("success", permit), ["0", "half_open"])

    def test_a_probe_that_outlives_its_lease_is_lost_and_its_report_changes_nothing(self) -> None:
        lost = self.probe(lease_ms=0)
        self.assertEqual(self.report("success", lost), ["0", "half_open"])
        allowed, _, permit = self.acquire()
        self.assertEqual(allowed, "1")
        self.assertEqual(self.report("success", lost), ["0", "half_open"])
        self.assertEqual(self.report("success", permit), ["1", "closed"])

    def test_a_report_of_an_earlier_generation_changes_nothing(self) -> None:
        permit = self.probe()
        self.report("success", permit)
        current = self.acquire()[2]
        before = self.server.hash(self.name)
        self.assertEqual(self.report("failure", "1", threshold=1), ["0", "closed"])
        self.assertEqual(self.report("failure", permit, threshold=1), ["0", "closed"])
        self.assertEqual(self.server.hash(self.name), before)
        self.assertEqual(self.report("failure", current, threshold=1), ["1", "open"])

    def test_each_transition_begins_a_generation(self) -> None:
        for outcome in ("success", "failure"):
            with self.subTest(outcome=outcome):
                self.server.cli("FLUSHALL")
                permit = self.probe()
                self.assertEqual(permit, "3-1")
                self.report(outcome, permit)
                self.assertEqual(self.server.hash(self.name)["generation"], "4")

    def test_a_report_creates_no_breaker(self) -> None:
        self.assertEqual(self.report("failure", "1"), ["0", "unknown"])
        self.assertEqual(self.server.cli("DBSIZE"), "0")

    def test_the_failure_log_keeps_the_newest_thousand_with_kind_and_reporter(self) -> None:
        permit = self.acquire()[2]
        call = f"EVALSHA {self.scripts['report']} 1 {self.name} failure {permit} 0 60000"
        self.server.cli(given="".join(f"{call} timeout worker-{number}\n" for number in range(1_001)))
        kept = self.failures()
        self.assertEqual(len(kept), 1_000)
        self.assertRegex(kept[0], r"^\d{13} timeout worker-1000$")
        self.assertRegex(kept[-1], r"^\d{13} timeout worker-1$")

    def test_the_coin_of_a_mix_chooses_between_acquire_success_and_failure(self) -> None:
        mix = self.server.load_script(mix_script())
        self.acquire()
        for coin, calls, failures in [(499, 0, 0), (500, 1, 0), (994, 2, 0), (995, 3, 1), (999, 4, 2)]:
            with self.subTest(coin=coin):
                self.server.cli("EVALSHA", mix, "1", self.name, f"{coin:012}", "1", "worker-1")
                counted = self.server.hash(self.name)
                self.assertEqual((counted["calls"], counted["failures"]), (str(calls), str(failures)))


if __name__ == "__main__":
    unittest.main()
