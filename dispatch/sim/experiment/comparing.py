"""Means over days and differences of the same days, with 95 % bootstrap intervals."""

from collections.abc import Iterable, Mapping, Sequence

import msgspec
import numpy as np

from dispatch.sim.experiment.runs import Run
from dispatch.sim.experiment.variants import OURS

RESAMPLES = 1000
LOW, HIGH = 2.5, 97.5
"""Percentiles of a 95 % interval."""


class Estimate(msgspec.Struct, frozen=True):
    """A mean over days and its interval.

    Attributes
    ----------
    days
        How many days it is of.
    """

    mean: float
    low: float
    high: float
    days: int


Means = dict[str, dict[str, Estimate]]
"""By variant and figure."""


def estimate(values: Sequence[float]) -> Estimate:
    """Return the mean of some days and its interval: the same for the same values."""
    found = np.asarray(values, dtype=np.float64)
    count = len(found)
    rng = np.random.default_rng(0)
    means = found[rng.integers(0, count, (RESAMPLES, count))].mean(axis=1)
    low, high = np.percentile(means, (LOW, HIGH))
    return Estimate(float(found.mean()), float(low), float(high), count)


def by_variant(runs: Iterable[Run], setting: str) -> dict[str, dict[int, Run]]:
    """Return the runs of a setting by variant and seed."""
    found: dict[str, dict[int, Run]] = {}
    for run in runs:
        if run.setting == setting:
            found.setdefault(run.variant, {})[run.seed] = run
    return found


def means(runs: Mapping[str, Mapping[int, Run]]) -> Means:
    """Return every figure's mean by variant, over the days that have it."""
    return {
        variant: {
            figure: estimate([run.figures[figure] for run in its if figure in run.figures])
            for figure in _figures(its)
        }
        for variant, its in ((name, list(days.values())) for name, days in runs.items())
    }


def differences(runs: Mapping[str, Mapping[int, Run]], base: str = OURS) -> Means:
    """Return ours less each other variant, over the days that both have."""
    ours = runs.get(base, {})
    found: Means = {}
    for variant, days in runs.items():
        both = [(ours[seed], days[seed]) for seed in sorted(ours.keys() & days.keys())]
        if variant == base or not both:
            continue
        found[variant] = {}
        for figure in _figures([run for pair in both for run in pair]):
            values = [
                our.figures[figure] - its.figures[figure]
                for our, its in both
                if figure in our.figures and figure in its.figures
            ]
            if values:
                found[variant][figure] = estimate(values)
    return found


def _figures(runs: Iterable[Run]) -> list[str]:
    return list(dict.fromkeys(figure for run in runs for figure in run.figures))
