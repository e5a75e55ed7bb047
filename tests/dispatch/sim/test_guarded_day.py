"""Whole small days behind a gate: guards on tour, at their post, and at the booth."""

import dataclasses
import itertools
from collections.abc import Sequence
from typing import Any, TypeVar

import pytest
from msgspec.structs import replace

from dispatch.core import messages as m
from dispatch.core import posts
from dispatch.core.errors import PostMinimum
from dispatch.core.model import (
    Availability,
    Duty,
    FailureCode,
    Instant,
    Place,
    Purpose,
    Seconds,
)
from dispatch.core.zone import State
from dispatch.sim import report
from dispatch.sim.behaviour import People
from dispatch.sim.day import Result
from dispatch.sim.draws import Draws
from dispatch.sim.folder import Day
from maps.compounds import GateRule
from tests.dispatch.sim.guarded_day import GUARDS, POST, guarded_day, play, rotating
from tests.dispatch.sim.small_day import AGREED, DOOR, HOUR, MINUTE, NINE

Found = TypeVar("Found", bound=m.Event)


def of(result: Result, kind: type[Found]) -> Sequence[Found]:
    """Return a day's events of one kind; nobody may have been stuck."""
    assert result.stuck == ()
    return [event for event in result.events if isinstance(event, kind)]


def with_roster(day: Day, *slots: tuple[str, float, float, Duty]) -> Day:
    """Return a day with slots at the post, in hours after nine; who has none is not there."""
    availability = tuple(
        (
            guard,
            Availability(
                opens_at=NINE + round(start * HOUR),
                closes_at=NINE + round(end * HOUR),
                post="q1",
                duty=duty,
            ),
        )
        for guard, start, end, duty in slots
    )
    riders = tuple(item for item in day.availability if item[0] not in GUARDS)
    both = sorted((*availability, *riders), key=lambda item: (item[0], item[1].opens_at))
    return dataclasses.replace(day, availability=tuple(both))


def with_options(day: Day, *options: Any) -> Day:
    """Return a day whose recipients want it so."""
    parcels = tuple(replace(parcel, options=options) for parcel in day.parcels)
    return dataclasses.replace(day, parcels=parcels)


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every way take four times what was planned."""

    def way_s(_people: People, planned_s: Seconds, _to: Place, _now: Instant) -> Seconds:
        return 4 * planned_s

    monkeypatch.setattr(People, "way_s", way_s)


def test_guards_deliver_and_come_back_and_the_post_is_kept() -> None:
    """Each tour ends at the post, whose minutes are counted; nobody was missing there."""
    result = play(guarded_day())
    assert {event.purpose for event in of(result, m.ParcelDelivered)} == {Purpose.DOOR}
    started, back = of(result, m.TourStarted), of(result, m.CourierReturned)
    assert len(started) == len(back) > 0
    assert {event.post for event in back} == {"q1"}
    assert all(event.away_s > 0 for event in back)
    assert result.kpis["post_below_minimum_s"] == 0


def test_parcels_of_one_household_are_confirmed_together() -> None:
    """Two scans and one hand-over: both are delivered in the same second, at each of six doors."""
    result = play(guarded_day())
    by_second: dict[Instant, set[str]] = {}
    homes = {event.parcel.id: event.parcel.household for event in of(result, m.ParcelCreated)}
    for event in of(result, m.ParcelDelivered):
        by_second.setdefault(event.at, set()).add(event.parcel)
    assert [len(parcels) for parcels in by_second.values()] == [2] * 6
    assert all(len({homes[parcel] for parcel in its}) == 1 for its in by_second.values())


def test_doors_of_one_entrance_are_walked_one_after_the_other() -> None:
    """One arrival for each entrance; from floor to floor takes its time."""
    result = play(guarded_day(travel_cv=0.0, service_cv=0.0))
    at_doors = [event for event in of(result, m.StopArrived) if event.stop > 0]
    assert len(at_doors) == 2
    delivered = sorted({event.at for event in of(result, m.ParcelDelivered)})
    assert all(after - before >= 40 for before, after in itertools.pairwise(delivered))


def test_who_is_out_costs_one_wait_however_many_parcels() -> None:
    """A call, the wait, and a report for each parcel, all in the same second."""
    result = play(with_options(guarded_day(absence=((0, 1440, 1.0),)), DOOR))
    first = of(result, m.TourStarted)[0].tour
    failed = [event for event in of(result, m.AttemptFailed) if event.tour == first]
    assert {event.failure for event in failed} == {FailureCode.ABSENT}
    by_second: dict[Instant, int] = {}
    for event in failed:
        by_second[event.at] = by_second.get(event.at, 0) + 1
    assert list(by_second.values()) == [2] * 6


@pytest.mark.usefixtures("slow")
def test_a_guard_leaves_when_relieved() -> None:
    """The relief comes late from a tour; until then the one before stays past the end."""
    day = with_roster(
        guarded_day(parcels=2, edge_sd_s=0.0),
        ("g1", 0, 1.2, Duty.POST),
        ("g2", 0, 1.2, Duty.PATROL),
        ("g2", 1.2, 4, Duty.POST),
    )
    result = play(day)
    [back] = of(result, m.CourierReturned)
    assert back.courier == "g2"
    assert back.happened_at > NINE + 1.2 * HOUR
    [left] = [event for event in of(result, m.CourierWentOffline) if event.courier == "g1"]
    assert back.at <= left.at <= back.at + 2 * MINUTE
    assert result.kpis["post_below_minimum_s"] == 0
    assert result.kpis["stayed_on_s"] > 0


def test_nobody_leaves_early_whom_the_post_needs() -> None:
    """Who would go before the end stays where no other is there, and goes where one is."""
    slots = ("g1", 0, 2, Duty.POST), ("g2", 2, 3, Duty.POST)
    went = {}
    for name, more in (("alone", ()), ("two", (("g3", 0, 3, Duty.POST),))):
        day = with_roster(guarded_day(parcels=2, edge_sd_s=1200.0), *slots, *more)
        result = play(day, seed=2)
        [event] = [its for its in of(result, m.CourierWentOffline) if its.courier == "g1"]
        went[name] = event.at - NINE
    assert went["two"] < 2 * HOUR <= went["alone"]


def test_slots_that_follow_each_other_are_one_stay() -> None:
    """On POST, PATROL and BREAK alike: online once, offline once."""
    result = play(guarded_day(parcels=2))
    for guard in GUARDS:
        for kind in (m.CourierWentOnline, m.CourierWentOffline):
            assert sum(event.courier == guard for event in of(result, kind)) == 1


def test_a_tour_that_the_post_does_not_allow_yet_begins_later(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Refused with the post's minimum, the guard waits and asks again."""
    until = of(play(guarded_day()), m.TourStarted)[0].at + 4 * MINUTE
    refusals = []

    def check_may_leave(_state: State, courier: str, now: Instant) -> None:
        if now < until:
            refusals.append(now)
            raise PostMinimum("wait", subject=f"couriers/{courier}")

    monkeypatch.setattr(posts, "check_may_leave", check_may_leave)
    result = play(guarded_day())
    assert refusals
    [started] = of(result, m.TourStarted)
    assert until <= started.at <= until + MINUTE
    assert result.kpis["delivered"] == 12


def left_alone(monkeypatch: pytest.MonkeyPatch, since: Instant, until: Instant) -> None:
    """Let nobody be at the booth for a while, though the roster has somebody."""
    usual = posts.attending

    def attending(state: State, hub: str, now: Instant) -> set[str]:
        return set() if since <= now < until else usual(state, hub, now)

    monkeypatch.setattr(posts, "attending", attending)


def collected_day(**behaviour: object) -> Day:
    """Return a day whose recipients fetch from the booth, where a rider brings it."""
    day = guarded_day(rider=True, parcels=1, **behaviour)
    day = with_options(day, AGREED)
    return with_roster(day, ("g1", 0, 8, Duty.POST))


def test_a_guard_who_is_there_scans_at_the_booth() -> None:
    """Both sides of what comes in and what goes out: the rider, and the guard on duty."""
    result = play(collected_day())
    [received] = of(result, m.ParcelReceivedAtHub)
    [collected] = of(result, m.ParcelCollected)
    assert {received.actor, received.witness} == {"couriers/r1", "couriers/g1"}
    assert collected.actor == "couriers/g1"


@pytest.mark.parametrize(("minutes", "taken"), [(5, True), (60, False)])
def test_a_courier_waits_a_while_at_a_booth_that_is_left_alone(
    monkeypatch: pytest.MonkeyPatch, minutes: int, *, taken: bool
) -> None:
    """Ten minutes at the most; then the hub is reported as closed."""
    plain = play(collected_day())
    [received] = of(plain, m.ParcelReceivedAtHub)
    left_alone(monkeypatch, received.at - MINUTE, received.at + minutes * MINUTE)
    result = play(collected_day())
    failed = [event.failure for event in of(result, m.AttemptFailed)]
    assert failed == ([] if taken else [FailureCode.HUB_CLOSED])
    if taken:
        [later] = of(result, m.ParcelReceivedAtHub)
        assert 5 * MINUTE <= later.at - received.at <= 7 * MINUTE


def test_a_recipient_who_finds_nobody_comes_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Later, as often as it takes while the roster has somebody."""
    [collected] = of(play(collected_day()), m.ParcelCollected)
    back_at = collected.at + 20 * MINUTE
    left_alone(monkeypatch, collected.at - MINUTE, back_at)
    [later] = of(play(collected_day()), m.ParcelCollected)
    assert later.at >= back_at


def test_a_recipient_comes_when_the_roster_has_somebody_again() -> None:
    """Nobody is rostered at noon; who comes then comes again in the afternoon, or never."""
    day = collected_day(collect_median_s=2.0 * HOUR, collect_sigma=0.01)
    slots = ("g1", 0, 2, Duty.POST), ("g1", 6, 9, Duty.POST)
    [collected] = of(play(with_roster(day, *slots)), m.ParcelCollected)
    assert NINE + 6 * HOUR <= collected.at <= NINE + 8 * HOUR
    assert not of(play(with_roster(day, slots[0])), m.ParcelCollected)


def test_the_same_guarded_day_gives_the_same_log() -> None:
    """Gates and lifts that vary, people who are out, a booth and a rider: all by the seed."""
    day = guarded_day(
        rider=True,
        parcels=24,
        absence=((0, 1440, 0.5),),
        gate_known_s=(0, 10),
        gate_slow_share=0.1,
        gate_refused_share=0.1,
        lift_median_s=30.0,
    )
    first, second = (play(with_options(day, DOOR, AGREED)) for _ in range(2))
    assert [row.payload for row in first.rows] == [row.payload for row in second.rows]
    assert first.stuck == ()


def any_day(seed: int) -> tuple[Day, GateRule]:
    """Draw a day: rosters, minimum, pace, who is out, who vanishes, and the gate's rule."""
    draws = Draws(seed)

    def pick(name: str, *among: Any) -> Any:
        return among[int(draws.uniform(name) * len(among))]

    day = guarded_day(
        rider=pick("rider", "yes", "") == "yes",
        parcels=24,
        absence=((0, 1440, pick("out", 0.0, 0.3, 0.6)),),
        travel_cv=pick("pace", 0.2, 0.6),
        edge_sd_s=pick("edge", 0.0, 300.0, 900.0),
        gate_known_s=(0, 10),
        gate_slow_share=0.1,
        gate_refused_share=0.3,
        lift_median_s=30.0,
        vanish_share=pick("vanish", 0.0, 0.05),
        no_show_share=0.05,
        hand_back_share=0.05,
    )
    stretch_s, apart_s = pick("stretch", 30, 40, 60) * MINUTE, pick("apart", 0, 120, 600)
    wanted = pick("wanted", (DOOR,), (DOOR, AGREED), (AGREED,))
    roster = [
        (guard, slot)
        for guard, slot in rotating(stretch_s=stretch_s)
        if guard != "g3" or slot.opens_at < NINE + pick("leaves", 3, 8) * HOUR
    ]
    riders = [item for item in day.availability if item[0] == "r1"]
    party = pick("known", "", "carrier-a")
    return dataclasses.replace(
        day,
        posts=(replace(POST, minimum=pick("minimum", 0, 1, 1, 2)),),
        availability=tuple(sorted((*roster, *riders), key=lambda it: (it[0], it[1].opens_at))),
        couriers=tuple(
            replace(its, party=party) if its.id == "r1" else its for its in day.couriers
        ),
        parcels=tuple(
            replace(
                parcel,
                options=wanted,
                created_at=parcel.created_at + apart_s * index,
                ready_at=parcel.ready_at + apart_s * index,
            )
            for index, parcel in enumerate(day.parcels)
        ),
    ), pick("rule", *GateRule)


@pytest.mark.parametrize("seed", range(12))
def test_whatever_the_day_nobody_is_stuck_and_the_post_is_kept(seed: int) -> None:
    """Neither custody nor presence has a gap by the checkers that know none of the rules."""
    day, rule = any_day(seed)
    result = play(day, seed, rule)
    assert result.stuck == ()
    assert report.with_custody(result)[1] == []
    assert report.with_presence(result)[1] == []
    assert result.kpis["post_below_minimum_s"] == 0
