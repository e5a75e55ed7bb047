"""Rows of the table on published files: beside PyVRP, best-known values and references."""

import re
from collections.abc import Callable, Sequence
from pathlib import Path

from benchmarks.solver.published import BestKnown, best_known, data_folder
from benchmarks.solver.runs import Outcome, Run
from benchmarks.solver.table import (
    Line,
    Row,
    at_most,
    by_work,
    chosen,
    failed,
    gaps,
    mean,
    percent,
    ratio_of_means,
)

VEHICLES_FIRST = "vehicles first"
EVERY_FOR_ORTOOLS = 5
"""OR-Tools gets every fifth file of a long row: it is far behind everywhere."""


def _files(kind: str, folder: str, pattern: str = "*.txt") -> list[str]:
    root = data_folder()
    return [f"{kind}:{path.relative_to(root)}" for path in sorted(Path(root, folder).glob(pattern))]


def _spread(works: list[str], count: int) -> list[str]:
    """Return so many works, evenly over all."""
    return works[:: max(1, len(works) // count)][:count]


def _name(work: str) -> str:
    return Path(work.partition(":")[2]).stem.lower()


def _class_of(work: str) -> str:
    """Return r1, r2, c1, c2, rc1 or rc2."""
    found = re.match(r"l?(rc|r|c)(\d)", _name(work))
    assert found, work
    return "".join(found.groups())


def _with_peers(row: str, works: Sequence[str], seconds: float, *, full: bool) -> list[Run]:
    """Ours and PyVRP on all works, VROOM at its best level, OR-Tools on some."""
    runs = []
    for number, work in enumerate(works):
        solvers = ["ours", "pyvrp"]
        if number % EVERY_FOR_ORTOOLS == 0 and full:
            solvers.append("ortools")
        runs += [Run(row=row, work=work, solver=each, seconds=seconds) for each in solvers]
        runs.append(Run(row=row, work=work, solver="vroom", options={"level": "5"}))
    return runs


# --- Gehring and Homberger ------------------------------------------------------------------------


def _gh200_runs(full: bool) -> list[Run]:  # noqa: FBT001
    works = _files("dimacs", "vrptw/gh200")
    return _with_peers("gh-200", works if full else works[::5], 10.0, full=full)


def _gh200_lines(outcomes: Sequence[Outcome]) -> list[Line]:
    costs = {solver: by_work(chosen(outcomes, solver)) for solver in ("ours", "pyvrp", "vroom")}
    lines = []
    for each in sorted({_class_of(work) for work in costs["ours"]}):
        ours, pyvrp, vroom = (
            {work: cost for work, cost in group.items() if _class_of(work) == each}
            for group in costs.values()
        )
        share = ratio_of_means(ours, pyvrp)
        lines.append(
            Line(
                f"Gehring-Homberger 200, {each.upper()} ({len(ours)}), 10 s, distance",
                "at most PyVRP + 0.1 %",
                f"{_distance(ours)}: {percent(share, 2)} of PyVRP's",
                percent(max(gaps(ours, pyvrp), default=None), 2),
                f"PyVRP {_distance(pyvrp)}, VROOM 5 {_distance(vroom)}",
                at_most(share, 0.001),
            )
        )
    return lines


def _known(kind: str, work: str, convention: str) -> BestKnown | None:
    try:
        return best_known(kind, _name(work), convention=convention)
    except LookupError:
        return None


def _distance(costs: dict[str, float]) -> str:
    """Write a mean distance in the file's unit."""
    value = mean(list(costs.values()))
    return "none here" if value is None else f"{value / 10:.1f}"


def _gh400_runs(full: bool) -> list[Run]:  # noqa: FBT001
    fleet = _files("vrptw", "vrptw/gh400")
    distance = _files("dimacs", "vrptw/gh400")
    fleet, distance = (fleet, distance) if full else (fleet[::6], distance[::12])
    runs = [Run(row="gh-400", work=work, solver="ours", seconds=30.0) for work in fleet]
    return runs + _with_peers("gh-400", distance, 30.0, full=full)


def _gh400_lines(outcomes: Sequence[Outcome]) -> list[Line]:
    fleet = [o for o in outcomes if o.run.work.startswith("vrptw:")]
    distance = [o for o in outcomes if o.run.work.startswith("dimacs:")]
    ours, pyvrp = (by_work(chosen(distance, solver)) for solver in ("ours", "pyvrp"))
    share = ratio_of_means(ours, pyvrp)
    return [
        *_fleet_lines(
            "Gehring-Homberger 400, 30 s, vehicles first",
            "best known's fleet, distance within 2 % on the mean",
            fleet,
            "vrptw",
            lambda found: (
                found.share_equal == 1 and found.share is not None and found.share <= 0.02
            ),
        ),
        Line(
            f"Gehring-Homberger 400 ({len(ours)}), 30 s, distance",
            "against PyVRP",
            f"{_distance(ours)}: {percent(share, 2)} of PyVRP's",
            percent(max(gaps(ours, pyvrp), default=None), 2),
            f"PyVRP {_distance(pyvrp)}",
            at_most(share, 0.0),
        ),
    ]


# --- fleets ---------------------------------------------------------------------------------------


class Fleets:
    """A solver's answers beside the best known: vehicles first, then cost.

    Parameters
    ----------
    outcomes : sequence of Outcome
        Valid or not; what is not valid is no answer, and counts as a fleet missed.
    kind : str
        Of the files.
    solver : str
        Whose answers.
    """

    def __init__(self, outcomes: Sequence[Outcome], kind: str, solver: str) -> None:
        mine = [o for o in outcomes if o.run.solver == solver]
        known = {o.run.work: _known(kind, o.run.work, VEHICLES_FIRST) for o in mine}
        pairs = [(o, best) for o in mine if (best := known[o.run.work]) is not None]
        self.count = len(pairs)
        valid = [(o, best) for o, best in pairs if o.is_valid]
        self.invalid = self.count - len(valid)
        self.more = [o.vehicles - best.vehicles for o, best in valid]
        self.gaps = [o.cost / best.cost - 1 for o, best in valid if o.vehicles == best.vehicles]

    @property
    def share_equal(self) -> float:
        """Share of works with the best known's fleet, or a smaller one."""
        return sum(more <= 0 for more in self.more) / max(self.count, 1)

    @property
    def share(self) -> float | None:
        """Mean gap of the cost where the fleet is the best known's."""
        return mean(self.gaps)

    @property
    def most_more(self) -> int:
        """Most vehicles above the best known's fleet."""
        return max(self.more, default=0)

    def __str__(self) -> str:
        if not self.count:
            return "not run"
        text = f"fleet {sum(more <= 0 for more in self.more)} of {self.count}"
        text += f", cost {percent(self.share, 2)}" if self.gaps else ""
        return text + (f", {self.invalid} without a valid answer" if self.invalid else "")


def _fleet_lines(
    work: str,
    goal: str,
    outcomes: Sequence[Outcome],
    kind: str,
    is_met: Callable[[Fleets], bool],
) -> list[Line]:
    ours = Fleets(outcomes, kind, "ours")
    if not ours.count:
        return []
    peers = [
        f"{label} {Fleets(outcomes, kind, solver)}"
        for solver, label in (("pyvrp", "PyVRP"), ("vroom", "VROOM 5"), ("ortools", "OR-Tools"))
        if any(o.run.solver == solver for o in outcomes)
    ]
    worst = f"+{ours.most_more} vehicles, cost {percent(max(ours.gaps, default=None), 2)}"
    met = is_met(ours) and not failed(outcomes, "ours")
    return [Line(f"{work} ({ours.count})", goal, str(ours), worst, "; ".join(peers), met)]


def _lilim_runs(full: bool) -> list[Run]:  # noqa: FBT001
    runs = []
    for folder, few in (("pdp_100", 4), ("pdp_200", 2)):
        works = _files("lilim", f"pdptw_lilim/{folder}")
        works = works if full else _spread(works, few)
        runs += _with_peers("lilim", works, 10.0, full=full)
    return runs


def _lilim_lines(outcomes: Sequence[Outcome]) -> list[Line]:
    lines = []
    for size in (100, 200):
        some = [o for o in outcomes if f"pdp_{size}/" in o.run.work]
        lines += _fleet_lines(
            f"Li & Lim {size}, 10 s",
            "best known's fleet in 9 of 10, never more than one above; distance within 0.5 %",
            some,
            "lilim",
            lambda found: (
                found.share_equal >= 0.9
                and found.most_more <= 1
                and found.share is not None
                and found.share <= 0.005
            ),
        )
    return lines


def _sartori_runs(full: bool) -> list[Run]:  # noqa: FBT001
    runs = []
    for size in (100, 200):
        works = _files("sartori", "pdptw_real/instances", f"*-n{size}-*.txt")
        works = works if full else _spread(works, 1)
        runs += _with_peers("sartori", works, 30.0, full=full)
    return runs


def _sartori_lines(outcomes: Sequence[Outcome]) -> list[Line]:
    return _fleet_lines(
        "Sartori & Buriol n100 and n200, 30 s",
        "best known's fleet in 7 of 10, never more than one above; cost within 2 %",
        outcomes,
        "sartori",
        lambda found: (
            found.share_equal >= 0.7
            and found.most_more <= 1
            and found.share is not None
            and found.share <= 0.02
        ),
    )


ROWS = (
    Row("gh-200", _gh200_runs, _gh200_lines),
    Row("gh-400", _gh400_runs, _gh400_lines),
    Row("lilim", _lilim_runs, _lilim_lines),
    Row("sartori", _sartori_runs, _sartori_lines),
)
