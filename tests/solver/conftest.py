"""Tiny problems that many tests share."""

from collections.abc import Callable

import numpy as np
import pytest

from dispatch.solver.arrays import Lists
from dispatch.solver.problem import Problem
from tests.solver import streets

Street = Callable[..., Problem]


@pytest.fixture(scope="session")
def street() -> Street:
    return streets.street


def _scattered(seed: int, legs: int, couriers: int) -> Problem:
    """Legs and couriers thrown on a square, windows of one to three hours."""
    rng = np.random.default_rng(seed)
    places = 2 * legs + couriers
    points = rng.integers(0, 1500, (places, 2))
    travel = np.abs(points[:, None] - points[None]).sum(axis=2)[None].astype(np.int32)
    ready = rng.integers(0, 1200, legs)
    home = 2 * legs + np.arange(couriers)
    return Problem(
        travel=travel,
        pickup_place=np.arange(legs),
        option_leg=np.arange(legs),
        option_place=legs + np.arange(legs),
        start_place=home,
        end_place=home,
        pickup_opens=ready,
        pickup_service=np.full(legs, 60),
        option_service=np.full(legs, 90),
        option_due=ready + rng.integers(3600, 10_800, legs),
        option_closes=ready + 14_400,
        lateness_cost=np.full(legs, 300),
        unassigned_cost=np.full(legs, 2_000_000),
        load=rng.integers(1, 5, (legs, 1)),
        capacity=np.full((couriers, 1), 8),
        most_parcels=rng.integers(2, 6, couriers),
        leash=rng.integers(3000, 9000, couriers),
        cost_per_travel=np.full(couriers, 20),
        cost_per_away=np.full(couriers, 50),
        fixed_cost=np.full(couriers, 50_000),
    )


@pytest.fixture(scope="session")
def scattered() -> Callable[[int, int, int], Problem]:
    return _scattered


@pytest.fixture
def two_legs_two_couriers(street: Street) -> Problem:
    """Leg 0 from 10 to 20, leg 1 from 30 to 40; courier 0 lives at 0, courier 1 at 50."""
    return street(
        [0, 10, 20, 30, 40, 50],
        pickup_place=[1, 3],
        option_place=[2, 4],
        start_place=[0, 5],
        end_place=[0, 5],
        pickup_service=[2, 2],
        option_service=[3, 3],
        option_due=[100, 100],
        option_closes=[200, 200],
        lateness_cost=[5, 5],
        unassigned_cost=[10_000, 10_000],
        load=[[1], [1]],
        capacity=[[2], [2]],
        most_parcels=[2, 2],
        off_duty=[300, 300],
        leash=[150, 150],
        cost_per_travel=[10, 10],
        cost_per_away=[1, 1],
        cost_per_m=[1, 1],
        cost_per_parcel=[7, 7],
        fixed_cost=[100, 100],
        barred=Lists.of([[], []]),
    )
