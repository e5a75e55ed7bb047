"""Many tours at once are timed, priced and judged as each is by itself."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from dispatch.solver import insert
from dispatch.solver.commitments import insertions
from dispatch.solver.explanations.attempts import Attempts
from dispatch.solver.explanations.clocks import Clocks, Columns, crew_of, stops_of
from dispatch.solver.explanations.trials import Miss
from dispatch.solver.problem import Problem
from dispatch.solver.schedule import Schedule
from dispatch.solver.tours import Tours
from tests.solver.strategies import SHARED, drawn


def _drawn(seeds: range, without: str = "") -> Iterator[Tours]:
    for seed in seeds:
        rng = np.random.default_rng(seed)
        parts = {part for part in (*SHARED, "arc_cost") if rng.random() < 0.5} - {without}
        legs, couriers, places = (int(rng.integers(1, top)) for top in (8, 5, 10))
        problem = drawn(rng, legs, couriers, places, parts)
        if problem is not None:
            schedule = Schedule(problem)
            yield insert.build(schedule) if rng.random() < 0.5 else Tours(schedule)


def test_tours_are_timed_as_one_by_one() -> None:
    """Times, loads, limits and costs of every tour are those that `measure` gives, also linked."""
    count = 0
    for tours in _drawn(range(80)):
        schedule = tours.schedule
        vehicles = sorted(range(len(tours.stops)), key=lambda v: -len(tours.stops[v]))
        longest = max(len(stops) for stops in tours.stops)
        stops = stops_of(tours)
        order = np.full((longest, len(vehicles)), len(stops.place) - 1)
        for column, vehicle in enumerate(vehicles):
            order[: len(tours.stops[vehicle]), column] = tours.stops[vehicle]
        active = [sum(len(tour) > t for tour in tours.stops) for t in range(longest)]
        # What is shut stays shut, as it does for one tour.
        crew = crew_of(tours)
        crew = replace(crew, sees_through=np.zeros_like(crew.sees_through))
        timed = Clocks(schedule).timed(stops, crew, Columns(np.array(vehicles), order, active))
        for column, vehicle in enumerate(vehicles):
            tour, known = tours.stops[vehicle], tours.measures[vehicle]
            assert timed.starts[: len(tour), column].tolist() == known.starts
            assert (timed.hours[column], timed.away[column]) == (known.hours, known.away)
            assert timed.load[:, column].tolist() == known.load
            assert (timed.blocked[column], timed.shut[column]) == (known.blocked, known.shut)
            assert (timed.behind[column], timed.carried[column]) == known.disorder
            assert (timed.departs_at[column], timed.ends_at[column]) == (
                known.departs_at,
                known.ends_at,
            )
            count += len(tour) > 0
    assert count > 50


def test_insertions_are_judged_as_one_by_one() -> None:
    """What nothing is missed by is what `change` allows at a profit, at the same extra cost."""
    works = 0
    for tours in _drawn(range(200), without="after_leg"):
        attempts = Attempts(tours)
        for leg in tours.left_out():
            trials = attempts.tried(leg)
            for way, misses in enumerate(trials.misses.tolist()):
                vehicle, stops = attempts.stops_at(leg, trials, way)
                allowed = tours.allowed[leg, tours.couriers[vehicle]]
                change = tours.change({vehicle: stops}) if allowed else None
                assert (misses & ~int(Miss.COST) == 0) == (change is not None), Miss(misses)
                if change is not None:
                    assert trials.extra[way] == change.extra_cost
                    works += change.extra_cost < 0
    assert works > 50


def test_the_promising_come_first_in_long_tours() -> None:
    """The cheapest insertion that works is among those that are looked at."""
    tours = _long()
    attempts = Attempts(tours)
    found = 0
    for leg in tours.left_out():
        cheapest: int | None = None
        for vehicle, courier in enumerate(tours.couriers):
            if not tours.allowed[leg, courier]:
                continue
            for stops in insertions(tours.schedule, leg, tours.stops[vehicle], 0):
                change = tours.change({vehicle: stops})
                if change is not None and (cheapest is None or change.extra_cost < cheapest):
                    cheapest = change.extra_cost
        trials = attempts.tried(leg)
        allowed = trials.extra[(trials.misses & ~int(Miss.COST)) == 0]
        assert allowed.min(initial=2**60) == (2**60 if cheapest is None else cheapest)
        found += cheapest is not None
    assert found


def _long() -> Tours:
    """Two couriers with tours of some fifty stops, and a few legs that are too dear."""
    rng = np.random.default_rng(4)
    legs = 60
    points = rng.integers(0, 900, (2 * legs + 2, 2))
    way = np.abs(points[:, None] - points[None]).sum(axis=2)
    homes = np.array([2 * legs, 2 * legs + 1])
    price = np.where(rng.random(legs) < 0.1, 300, 10**6)
    problem = Problem(
        travel=way[None].astype(np.int32),
        pickup_place=np.arange(legs),
        option_leg=np.arange(legs),
        option_place=legs + np.arange(legs),
        start_place=homes,
        end_place=homes,
        pickup_closes=rng.integers(8_000, 30_000, legs),
        option_closes=rng.integers(20_000, 40_000, legs),
        unassigned_cost=price,
        load=np.ones((legs, 1), np.int64),
        capacity=np.full((2, 1), 6),
        off_duty=np.full(2, 45_000),
        cost_per_travel=np.ones(2, np.int64),
    )
    return insert.build(Schedule(problem), passes=0)
