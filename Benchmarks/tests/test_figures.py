"""Tests of the figures computed from the samples."""

import unittest

from bench.figures import Results, number, ratio, spread, table, with_spread


class Figures(unittest.TestCase):
    def test_a_median_is_that_of_the_named_figure_of_one_side(self) -> None:
        results = Results()
        for rate in (30, 10, 20):
            results.add("acquire", "Redis", {"rate": rate, "p99_us": 1})
        results.add("acquire", "Fusebox", {"rate": 99, "p99_us": 2})
        self.assertEqual(results.median("acquire", "Redis", "rate"), 20)

    def test_an_unmeasured_row_has_no_median_and_reading_it_adds_no_row(self) -> None:
        results = Results()
        self.assertIsNone(results.median("acquire", "Redis", "rate"))
        self.assertFalse(results.samples)

    def test_a_ratio_needs_both_sides(self) -> None:
        self.assertEqual(ratio(3, 2), 1.5)
        self.assertIsNone(ratio(None, 2))
        self.assertIsNone(ratio(3, None))

    def test_a_spread_is_the_range_over_the_median(self) -> None:
        self.assertAlmostEqual(spread([90, 100, 120]), 0.3)
        self.assertEqual(spread([]), 0)

    def test_a_number_has_three_significant_digits(self) -> None:
        for value, text in [
            (64_349, "64 300"), (64_350, "64 400"), (1_234_567, "1 230 000"), (999.4, "999"), (100, "100"),
            (99.94, "99.9"), (10, "10.0"), (9.994, "9.99"), (0.873, "0.87"), (0, "0.00"), (None, "–"),
        ]:
            with self.subTest(value=value):
                self.assertEqual(number(value), text)

    def test_a_spread_is_shown_only_for_several_samples(self) -> None:
        self.assertEqual(with_spread([1_000]), "1 000")
        self.assertEqual(with_spread([1_000, 1_100, 900]), "1 000 (20 %)")
        self.assertEqual(with_spread([]), "–")

    def test_a_table_aligns_all_columns_but_the_first_to_the_right(self) -> None:
        self.assertEqual(
            table(["row", "a", "b"], [["x", "1", "2"]]), "| row | a | b |\n| --- | ---: | ---: |\n| x | 1 | 2 |\n",
        )


if __name__ == "__main__":
    unittest.main()
