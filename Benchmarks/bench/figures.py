"""The figures computed from the samples (medians, spreads, ratios), and their format."""

from collections import defaultdict
from statistics import median

# The figures of one measurement by name: `rate`, `p99_us`, `resident_bytes`.
Sample = dict[str, float]


class Results:
    """Every sample of a run, by scenario and side."""

    def __init__(self) -> None:
        self.samples: dict[str, dict[str, list[Sample]]] = defaultdict(lambda: defaultdict(list))

    def add(self, scenario: str, side: str, sample: Sample) -> None:
        self.samples[scenario][side].append(sample)

    def has(self, scenario: str, side: str) -> bool:
        return scenario in self.samples and side in self.samples[scenario]

    def series(self, scenario: str, side: str, figure: str) -> list[float]:
        """Returns the values of a figure in the order of measurement; empty if it was not measured."""
        if not self.has(scenario, side):
            return []
        return [sample[figure] for sample in self.samples[scenario][side] if figure in sample]

    def median(self, scenario: str, side: str, figure: str) -> float | None:
        series = self.series(scenario, side, figure)
        return median(series) if series else None


def ratio(ours: float | None, theirs: float | None) -> float | None:
    """Returns ours ÷ theirs; `None` if either was not measured."""
    return None if ours is None or theirs is None or theirs == 0 else ours / theirs


def spread(series: list[float]) -> float:
    """Returns the spread of the samples as a share of their median: (largest − smallest) / median."""
    return (max(series) - min(series)) / median(series) if series and median(series) else 0


def number(value: float | None) -> str:
    """Formats three significant digits, because the rest is noise: `64 300`, `1.02`, `–`."""
    if value is None:
        return "–"
    if abs(value) >= 100:
        digits = len(str(int(abs(value)))) - 3
        return f"{int(round(value, -digits)):,}".replace(",", " ")
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


def with_spread(series: list[float]) -> str:
    """Formats the median, and the spread if there are several samples: `64 300 (4 %)`."""
    if not series:
        return "–"
    text = number(median(series))
    return f"{text} ({spread(series):.0%})".replace("%", " %") if len(series) > 1 else text


def table(header: list[str], lines: list[list[str]]) -> str:
    """Formats a Markdown table; every column but the first is aligned to the right."""
    rules = ["---"] + ["---:"] * (len(header) - 1)
    return "\n".join("| " + " | ".join(cells) + " |" for cells in [header, rules, *lines]) + "\n"
