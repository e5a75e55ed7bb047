"""Rows of the table on generated works: beside VROOM, PyVRP and OR-Tools."""

from collections.abc import Sequence

from benchmarks.solver.runs import VROOM_LEVELS, Outcome, Run
from benchmarks.solver.table import (
    Line,
    Row,
    at_most,
    best_of,
    by_work,
    chosen,
    failed,
    gaps,
    mean,
    percent,
    ratio_of_means,
)

SEEDS = range(1, 11)
ENGINES = ("routing", "search")
"""Building OR-Tools' model takes half of so short a limit."""
SMALL = "200:40"
MIDDLE = "1000:200"
LARGE = "5000:1000"
MILLION = 1e6


def _works(size: str, seeds: Sequence[int]) -> list[str]:
    return [f"C:{size}:{seed}" for seed in seeds]


def _small_runs(full: bool) -> list[Run]:  # noqa: FBT001
    levels = VROOM_LEVELS if full else (0, 1, 5)
    runs = []
    for work in _works(SMALL, SEEDS if full else SEEDS[:2]):
        runs += [
            Run(row="crowd-200", work=work, solver=solver, seconds=seconds)
            for seconds in (2.0, 10.0)
            for solver in ("ours", "pyvrp", "ortools")
        ]
        runs += [
            Run(row="crowd-200", work=work, solver="vroom", options={"level": str(level)})
            for level in levels
        ]
    return runs


def _small_lines(outcomes: Sequence[Outcome]) -> list[Line]:
    vroom = best_of(chosen(outcomes, "vroom", level=str(level)) for level in VROOM_LEVELS)
    theirs = {work: outcome.cost for work, outcome in vroom.items()}
    vroom_s = mean([outcome.cpu_s for outcome in vroom.values()]) or 0.0
    lines = []
    for seconds, wanted in ((2.0, -0.04), (10.0, -0.05)):
        ours = by_work(chosen(outcomes, "ours", seconds=seconds))
        pyvrp = by_work(chosen(outcomes, "pyvrp", seconds=seconds))
        ortools = by_work(chosen(outcomes, "ortools", seconds=seconds))
        shares = gaps(ours, theirs)
        to_vroom, to_pyvrp = ratio_of_means(ours, theirs), ratio_of_means(ours, pyvrp)
        peers = [
            f"VROOM's best {_thousands(theirs.values())} in {vroom_s:.1f} s",
            f"PyVRP {_thousands(pyvrp.values())}",
            f"OR-Tools alone {_thousands(ortools.values())}",
        ]
        is_met = None
        if to_vroom is not None and to_pyvrp is not None:
            is_met = to_vroom <= wanted and to_pyvrp <= -0.15 and not failed(outcomes, "ours")
        lines.append(
            Line(
                f"crowd 200 / 40, {seconds:.0f} s",
                f"{-100 * wanted:.0f} % below VROOM's best, 15 % below PyVRP",
                f"{_thousands(ours.values())}: {percent(to_vroom)} of VROOM's, "
                f"{percent(to_pyvrp)} of PyVRP's",
                f"{percent(max(shares, default=None))} of VROOM's",
                ", ".join(peers),
                is_met,
            )
        )
    return lines


def _thousands(costs: object) -> str:
    value = mean(list(costs))  # type: ignore[call-overload]
    return "none" if value is None else f"{value / 1000:.1f} k"


def _middle_runs(full: bool) -> list[Run]:  # noqa: FBT001
    runs = []
    for work in _works(MIDDLE, SEEDS if full else SEEDS[:1]):
        shared = {"row": "crowd-1000", "work": work, "threads": 2}
        runs += [
            Run(solver=solver, seconds=10.0, **shared)  # type: ignore[arg-type]
            for solver in ("ours", "pyvrp", "ortools")
        ]
        levels = ("0", "1") if full else ("1",)
        runs += [
            Run(solver="vroom", options={"level": level}, **shared)  # type: ignore[arg-type]
            for level in levels
        ]
    return runs


def _middle_lines(outcomes: Sequence[Outcome]) -> list[Line]:
    group = chosen(outcomes, "ours")
    ours = by_work(group)
    level_1 = chosen(outcomes, "vroom", level="1")
    theirs = by_work(level_1)
    share = ratio_of_means(ours, theirs)
    peers = [f"VROOM 1 {_millions(theirs)} in {_cpu(level_1)} CPU s"]
    for solver in ("pyvrp", "ortools"):
        other = chosen(outcomes, solver)
        peers.append(f"{solver} {_millions(by_work(other))} in {_cpu(other)} CPU s")
    walls = mean([outcome.wall_s for outcome in group.values()]) or 0.0
    return [
        Line(
            "crowd 1,000 / 200, 10 s on two cores",
            "10 % below VROOM level 1",
            f"{_millions(ours)}: {percent(share)} of VROOM's; {walls:.1f} s, {_cpu(group)} CPU s",
            percent(max(gaps(ours, theirs), default=None)),
            ", ".join(peers),
            at_most(share, -0.10),
        )
    ]


def _millions(costs: dict[str, float]) -> str:
    value = mean(list(costs.values()))
    return "no answer" if value is None else f"{value / MILLION:.3f} M"


def _cpu(group: dict[tuple[str, int], Outcome]) -> str:
    value = mean([outcome.cpu_s for outcome in group.values()])
    return "-" if value is None else f"{value:.1f}"


LARGE_GOAL = 12.7e6
LARGE_S = 60.0
TEN_MINUTES = 600.0


def _large_runs(full: bool) -> list[Run]:  # noqa: FBT001
    seeds = SEEDS if full else SEEDS[:1]
    runs = [
        Run(
            row="crowd-5000",
            work=work,
            solver="ours",
            seconds=LARGE_S,
            threads=2,
            options={"large": "1"},
            # Looking takes a minute for each.
            look_for_profit=number < 3,
        )
        for number, work in enumerate(_works(LARGE, seeds))
    ]
    if full:
        first = _works(LARGE, SEEDS[:1])[0]
        long = Run(row="crowd-5000", work=first, solver="ours", seconds=TEN_MINUTES, threads=2)
        runs.append(long)
    return runs


def _large_lines(outcomes: Sequence[Outcome]) -> list[Line]:
    runs = [o for o in outcomes if o.run.seconds < TEN_MINUTES and o.is_valid]
    long = [o for o in outcomes if o.run.seconds == TEN_MINUTES and o.is_valid]
    if not runs:
        return []
    first = next((o for o in runs if o.run.work.endswith(":1")), runs[0])
    is_whole = first.run.seconds == LARGE_S
    name = f"crowd 5,000 / 1,000, {first.run.seconds:.0f} s on two cores"
    costs = [o.cost / MILLION for o in runs]
    share = first.cost / long[0].cost - 1 if long else None
    looked = [o for o in runs if o.profitable >= 0]
    left = [o.profitable for o in looked]
    memory = max(o.rss_mb for o in runs)
    return [
        Line(
            name,
            "below 12.7 M on C:1",
            f"{first.cost / MILLION:.2f} M ({first.unassigned} left out); "
            f"all works {mean(costs) or 0:.2f} M; {first.wall_s:.1f} s, {first.cpu_s:.1f} CPU s",
            f"{max(costs):.2f} M",
            "not run: VROOM was not done after 260 s, OR-Tools finds nothing",
            first.cost < LARGE_GOAL if is_whole else None,
        ),
        Line(name, "2 % above ten minutes", percent(share), "", "", at_most(share, 0.02)),
        Line(
            name,
            "no leg left out that one insertion would serve at a profit",
            f"{sum(left)} of {sum(o.unassigned for o in looked)} left out",
            f"{max(left, default=0)}",
            "",
            sum(left) == 0 if is_whole and left else None,
        ),
        Line(
            f"{name}, four modes and distances",
            "under 3 GB",
            f"{first.rss_mb / 1000:.2f} GB",
            f"{memory / 1000:.2f} GB",
            "PyVRP would need 66 GB",
            memory < 3000,
        ),
    ]


KNOWN, NEW_LEGS_S, ANSWER_S = 170, 0.2, 2.0


def _next_runs(full: bool) -> list[Run]:  # noqa: FBT001
    runs = []
    for work in _works(SMALL, SEEDS if full else SEEDS[:2]):
        known = {"known": str(KNOWN)}
        next_epoch = {"row": "next-epoch", "work": work, "solver": "ours"}
        runs += [
            Run(seconds=ANSWER_S, **next_epoch),  # type: ignore[arg-type]
            *(
                Run(seconds=NEW_LEGS_S, options={**known, "engine": engine}, **next_epoch)  # type: ignore[arg-type]
                for engine in ENGINES
            ),
        ]
    return runs


def _next_lines(outcomes: Sequence[Outcome]) -> list[Line]:
    cold = by_work(chosen(outcomes, "ours", seconds=ANSWER_S))
    lines = []
    for engine in ENGINES:
        warm = by_work(chosen(outcomes, "ours", seconds=NEW_LEGS_S, engine=engine))
        share = ratio_of_means(warm, cold)
        lines.append(
            Line(
                f"next epoch, 15 % new, 200 / 40, engine {engine}",
                "0.2 s to within 1 % of the 2 s answer",
                percent(share, 2),
                percent(max(gaps(warm, cold), default=None), 2),
                "",
                at_most(share, 0.01),
            )
        )
    return lines


def _street_runs(full: bool) -> list[Run]:  # noqa: FBT001
    runs = []
    for seed in SEEDS if full else SEEDS[:1]:
        work = f"R:{SMALL}:{seed}"
        runs += [
            Run(row="street-200", work=work, solver=solver, seconds=10.0)
            for solver in ("ours", "pyvrp", "ortools")
        ]
        runs.append(Run(row="street-200", work=work, solver="vroom", options={"level": "5"}))
    return runs


def _street_lines(outcomes: Sequence[Outcome]) -> list[Line]:
    ours = by_work(chosen(outcomes, "ours"))
    peers = {solver: by_work(chosen(outcomes, solver)) for solver in ("vroom", "pyvrp", "ortools")}
    names = {"vroom": "VROOM 5", "pyvrp": "PyVRP", "ortools": "OR-Tools alone"}
    share = ratio_of_means(ours, peers["vroom"])
    return [
        Line(
            "crowd with gates, posts and hubs 200 / 40, 10 s",
            "none: no peer can express it entirely",
            f"{_thousands(ours.values())}: {percent(share)} of VROOM's",
            percent(max(gaps(ours, peers["vroom"]), default=None)),
            ", ".join(f"{names[name]} {_thousands(peers[name].values())}" for name in names),
            None,
        )
    ]


ROWS = (
    Row("crowd-200", _small_runs, _small_lines),
    Row("crowd-1000", _middle_runs, _middle_lines),
    Row("crowd-5000", _large_runs, _large_lines),
    Row("street-200", _street_runs, _street_lines),
    Row("next-epoch", _next_runs, _next_lines),
)
