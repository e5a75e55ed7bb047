"""Published instances, where ANTMILE_DATA says they are: each is read and becomes a problem."""

import csv
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from dispatch.solver.arrays import FOREVER, UNREACHABLE
from dispatch.solver.formats import antmile, lilim, ogc, sartori, vrptw
from dispatch.solver.formats.depot import Depot, Rounding
from dispatch.solver.formats.scores import depot_score, ogc_score


def _files(data_dir: Path, pattern: str) -> list[Path]:
    files = sorted(data_dir.glob(pattern))
    if not files:
        pytest.skip(f"published data: no {pattern} in {data_dir}")
    return files


def _best(path: Path) -> dict[str, tuple[int, int, float]]:
    """Nodes, vehicles and cost of each instance, the last that the file has."""
    with path.open(encoding="utf-8", newline="") as file:
        return {
            row["instance"].lower(): (
                int(row.get("locations") or row["customers"]),
                int(row["vehicles"]),
                float(row["cost"]),
            )
            for row in csv.DictReader(file)
        }


@pytest.mark.parametrize(
    ("pattern", "bests", "read"),
    [
        ("vrptw/solomon/*.txt", "vrptw/solomon_bks.csv", vrptw.read),
        ("vrptw/gh*/*.txt", "vrptw/gh_bks.csv", vrptw.read),
        ("pdptw_lilim/pdp_*/*.txt", "pdptw_lilim/bks.csv", lilim.read),
        ("pdptw_real/instances/*-n?00-?.txt", "pdptw_real/bks.csv", sartori.read),
    ],
)
def test_every_file_becomes_a_problem(
    data_dir: Path, pattern: str, bests: str, read: Callable[[str], Depot]
) -> None:
    """As many nodes as the table says, its best fleet allowed, one vehicle dearer than its ways."""
    best = _best(data_dir / bests)
    for path in _files(data_dir, pattern):
        depot = read(path.read_text(encoding="utf-8"))
        nodes, vehicles, cost = best[path.stem.lower()]
        assert len(depot.nodes) - 1 == nodes, path
        assert depot.vehicles >= vehicles, path
        problem = depot.problem()
        assert int(problem.travel.max()) < UNREACHABLE, path
        assert int(problem.off_duty[0]) < FOREVER, path
        assert int(problem.fixed_cost[0]) > cost * depot.ticks("exact"), path


@pytest.mark.parametrize("rounding", ["exact", "dimacs"])
def test_every_customer_alone_is_feasible_by_the_published_rules(
    data_dir: Path, rounding: Rounding
) -> None:
    """Solomon's files allow each customer a vehicle of his own, but for their number."""
    for path in _files(data_dir, "vrptw/solomon/*.txt"):
        depot = vrptw.read(path.read_text(encoding="utf-8"))
        routes = [[node] for node in depot.nodes[1:].tolist()]
        score = depot_score(depot, routes, rounding=rounding)
        assert score.faults == (f"100 routes, but {depot.vehicles} vehicles",), path


def test_the_grand_challenge_becomes_problems(data_dir: Path) -> None:
    """Every order by a rider of its own is scored; its cost is that of the problem."""
    for path in _files(data_dir, "bundle_ogc2024/STAGE1_*.json"):
        orders = ogc.read(path.read_bytes())
        problem = orders.problem()
        car = next(i for i, rider in enumerate(orders.riders) if rider.type == "CAR")
        count = min(problem.leg_count, orders.riders[car].count)
        legs = np.arange(count)
        score = ogc_score(orders, [("CAR", [leg], [leg]) for leg in legs.tolist()])
        left_out = problem.leg_count - count
        assert sum("not served" in fault for fault in score.faults) == left_out, path
        assert problem.arc_cost is not None
        pay = problem.arc_cost[car, legs, problem.leg_count + legs].sum()
        pay += count * problem.fixed_cost[car]
        assert score.cost == pytest.approx(int(pay) / 1000 / problem.leg_count), path


def test_a_published_problem_comes_back_from_our_own_format(data_dir: Path) -> None:
    """Written and read again it is the same, as JSON and as .npz."""
    path = _files(data_dir, "pdptw_lilim/pdp_100/*.txt")[0]
    problem = lilim.read(path.read_text(encoding="utf-8")).problem()
    assert antmile.read(antmile.write(problem)).digest() == problem.digest()
    assert antmile.read_npz(antmile.write_npz(problem)).digest() == problem.digest()
