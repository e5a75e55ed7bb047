"""The works of the benchmark by name: what all solvers and the evaluator read.

``C:200:40:1``: the plain crowd of 200 legs and 40 couriers with seed 1; ``F:``: the full one;
``R:``: the street, of which the peers get what they can express; ``H:``: with hubs that are small.
``vrptw:vrptw/gh200/r1_2_1.txt``, ``dimacs:`` (the same files, distance alone, distances truncated
to a decimal), ``lilim:pdptw_lilim/pdp_100/lc101.txt``, ``sartori:pdptw_real/instances/…``,
``ogc:bundle_ogc2024/STAGE1_1.json``: paths in ``ANTMILE_DATA``.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.solver import challenge
from benchmarks.solver.crowd import CAR, MODES, crowd
from benchmarks.solver.instance import Instance
from benchmarks.solver.published import (
    Sites,
    data_folder,
    instance_of,
    nodes_of,
    score_sites,
    sites_of,
)
from benchmarks.solver.score import Score, score
from benchmarks.solver.score_street import score as score_street
from benchmarks.solver.street import Street, street

STREET = "R"
SCARCE = "H"
STREETS = (STREET, SCARCE)
GENERATED = ("C", "F", *STREETS)
DEPOT = ("vrptw", "dimacs", "lilim", "sartori")


def family_of(work: str) -> str:
    """Return the part of the name that says what kind of work it is."""
    return work.partition(":")[0]


def path_of(work: str) -> Path:
    """Return the file of a published work."""
    return data_folder() / work.partition(":")[2]


def generated(work: str, *, has_car: bool = False) -> Instance:
    """Draw a generated work, of the street what peers can express.

    Parameters
    ----------
    work : str
        Its name.
    has_car : bool
        With a fourth mode, which nobody uses.
    """
    family, legs, couriers, seed = work.split(":")
    assert family in GENERATED, work
    if family in STREETS:
        return drawn_street(work).for_peers()
    modes = (*MODES, CAR) if has_car else MODES
    return crowd(int(legs), int(couriers), int(seed), full=family == "F", modes=modes)


def drawn_street(work: str) -> Street:
    """Draw a work of the street."""
    family, legs, couriers, seed = work.split(":")
    return street(int(legs), int(couriers), int(seed), is_scarce=family == SCARCE)


def sites(work: str) -> Sites:
    """Read a published work with a depot."""
    family = family_of(work)
    if family == "dimacs":
        return sites_of("vrptw", path_of(work), rounding="dimacs")
    return sites_of(family, path_of(work))


def instance(work: str) -> Instance:
    """Return what the peers solve."""
    if family_of(work) in GENERATED:
        return generated(work)
    return instance_of(sites(work), vehicles_first=family_of(work) != "dimacs")


def routes_for(work: str, given: Instance, tours: list[Any]) -> list[Any]:
    """Return a peer's tours as the work's answers are written."""
    return tours if family_of(work) in GENERATED else nodes_of(given, tours)


def score_of(work: str, routes: list[Any], *, without: Sequence[str] = ()) -> Score:
    """Score an answer by the work's own rules.

    Parameters
    ----------
    work : str
        The name.
    routes : list
        As in `benchmarks.solver.answer.Answer`.
    without : sequence of str
        Rules of the street that the solver does not know.
    """
    family = family_of(work)
    if family == "ogc":
        return challenge.score(challenge.read(path_of(work)), routes)
    if family in DEPOT:
        return score_sites(sites(work), routes)
    if family in STREETS:
        tours = [
            (courier, [(leg, action, *at_hub, 0)[:3] for leg, action, *at_hub in stops])
            for courier, stops in routes
        ]
        return score_street(drawn_street(work), tours, without=without)
    given = generated(work)
    return score(given, [(who, [(leg, action) for leg, action in stops]) for who, stops in routes])
