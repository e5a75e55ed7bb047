"""The picture of `docs/solver.md`: one step of the search, and how the cost falls over many.

Both come from the search itself: `python docs/pictures/solver.py` takes its steps one at a time
until one is worth drawing. Run it again when the search has changed.
"""

from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from numpy.typing import NDArray

from dispatch.solver import insert
from dispatch.solver.kernel import columns as at
from dispatch.solver.kernel import recreate, ruin, steps
from dispatch.solver.problem import Problem
from dispatch.solver.search import BLINK, Search

OUT = Path(__file__).parents[1] / "images" / "solver.png"

TOURS = ("#0072b2", "#d55e00", "#009e73", "#7a5195")
"""Of the palette by Okabe and Ito, and one more: told apart by most eyes."""
INK, FAINT, PAPER = "#222222", "#bbbbbb", "#ffffff"

Points = NDArray[np.int64]
Tours = list[list[int]]
"""The legs of each tour, in order."""


def town(seed: int, legs: int) -> tuple[Problem, Points]:
    """Give parcels that four riders load at one station, whose place is 0; and all points."""
    rng = np.random.default_rng(seed)
    points = rng.integers(0, 1000, (3 * legs, 2))
    is_near = np.hypot(*(points - 500).T) < 120
    points = np.concatenate([[[500, 500]], points[~is_near][:legs]])
    ways = np.hypot(*(points[:, None] - points[None]).transpose(2, 0, 1))
    station = np.zeros(len(TOURS), np.int64)
    problem = Problem(
        travel=np.ceil(ways)[None].astype(np.int32),
        pickup_place=np.full(legs, -1),
        option_leg=np.arange(legs),
        option_place=1 + np.arange(legs),
        start_place=station,
        end_place=station,
        most_parcels=np.full(len(TOURS), 2 + legs // len(TOURS)),
        cost_per_travel=np.ones(len(TOURS), np.int64),
    )
    return problem, points


def streets(seed: int, legs: int, couriers: int) -> Problem:
    """Give legs with pickups and promises, and couriers with a leash who are paid by time."""
    rng = np.random.default_rng(seed)
    points = rng.integers(0, 2000, (2 * legs + couriers, 2))
    ready = rng.integers(0, 3600, legs)
    home = 2 * legs + np.arange(couriers)
    return Problem(
        travel=np.abs(points[:, None] - points[None]).sum(axis=2)[None].astype(np.int32),
        pickup_place=np.arange(legs),
        option_leg=np.arange(legs),
        option_place=legs + np.arange(legs),
        start_place=home,
        end_place=home,
        pickup_opens=ready,
        option_service=np.full(legs, 90),
        option_due=ready + 7200,
        option_closes=ready + 10_800,
        lateness_cost=np.full(legs, 300),
        unassigned_cost=np.full(legs, 3_000_000),
        leash=np.full(couriers, 9000),
        cost_per_away=np.full(couriers, 200),
        fixed_cost=np.full(couriers, 30_000),
    )


def tours_of(run: Search) -> Tours:
    """Give the legs of the tours that the search stands on."""
    work = run.works[0]
    lengths = work.heads[:, at.LENGTH].tolist()
    return [
        work.stops[work.tours[k, 1 : n + 1, at.STOP], at.LEG].tolist()
        for k, n in enumerate(lengths)
    ]


def one_step(problem: Problem) -> tuple[list[Tours], list[int], list[int]]:
    """Take steps as `anneal` does until one is clear: several strings, legs that change tours.

    Returns
    -------
    (list of Tours, list of int, list of int)
        Before, between and after; the legs taken out; the costs before and after.

    """
    run = Search(problem, seed=2)
    data, work = run.data, run.works[0]
    while True:
        before, cost = tours_of(run), int(work.counters[at.CURRENT])
        steps.begin_step(work)
        ruin.ruin(data, work, ruin.legs_in_a_tour(data, work))
        out = np.flatnonzero(work.where < 0).tolist()
        between = tours_of(run)
        recreate.arrange(data, work)
        recreate.recreate(data, work, BLINK, 0)
        extra = steps.change(data, work)
        if extra > 0:
            steps.restore(data, work)
            continue
        steps.keep(data, work, extra)
        after = tours_of(run)
        home = [{leg: k for k, tour in enumerate(each) for leg in tour} for each in (before, after)]
        moved = sum(home[0][leg] != home[1][leg] for leg in out)
        strings = len({home[0][leg] for leg in out})
        if extra < -cost // 40 and strings > 1 and moved > 1 and len(out) <= problem.leg_count // 3:
            return [before, between, after], out, [cost, cost + extra]


def draw_tours(axes: Axes, points: Points, tours: Tours, out: list[int]) -> None:
    """Draw tours; legs taken out are rings, filled once a tour has them."""
    for colour, tour in zip(TOURS, tours, strict=True):
        way = points[[0, *(leg + 1 for leg in tour), 0]]
        axes.plot(way[:, 0], way[:, 1], color=colour, linewidth=1.8, zorder=1)
        axes.scatter(way[1:-1, 0], way[1:-1, 1], color=colour, s=24, zorder=2)
    rings = points[[leg + 1 for leg in out]]
    axes.scatter(rings[:, 0], rings[:, 1], s=70, facecolors="none", edgecolors=INK, zorder=3)
    axes.scatter(points[0, 0], points[0, 1], marker="s", color=INK, s=60, zorder=4)
    axes.set(xticks=[], yticks=[], aspect="equal")
    axes.margins(0.05)
    for spine in axes.spines.values():
        spine.set_color(FAINT)


def draw_costs(axes: Axes, problem: Problem, iterations: int) -> None:
    """Draw the cost that the search stands on, and its best, beside insertion's."""
    run = Search(problem, seed=1)
    work = run.works[0]
    seen = [(0, int(work.counters[at.CURRENT]), run.cost)]
    run.go(
        iterations=iterations,
        watch=lambda best, done: seen.append((done, int(work.counters[at.CURRENT]), best)),
    )
    done, current, best = np.array(seen).T
    above = [100 * (cost / best[-1] - 1) for cost in (insert.solve(problem).cost, current, best)]
    axes.axhline(above[0], color=INK, linewidth=1, linestyle=":", label="insertion")
    axes.plot(done, above[1], color=TOURS[1], linewidth=1.2, label="where the search stands")
    axes.plot(done, above[2], color=TOURS[0], linewidth=2, label="its best")
    axes.set(xlabel="steps", ylabel="% above the last", xlim=(0, iterations))
    axes.set_ylim(0, 1.3 * above[0])
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:,g}")
    axes.legend(frameon=False, loc="upper right")
    axes.grid(color="#eeeeee")
    axes.spines[["top", "right"]].set_visible(False)


def main() -> None:
    """Draw, and say where to."""
    mpl.use("Agg")
    plt.rcParams.update({"font.size": 10, "text.color": INK, "axes.titlesize": 10.5})
    figure = plt.figure(figsize=(10, 6.3), layout="constrained", facecolor=PAPER)
    grid = figure.add_gridspec(2, 3, height_ratios=[1.45, 1])
    problem, points = town(7, 34)
    pictures, out, costs = one_step(problem)
    titles = (
        f"Before: cost {costs[0]:,}",
        f"Ruin: {len(out)} legs out, in strings",
        f"Recreate: cost {costs[1]:,}",
    )
    for column, (title, tours) in enumerate(zip(titles, pictures, strict=True)):
        axes = figure.add_subplot(grid[0, column])
        axes.set_title(title, loc="left")
        draw_tours(axes, points, tours, out)
    axes = figure.add_subplot(grid[1, :])
    axes.set_title("Thousands of such steps, 200 legs and 40 couriers", loc="left")
    draw_costs(axes, streets(1, 200, 40), 20_000)
    figure.savefig(OUT, dpi=125, metadata={"Software": None})
    print(f"drew {OUT.name}")


if __name__ == "__main__":
    main()
