"""Tests of the document, with invented samples."""

import unittest

from bench.figures import Results
from bench.growth import growth
from bench.plan import FULL
from bench.report import document
from bench.rows import ROWS
from bench.targets import targets

MACHINE = {"processor": "a processor, 2 cores", "Redis": "7.0.15"}


def results(times: float) -> Results:
    """Returns results in which Fusebox is `times` as fast as each other side."""
    made = Results()
    for row in ROWS:
        for side in row.sides:
            ours = side == "Fusebox"
            factor = times if ours else 1
            if row.key == "swift-staleness":
                made.add(row.key, side, {f"{figure}ms_since_{since}": 2.0 for figure in ("", "max_")
                                         for since in ("report", "answer")})
            elif row.key.startswith("swift-"):
                made.add(row.key, side, {"ns": 100 / factor})
            elif not row.key.startswith("python-"):
                made.add(row.key, side, {"rate": 1_000_000 * factor})
            elif ours:
                made.add(row.key, side, {"us": 100 / factor})
            else:
                made.add(row.key, side, {"us": 100 / factor, "round_trips": 2})
    return made


class Document(unittest.TestCase):
    def test_a_target_is_met_at_its_bound_and_missed_below_it(self) -> None:
        for times, verdict in [(1.0, "met"), (0.99, "**missed**")]:
            [closed] = [each for each in targets(results(times)) if each.title == "acquire, closed ÷ Redis"]
            self.assertEqual(closed.verdict, verdict)

    def test_a_target_of_a_time_is_met_below_its_bound(self) -> None:
        for times, verdict in [(1 / 1.29, "met"), (1 / 1.31, "**missed**")]:
            [python] = [each for each in targets(results(times)) if "PyBreaker" in each.title]
            self.assertEqual(python.verdict, verdict)

    def test_an_unmeasured_target_is_neither_met_nor_missed(self) -> None:
        self.assertEqual({each.verdict for each in targets(Results())}, {"not measured"})

    def test_the_document_has_every_compared_row_with_its_ratio(self) -> None:
        text = document(results(2), MACHINE, FULL, quick=False)
        for row in ROWS:
            if "Redis" in row.sides:
                self.assertIn(f"| {row.title} | 1 000 000 | 2 000 000 | 2.00 |", text)
        self.assertIn("| a denied call | 2.00 | 100 | 50.0 | 0.50 |", text)
        self.assertIn("| processor | a processor, 2 cores |", text)

    def test_an_unmeasured_section_is_left_out(self) -> None:
        text = document(results(2), MACHINE, FULL, quick=False)
        self.assertNotIn("A large database", text)
        self.assertNotIn("Latency", text)

    def test_a_quick_run_says_that_its_figures_mean_nothing_and_judges_no_target(self) -> None:
        for quick in (True, False):
            text = document(results(2), MACHINE, FULL, quick)
            self.assertEqual("mean nothing" in text, quick)
            self.assertEqual("| ≥ 1 000 000 /s |" in text, not quick)

    def test_the_full_plan_has_the_sizes_that_the_targets_need(self) -> None:
        [sizes] = [each for each in growth(FULL) if each.key == "growth-size"]
        self.assertIn("1", sizes.sides)
        self.assertIn("100 000", sizes.sides)


if __name__ == "__main__":
    unittest.main()
