"""Each variant is one change of the same day, and plays to its end without a break."""

import dataclasses

import msgspec
import pytest
from msgspec.structs import replace

from dispatch.clock import SystemClock
from dispatch.core import messages as m
from dispatch.core.model import CourierKind
from dispatch.core.policy import Policy
from dispatch.sim import report
from dispatch.sim.day import Replay, Result
from dispatch.sim.experiment.figures import FIGURES, Row, figures_of
from dispatch.sim.experiment.misjudging import OFF_BY, misjudged
from dispatch.sim.experiment.variants import ALL, BY_NAME
from dispatch.sim.folder import Day
from maps.compounds import GateRule
from tests.dispatch.sim.guarded_day import guarded_day
from tests.dispatch.sim.small_day import AGREED, DOOR, Walled

NAMES = [variant.name for variant in ALL]


@pytest.fixture(scope="module")
def shared_day() -> Day:
    """Return a guarded compound, two carriers, and half of its households agreed to collection."""
    day = guarded_day(rider=True, absence=((0, 1440, 0.5),))
    parcels = tuple(
        replace(
            parcel,
            carrier="ab"[index % 2],
            options=(DOOR, AGREED) if index // 2 % 2 else (DOOR,),
        )
        for index, parcel in enumerate(day.parcels)
    )
    return dataclasses.replace(day, parcels=parcels)


def played(day: Day, name: str) -> tuple[Result, Row, Day]:
    """Replay a variant with insertion alone."""
    changed = BY_NAME[name].change(day)
    values = {"engine": "insert", **BY_NAME[name].policy}
    policy = msgspec.convert(values, Policy)
    replay = Replay(changed, Walled(GateRule.PERMIT), seed=1, policy=policy, clock=SystemClock())
    result, _ = report.with_custody(replay.run())
    result, _ = report.with_presence(result)
    return result, figures_of(result, changed, created=len(day.parcels), price_cents=200), changed


@pytest.fixture(scope="module")
def outcomes(shared_day: Day) -> dict[str, tuple[Result, Row, Day]]:
    """Return what came of all variants."""
    return {name: played(shared_day, name) for name in NAMES}


@pytest.mark.parametrize("name", NAMES)
def test_every_variant_delivers_without_a_break(
    outcomes: dict[str, tuple[Result, Row, Day]], name: str
) -> None:
    """Something is delivered, nobody is stuck, and both checkers find nothing."""
    result, row, _ = outcomes[name]
    assert row["delivered_share"] > 0
    assert not result.stuck
    assert (row["custody_gaps"], row["presence_gaps"], row["post_below_minimum_s"]) == (0, 0, 0)
    assert row.keys() <= FIGURES.keys()


@pytest.mark.parametrize("name", NAMES)
def test_minutes_add_up_and_shares_are_of_all_parcels(
    outcomes: dict[str, tuple[Result, Row, Day]], name: str
) -> None:
    """Paid minutes are their parts; what a variant leaves out counts as not delivered."""
    _, row, _ = outcomes[name]
    parts = ("guard_min", "rider_min", "other_min", "counter_min", "sorting_min")
    assert row["paid_min"] == pytest.approx(sum(row[part] for part in parts))
    assert row["delivered_share"] + row["undelivered_share"] == pytest.approx(1)
    assert row["margin_cents"] == pytest.approx(200 - row["cost_cents"])
    assert row["created"] == 12


def test_riders_of_a_carrier_have_its_parcels_alone(
    outcomes: dict[str, tuple[Result, Row, Day]],
) -> None:
    """As today: every tour is one carrier's, and all of it is by riders with a permit."""
    result, row, day = outcomes["rider_per_carrier"]
    carrier_of = {parcel.id: parcel.carrier for parcel in day.parcels}
    its = {courier.id: courier for courier in day.couriers}
    picked = [event for event in result.events if isinstance(event, m.ParcelPickedUp)]
    assert picked
    assert all(its[event.courier].carriers == (carrier_of[event.parcel],) for event in picked)
    assert (row["guard_min"], row["gates"]) == (0, 0)
    assert row["rider_min"] > 0


def test_one_rider_carries_for_all(outcomes: dict[str, tuple[Result, Row, Day]]) -> None:
    """One rider is enough for a dozen parcels, of whatever carrier."""
    result, _, _ = outcomes["one_rider"]
    picked = {event.courier for event in result.events if isinstance(event, m.ParcelPickedUp)}
    assert picked == {"gen-rider-all-0"}


def test_at_the_station_only_who_agreed_collects(
    outcomes: dict[str, tuple[Result, Row, Day]], shared_day: Day
) -> None:
    """Nothing is brought to a door; nobody without a consent on record is asked to come."""
    result, row, _ = outcomes["station_only"]
    agreed = {parcel.id for parcel in shared_day.parcels if AGREED in parcel.options}
    collected = {event.parcel for event in result.events if isinstance(event, m.ParcelCollected)}
    assert collected
    assert collected <= agreed
    assert not any(isinstance(event, m.ParcelDelivered) for event in result.events)
    assert row["delivered_share"] == len(collected) / len(shared_day.parcels)
    assert row["walked_min"] > 0


def test_guards_who_stay_carry_nothing(outcomes: dict[str, tuple[Result, Row, Day]]) -> None:
    """Without guards on tour, and with guards alone."""
    assert outcomes["no_guards"][1]["guard_min"] == 0
    alone = outcomes["nearest_guard"][1]
    assert (alone["rider_min"], alone["other_min"]) == (0, 0)
    assert alone["guard_min"] > 0


def test_without_relay_nothing_is_handed_on(outcomes: dict[str, tuple[Result, Row, Day]]) -> None:
    """Neither where the variant says so nor in the riders' baselines."""
    assert outcomes["no_relay"][1]["relays"] == 0
    assert outcomes["rider_per_carrier"][1]["relays"] == 0


def test_people_are_misjudged_by_seed(shared_day: Day) -> None:
    """Slope and willingness are off within bounds, another way each day, always the same way."""
    values = [misjudged(shared_day, seed).scenario["behaviour"] for seed in range(20)]
    slopes = [its["slope"] for its in values]
    assert len(set(slopes)) == len(slopes)
    assert all(4 * (1 - OFF_BY) <= slope <= 4 * (1 + OFF_BY) for slope in slopes)
    assert misjudged(shared_day, 3) == misjudged(shared_day, 3)
    kinds = {kind for kind, _ in values[0]["willingness"]}
    assert kinds == set(CourierKind)
    assert values[0]["absence"] == ((0, 1440, 0.5),)
