"""The evaluator of `benchmarks.solver`: it accepts good answers at their cost and no broken one."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from benchmarks.solver import challenge
from benchmarks.solver.crowd import crowd
from benchmarks.solver.instance import DROPOFF, PICKUP, Instance, Stop
from benchmarks.solver.leftover import profitable_legs
from benchmarks.solver.ours import street_tours_of, tours_of
from benchmarks.solver.problems import problem_of, street_problem_of
from benchmarks.solver.published import score_sites, sites_of
from benchmarks.solver.score import score
from benchmarks.solver.score_street import score as score_street
from benchmarks.solver.street import Street, street
from dispatch.solver import check, insert

Tour = tuple[int, list[Stop]]


@pytest.fixture(scope="module")
def small() -> Instance:
    return crowd(40, 8, 1)


@pytest.fixture(scope="module")
def tours(small: Instance) -> list[Tour]:
    plan = insert.solve(problem_of(small), passes=0)
    return [(who, [(leg, action) for leg, action in stops]) for who, stops in tours_of(plan)]


@pytest.mark.parametrize(
    ("full", "sums"),
    [
        (False, (237020486, 1192371, 353167, 5953, 323205)),
        (True, (233058818, 1214372, 350122, 5735, 392092)),
    ],
)
def test_a_seed_gives_the_same_crowd_for_ever(*, full: bool, sums: tuple[int, ...]) -> None:
    """Costs in the documentation stay comparable only while the works stay the same."""
    drawn = crowd(200, 40, 1, full=full)
    parts = (drawn.travel, drawn.drop_closes, drawn.load, drawn.may, drawn.off_duty)
    assert tuple(int(part.sum()) for part in parts) == sums


@pytest.mark.parametrize("full", [False, True])
def test_two_evaluators_agree_on_a_crowd(*, full: bool) -> None:
    """A plan costs the same by the benchmark's arithmetic and by the solver's own oracle."""
    given = crowd(60, 12, 2, full=full)
    problem = problem_of(given)
    plan = insert.solve(problem, passes=0)
    scored = score(given, tours_of(plan))
    assert not check.violations(problem, plan)
    assert scored.faults == ()
    assert scored.cost == check.cost(problem, plan)


@pytest.mark.parametrize("seed", [1, 2])
def test_two_evaluators_agree_on_a_street(seed: int) -> None:
    """So it is with gates, posts, hubs and windows that may be missed."""
    given = street(80, 16, seed)
    problem = street_problem_of(given)
    plan = insert.solve(problem, passes=0)
    scored = score_street(given, street_tours_of(plan))
    assert not check.violations(problem, plan)
    assert scored.faults == ()
    assert scored.cost == check.cost(problem, plan)


def longest(tours: list[Tour]) -> Tour:
    return max(tours, key=lambda tour: len(tour[1]))


def broken(given: Instance, who: int, stops: Sequence[Stop]) -> tuple[str, ...]:
    return score(given, [(who, stops)]).faults


def test_what_an_answer_breaks_is_said(small: Instance, tours: list[Tour]) -> None:
    """Each rule that a crowd's answer can break is named when exactly that one is broken."""
    who, stops = longest(tours)
    leg = stops[0][0]
    assert not broken(small, who, stops)

    def changed(name: str, index: Any, value: int) -> tuple[str, ...]:
        values = getattr(small, name).copy()
        values[index] = value
        return broken(replace(small, **{name: values}), who, stops)

    assert "is served at" in changed("drop_closes", leg, -1)[0]
    assert "ends at" in changed("off_duty", who, small.on_duty[who])[0]
    assert "away for" in changed("leash", who, 1)[0]
    assert "load" in changed("capacity", (who, 1), 1)[0]
    assert "parcels" in changed("most_parcels", who, 1)[0]
    assert "not for this courier" in changed("may", (leg, who), 0)[0]
    assert "another courier" in changed("on_board", leg, who + 1)[0]
    assert "before its pickup" in broken(small, who, stops[1:])[0]
    without_drop = [stop for stop in stops if stop != (leg, DROPOFF)]
    assert "not dropped" in broken(small, who, without_drop)[0]
    assert "served twice" in score(small, [(who, stops), (who + 1, stops)]).faults[-1]
    assert "two tours" in score(small, [(who, stops), (who, ())]).faults[0]


def test_a_leg_left_out_at_a_loss_is_found(small: Instance, tours: list[Tour]) -> None:
    """What one insertion would serve at a profit is listed, and nothing of a full answer is."""
    who, stops = longest(tours)
    leg = stops[0][0]
    shorter = [stop for stop in stops if stop[0] != leg]
    rest = [tour for tour in tours if tour[0] != who]
    dear = small.unassigned_cost.copy()
    dear[leg] = 10**6
    worth_it = replace(small, unassigned_cost=dear)
    assert leg in profitable_legs(worth_it, [*rest, (who, shorter)])
    assert leg not in profitable_legs(worth_it, tours)


def test_too_many_away_from_a_post() -> None:
    """Two guards of one post who are away at once break its limit of one, and not one of two."""
    given: Street = street(80, 16, 1)
    guards = [who for who in range(16) if given.post[who] >= 0][:2]
    post = given.post.copy()
    post[guards] = 0
    hours = given.base.on_duty.copy()
    hours[guards] = 0
    ends = given.base.off_duty.copy()
    ends[guards] = 10**6
    leash = given.base.leash.copy()
    leash[guards] = 10**6
    base = replace(given.base, on_duty=hours, off_duty=ends, leash=leash, may=given.base.may | True)
    given = replace(given, base=base, post=post, due=given.due + 10**5)
    base = replace(base, drop_closes=base.drop_closes + 10**5)
    given = replace(given, base=base, most_away=((0, 1),))
    both = [(who, [(leg, PICKUP, 0), (leg, DROPOFF, 0)]) for leg, who in enumerate(guards)]
    assert any("away from post" in fault for fault in score_street(given, both).faults)
    assert not score_street(given, both[:1]).faults
    assert not score_street(replace(given, most_away=((0, 2),)), both).faults
    assert not score_street(given, both, without=("posts",)).faults


TWO_CUSTOMERS = """two

VEHICLE
NUMBER CAPACITY
2 10

CUSTOMER
CUST NO. XCOORD. YCOORD. DEMAND READY DUE SERVICE
0 0 0 0 0 100 0
1 1 1 6 0 50 10
2 2 2 5 20 60 10
"""


def test_a_published_answer_is_scored_in_both_conventions(tmp_path: Path) -> None:
    """Distances in double precision or in truncated tenths; too much load and lateness are said."""
    path = tmp_path / "two.txt"
    path.write_text(TWO_CUSTOMERS)
    exact = score_sites(sites_of("vrptw", path), [[1], [2]])
    assert exact.cost == pytest.approx(2 * 2**0.5 + 4 * 2**0.5)
    assert (exact.vehicles, exact.faults) == (2, ())
    tenths = score_sites(sites_of("vrptw", path, rounding="dimacs"), [[1], [2]])
    assert tenths.cost == 2 * 14 + 2 * 28
    assert "load" in score_sites(sites_of("vrptw", path), [[1, 2]]).faults[0]
    assert "left out" in score_sites(sites_of("vrptw", path), [[1]]).faults[0]


def test_a_challenge_answer_is_scored() -> None:
    """A bundle is paid by its way, waits for the kitchen, and is refused when it comes late."""
    work: dict[str, Any] = {
        "K": 2,
        "RIDERS": [["BIKE", 10.0, 100, 60, 5000, 60, 1]],
        "ORDERS": [[0, 0, 0, 0, 0, 0, 100, 50, 1000], [1, 0, 0, 0, 0, 0, 300, 50, 1000]],
        "DIST": [[0, 1000, 2000, 3000]] * 4,
    }
    # Ready at 100, then at 300; 2,000 and 3,000 m of way follow.
    good = challenge.score(work, [("BIKE", [0, 1], [0, 1])])
    assert good.cost == (5000 + 60 * (1000 + 2000 + 3000) / 100) / 2
    assert good.faults == ()
    work["ORDERS"][0][8] = 559
    assert "comes at 560" in challenge.score(work, [("BIKE", [0, 1], [0, 1])]).faults[0]
    twice = challenge.score(work, [("BIKE", [0], [0]), ("BIKE", [1], [1])])
    assert any("2 riders" in fault for fault in twice.faults)
