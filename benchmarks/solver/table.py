"""What stands in the table of goals: a line for each goal, and how outcomes are compared."""

import statistics
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from benchmarks.solver.runs import Outcome, Run


@dataclass(frozen=True, slots=True)
class Line:
    """One goal and what was measured.

    Parameters
    ----------
    work, goal : str
        What was solved, and what for.
    ours, worst, peers : str
        Mean over instances and seeds, the worst of them, and the same of the peers.
    is_met : bool or None
        None where nothing can be said: a peer or an answer is missing.
    """

    work: str
    goal: str
    ours: str
    worst: str
    peers: str
    is_met: bool | None


@dataclass(frozen=True)
class Row:
    """A part of the benchmark that can be asked for by name.

    Parameters
    ----------
    name : str
        For ``--only``.
    runs : callable
        The runs it needs; of the whole benchmark or of the short form.
    lines : callable
        What its outcomes say.
    """

    name: str
    runs: Callable[[bool], list[Run]]
    lines: Callable[[Sequence[Outcome]], list[Line]]


def chosen(
    outcomes: Iterable[Outcome], solver: str, *, seconds: float | None = None, **options: str
) -> dict[tuple[str, int], Outcome]:
    """Return the valid outcomes of a solver by work and seed; invalid ones are no answer."""
    return {
        (outcome.run.work, outcome.run.seed): outcome
        for outcome in outcomes
        if outcome.run.solver == solver
        and (seconds is None or outcome.run.seconds == seconds)
        and all(outcome.run.options.get(name) == value for name, value in options.items())
        and outcome.is_valid
    }


def failed(outcomes: Iterable[Outcome], solver: str) -> list[str]:
    """Return what is wrong with a solver's invalid outcomes."""
    return [
        f"{outcome.run.work}: {outcome.error or outcome.faults[0]}"
        for outcome in outcomes
        if outcome.run.solver == solver and not outcome.is_valid
    ]


def best_of(groups: Iterable[dict[tuple[str, int], Outcome]]) -> dict[str, Outcome]:
    """Return the cheapest outcome of each work."""
    best: dict[str, Outcome] = {}
    for group in groups:
        for (work, _), outcome in group.items():
            if work not in best or outcome.cost < best[work].cost:
                best[work] = outcome
    return best


def by_work(group: dict[tuple[str, int], Outcome]) -> dict[str, float]:
    """Return the mean cost of each work over seeds."""
    costs: dict[str, list[float]] = {}
    for (work, _), outcome in group.items():
        costs.setdefault(work, []).append(outcome.cost)
    return {work: statistics.fmean(each) for work, each in costs.items()}


def gaps(ours: dict[str, float], theirs: dict[str, float]) -> list[float]:
    """Return ours over theirs, minus 1, for each work that both have."""
    return [ours[work] / theirs[work] - 1 for work in ours if work in theirs]


def ratio_of_means(ours: dict[str, float], theirs: dict[str, float]) -> float | None:
    """Return the mean of ours over the mean of theirs, minus 1; None without a common work."""
    both = [work for work in ours if work in theirs]
    if not both:
        return None
    return sum(ours[work] for work in both) / sum(theirs[work] for work in both) - 1


def percent(share: float | None, digits: int = 1) -> str:
    """Write a difference as +1.2 %."""
    # Adding 0 makes a rounded -0.0 an ordinary zero.
    return "" if share is None else f"{round(100 * share, digits) + 0.0:+.{digits}f} %"


def mean(values: Sequence[float]) -> float | None:
    """Return the mean; None of nothing."""
    return statistics.fmean(values) if values else None


def at_most(share: float | None, limit: float) -> bool | None:
    """Return whether a goal is met; None where there is nothing to compare."""
    return None if share is None else share <= limit
