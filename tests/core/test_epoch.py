from collections.abc import Sequence
from typing import Any

import msgspec
import numpy as np
import pytest
from numpy.typing import NDArray

from dispatch.core import messages as m
from dispatch.core.epoch import Epoch, commit_of, problem_of
from dispatch.core.model import (
    LATEST,
    ActionKind,
    Contract,
    Courier,
    CourierKind,
    Duty,
    FailureCode,
    Mode,
    OptionKind,
    Place,
    Purpose,
    SizeClass,
    TimeWindow,
)
from dispatch.core.policy import CLIMBS, Climb, Policy
from dispatch.solver import check, insert
from dispatch.solver.plan import Action, Plan, PlannedStop, PlannedTour, Reason, Unassigned
from dispatch.solver.problem import FOREVER, NO_LIMIT, UNREACHABLE, Problem
from tests.core.town import (
    DAY,
    HOUR,
    NOON,
    Story,
    Straight,
    a_relay_hub,
    consent,
    place,
    plan_epoch,
    slot,
    window,
)

replace = msgspec.structs.replace


def epoch_of(story: Story, times: Straight | None = None) -> Epoch:
    """Return the epoch that closes now; there has to be one."""
    epoch = problem_of(story.state, times or Straight(), story.now)
    assert epoch is not None
    return epoch


def legs_of(epoch: Epoch) -> list[str]:
    """Return the names of the legs in the problem, in its order."""
    return [leg.id for leg in epoch.legs]


@pytest.fixture
def story() -> Story:
    """Give a town with Ann and p1."""
    story = Story()
    story.courier()
    story.parcel()
    return story


# --- what enters the problem -----------------------------------------------------------


def test_with_nobody_on_duty_nothing_is_computed() -> None:
    """No couriers, or none idle, and not even travel times are asked for."""
    story = Story()
    story.parcel()
    times = Straight()
    assert problem_of(story.state, times, NOON) is None
    story.courier(slots=[slot(duty=Duty.POST)])
    assert problem_of(story.state, times, NOON) is None
    assert plan_epoch(story.state, times, NOON, insert.solve) is None
    assert times.asked == []


def test_with_nothing_waiting_nothing_is_computed(story: Story) -> None:
    """Not for parcels that are on their way, pending, or wait for their next attempt."""
    story.parcel("p2", ready_at=NOON + 600)
    story.carry("ann", "p1")
    story.courier("bob")
    assert problem_of(story.state, Straight(), NOON) is None
    story.drop_off("ann", "p1", FailureCode.ABSENT)
    story.drop_off("ann", "p1")
    assert problem_of(story.state, Straight(), NOON) is None


def test_legs_stand_soonest_due_first() -> None:
    """The promise orders them, equal promises by id."""
    story = Story()
    story.courier()
    for name, due in (("p3", 7200), ("p1", 7200), ("p2", 3600)):
        story.parcel(name, due_at=NOON + due)
    assert legs_of(epoch_of(story)) == ["m/p2/1", "m/p1/1", "m/p3/1"]


def test_the_soonest_due_fill_the_limit() -> None:
    """What is beyond the policy's most legs waits for a later epoch without a reason."""
    story = Story(Policy(engine="insert", max_legs=2))
    story.courier()
    for name, due in (("p1", 7200), ("p2", 3600), ("p3", 5400)):
        story.parcel(name, due_at=NOON + due)
    epoch = epoch_of(story)
    assert legs_of(epoch) == ["m/p2/1", "m/p3/1"]
    assert epoch.left_out == ()


WALKER: dict[str, Any] = {"mode": Mode.FOOT, "kind": CourierKind.NEIGHBOUR}


@pytest.mark.parametrize(
    ("courier", "parcel"),
    [
        ({}, {"dropoff": place(150_000)}),
        ({**WALKER, "slots": [slot(0, 600)]}, {"dropoff": place(0, 700)}),
        ({**WALKER, "leash_s": 600}, {"dropoff": place(0, 700)}),
        (WALKER, {"window": window(0, 190)}),
        ({}, {"pickup": place(0, -50_000)}),
    ],
    ids=["too far", "slot ends", "leash", "window closes", "pickup too far"],
)
def test_what_nobody_could_reach_stays_out(courier: dict[str, Any], parcel: dict[str, Any]) -> None:
    """A leg that cannot be done even at top speed on a straight line costs no search."""
    story = Story()
    story.courier(**courier)
    story.parcel(**parcel)
    alone = epoch_of(story)
    assert (alone.legs, alone.couriers, alone.problem.leg_count) == ((), (), 0)
    story.parcel("p2", pickup=place(), dropoff=place(10))
    epoch = epoch_of(story)
    assert legs_of(epoch) == ["m/p2/1"]
    command = commit_of(epoch, insert.solve(epoch.problem))
    assert command.reasons == (("m/p1/1", "NO_COURIER_IN_RANGE"),)


def test_who_declined_does_not_reach_it(story: Story) -> None:
    """A leg whose only courier said no stays out; with another it enters, the first barred."""
    story.offer("ann", "p1")
    story.decline("ann")
    alone = epoch_of(story)
    assert commit_of(alone, insert.solve(alone.problem)).reasons == (
        ("m/p1/1", "OFFERS_EXHAUSTED"),
    )
    story.courier("bob")
    story.parcel("p2")
    epoch = epoch_of(story)
    assert [courier.id for courier in epoch.couriers] == ["ann", "bob"]
    row = legs_of(epoch).index("m/p1/1")
    barred = epoch.problem.barred
    assert barred.values[barred.indptr[row] : barred.indptr[row + 1]].tolist() == [0]


def test_the_nearest_couriers_of_each_pickup_enter() -> None:
    """Rank by rank, so that a crowd at one pickup does not shut out the others."""
    policy = Policy(engine="insert", nearest_couriers=2, max_couriers=3)
    story = Story(policy)
    for name, east_m in (("a1", 0), ("a2", 10), ("a3", 20), ("b1", 5000), ("b2", 5300)):
        story.courier(name, home=place(east_m))
    story.parcel("p1", pickup=place(0), dropoff=place(0, 100))
    assert [courier.id for courier in epoch_of(story).couriers] == ["a1", "a2"]
    story.parcel("p2", pickup=place(5000), dropoff=place(5000, 100))
    assert [courier.id for courier in epoch_of(story).couriers] == ["a1", "a2", "b1"]


def test_a_hub_that_has_closed_gives_nothing(story: Story) -> None:
    """After its hours a leg waits for the next; before them it may be planned already."""
    story.hub(hours=(window(1800, HOUR),))
    story.parcel("p2", origin_hub="station")
    epoch = epoch_of(story)
    row = legs_of(epoch).index("m/p2/1")
    assert epoch.problem.pickup_opens[row] == 1800
    assert epoch.problem.pickup_closes[row] == HOUR
    story.now = NOON + HOUR + 1
    assert legs_of(epoch_of(story)) == ["m/p1/1"]


# --- arrays ----------------------------------------------------------------------------


def test_every_number_of_a_small_problem() -> None:
    """One shopkeeper, one parcel with a window from a station: each field by hand."""
    story = Story()
    story.hub()
    story.courier(
        kind=CourierKind.SHOPKEEPER,
        capacity_grams=9000,
        capacity_ml=8000,
        pay_fixed_cents=110,
        pay_per_min_cents=24,
    )
    story.parcel(
        origin_hub="station", grams=1200, ml=3000, ready_at=NOON - 60, window=window(600, 1800)
    )
    story.now += 30
    epoch = epoch_of(story)
    problem = epoch.problem
    policy = story.state.policy
    assert (problem.leg_count, problem.courier_count, problem.mode_count) == (1, 1, 1)
    counter, door, home = (
        place(-100, hub="station", is_door=False),
        story.state.parcel("m/p1").dropoff,
        place(0, 50, is_door=False),
    )
    assert set(epoch.places) == {counter, door, home}
    where = {name: epoch.places.index(here) for name, here in
             (("counter", counter), ("door", door), ("home", home))}  # fmt: skip
    expected = {
        "pickup_place": where["counter"],
        "option_place": where["door"],
        "start_place": where["home"],
        "end_place": where["home"],
        "pickup_opens": -90,
        "pickup_service": policy.scan_s + policy.shelve_s,
        "option_leg": 0,
        "option_opens": 570,
        "option_due": 1770,
        "option_closes": 1770,
        "option_service": policy.scan_s + policy.hand_over_s,
        "unassigned_cost": 3_000_000,
        "lateness_cost": 333,
        "on_duty": 0,
        "off_duty": 8 * HOUR - 30,
        "leash": 1800,
        "allowance": 1200,
        "cost_over_allowance": 833,
        "most_parcels": NO_LIMIT,
        "fixed_cost": 30_000,
        "cost_per_away": 400,
        "cost_per_parcel": 110_000,
    }
    found = {name: getattr(problem, name).item() for name in expected}
    assert found == expected
    assert problem.load.tolist() == [[1200, 3000]]
    assert problem.capacity.tolist() == [[9000, 8000]]
    assert problem.pickup_closes.item() > DAY
    assert problem.travel[0, where["counter"], where["door"]] == 500
    assert problem.distance_m[0, where["home"], where["counter"]] == 112


def test_what_is_not_modelled_yet_is_neutral(story: Story) -> None:
    """No field that the first engines refuse is used."""
    assert epoch_of(story).problem.in_use == frozenset()


def test_a_promise_after_the_last_moment_is_due_at_it() -> None:
    """Due is never later than closes, whichever of window and promise ends first."""
    story = Story()
    story.courier()
    story.parcel("p1", due_at=NOON + HOUR, window=window(0, 2 * HOUR))
    story.parcel("p2", due_at=NOON + 3 * HOUR, window=window(0, 2 * HOUR))
    story.parcel("p3", due_at=NOON + HOUR)
    problem = epoch_of(story).problem
    assert problem.option_due.tolist() == [3600, 3600, 7200]
    assert problem.option_closes.tolist() == [7200, 18_000, 7200]
    assert problem.option_opens.tolist() == [0, -FOREVER, 0]


def test_a_promise_before_its_window_opens_is_a_problem_all_the_same() -> None:
    """Late from the start is dear, not impossible."""
    story = Story()
    story.courier()
    story.parcel(due_at=NOON + 600, window=window(1800, HOUR))
    epoch = epoch_of(story)
    plan = insert.solve(epoch.problem)
    assert check.violations(epoch.problem, plan) == []
    assert len(plan.tours) == 1


def test_who_is_still_on_the_way_home_starts_from_there_then(story: Story) -> None:
    """A courier with a moment to be free at enters with it."""
    story.carry("ann", "p1")
    story.now += 100
    story.drop_off("ann", "p1")
    story.state = replace(story.state, free_at=story.state.free_at.set("ann", story.now + 240))
    story.parcel("p2")
    epoch = epoch_of(story)
    assert epoch.problem.on_duty.tolist() == [240]
    start = epoch.places[int(epoch.problem.start_place[0])]
    assert start == story.state.parcel("m/p1").dropoff


def test_places_are_shared() -> None:
    """Ten parcels from one counter to two doors are four places, asked for once."""
    story = Story()
    story.hub()
    story.courier("ann", home=place(0, 50))
    doors = [place(400, door_key="a"), place(500, door_key="b")]
    for number in range(10):
        story.parcel(f"p{number}", origin_hub="station", dropoff=doors[number % 2])
    times = Straight()
    epoch = epoch_of(story, times)
    assert len(epoch.places) == epoch.problem.place_count == 4
    assert [(mode, count) for mode, count, _ in times.asked] == [("bicycle", 4)]


def test_kinds_that_move_and_climb_alike_share_a_matrix() -> None:
    """One matrix for each pair of mode and climb; every courier reads the right one."""
    story = Story()
    kinds = [
        ("ann", CourierKind.NEIGHBOUR, Mode.FOOT),
        ("bob", CourierKind.STUDENT, Mode.FOOT),
        ("cai", CourierKind.GUARD, Mode.FOOT),
        ("dee", CourierKind.STUDENT, Mode.EBIKE),
    ]
    for name, kind, mode in kinds:
        story.courier(name, kind=kind, mode=mode)
    story.parcel(dropoff=place(100))
    times = Straight()
    problem = epoch_of(story, times).problem
    assert len(times.asked) == problem.mode_count == 3
    asked = [(times.asked[row][0], times.asked[row][2]) for row in problem.mode]
    assert asked == [(mode.value, CLIMBS[kind]) for _, kind, mode in kinds]


class NoWay(Straight):
    """No way to anywhere on the other bank, east of 300 m."""

    def doors(
        self, mode: str, doors: Sequence[Place], climb: Climb, *, at: int
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return inf across the river."""
        time_s, distance_m = super().doors(mode, doors, climb, at=at)
        far = np.array([door.lon > place(300).lon for door in doors])
        across = far[:, None] != far[None]
        return (
            np.where(across, np.float32(np.inf), time_s),
            np.where(across, np.float32(np.inf), distance_m),
        )


def test_no_way_is_unreachable(story: Story) -> None:
    """Infinite times become the problem's own number, and the leg a reason."""
    epoch = epoch_of(story, NoWay())
    assert epoch.problem.travel.max() == UNREACHABLE
    assert insert.solve(epoch.problem).tours == ()


@pytest.mark.parametrize(
    ("parcel", "courier"),
    [
        ({"window": TimeWindow(opens_at=LATEST - 10, closes_at=LATEST)}, {}),
        ({"due_at": LATEST}, {}),
        ({}, {"slots": [slot(-NOON, LATEST - NOON)]}),
        ({"origin_hub": "station"}, {}),
    ],
    ids=["window", "promise", "slot", "hours"],
)
def test_times_at_the_end_of_the_era_fit(parcel: dict[str, Any], courier: dict[str, Any]) -> None:
    """A date of 2100 in one parcel, slot or counter does not spoil the zone's epochs."""
    story = Story()
    always = TimeWindow(opens_at=0, closes_at=LATEST)
    story.hub(hours=(always,))
    story.courier(**courier)
    story.parcel("p1", **parcel)
    story.parcel("p2")
    assert "m/p2/1" in legs_of(epoch_of(story))


def test_the_digest_is_that_of_the_problem(story: Story) -> None:
    """The same state has the same problem; another courier changes it."""
    first = epoch_of(story).problem.digest()
    assert epoch_of(story).problem.digest() == first
    story.courier("bob")
    assert epoch_of(story).problem.digest() != first


# --- when to look again ----------------------------------------------------------------


def test_the_next_moment_of_news_by_itself(story: Story) -> None:
    """The soonest of later attempts, pauses and slots of people who are there."""
    assert epoch_of(story).replan_at == 0
    story.courier("bob", slots=[slot(0, 600), slot(900, 1200, duty=Duty.POST), slot(1200, 1800)])
    assert epoch_of(story).replan_at == NOON + 1200
    story.parcel("p2")
    story.offer("bob", "p2")
    story.wait(60)
    assert epoch_of(story).replan_at == NOON + 60 + story.state.policy.cooldown_s
    story.carry("ann", "p2")
    story.drop_off("ann", "p2", FailureCode.ABSENT)
    story.drop_off("ann", "p2")
    soon = replace(story.state, policy=Policy(reattempt_s=60))
    retry_at = story.state.leg("m/p2/3").not_before
    assert retry_at == story.now + 3600
    epoch = problem_of(soon, Straight(), story.now)
    assert epoch is not None
    assert epoch.replan_at == NOON + 660
    story.do(m.GoOffline(courier="bob"))
    assert epoch_of(story).replan_at == retry_at


# --- and back --------------------------------------------------------------------------


def shopkeeper_with_three(story: Story) -> tuple[Courier, Epoch]:
    """Give a shopkeeper and three parcels: two from one counter, two for one door."""
    courier = story.courier(kind=CourierKind.SHOPKEEPER, home=place(0, 0))
    story.hub()
    door = place(400, door_key="x")
    story.parcel("p1", origin_hub="station", dropoff=door)
    story.parcel("p2", origin_hub="station", dropoff=place(500, door_key="y"))
    story.parcel("p3", pickup=place(200), dropoff=door)
    return courier, epoch_of(story)


def planned(problem: Problem, order: str) -> PlannedTour:
    """Make a tour by hand: P0 is the pickup of leg 0, D0 its drop-off; a tick a service."""
    stops, here, tick = [], int(problem.start_place[0]), 10
    for word in order.split():
        leg = int(word[1:])
        pickup = word[0] == "P"
        there = int(problem.pickup_place[leg] if pickup else problem.option_place[leg])
        tick += int(problem.travel[0, here, there])
        stops.append(
            PlannedStop(
                leg=leg,
                action=Action.PICKUP if pickup else Action.DROPOFF,
                option=-1 if pickup else leg,
                arrives_at=tick,
                starts_at=tick,
                leaves_at=tick + 1,
            )
        )
        here, tick = there, tick + 1
    ends_at = tick + int(problem.travel[0, here, int(problem.end_place[0])])
    return PlannedTour(courier=0, departs_at=10, ends_at=ends_at, stops=tuple(stops))


def test_a_plan_becomes_an_itinerary() -> None:
    """Names for numbers, instants for ticks, and one stop for each visit to a place."""
    courier, epoch = shopkeeper_with_three(Story())
    assert legs_of(epoch) == ["m/p1/1", "m/p2/1", "m/p3/1"]
    tour = planned(epoch.problem, "P0 P1 P2 D0 D2 D1")
    plan = Plan(tours=(tour,), unassigned=(), cost=7, engine="hand", seed=3, notes=("n",))
    command = commit_of(epoch, plan)
    assert (command.engine, command.seed, command.cost) == ("hand", 3, 7)
    assert (command.stopped_by, command.notes) == ("DONE", ("n",))
    assert command.digest == epoch.problem.digest()
    assert command.changes == epoch.changes
    (itinerary,) = command.itineraries
    assert itinerary.courier == courier.id
    assert itinerary.legs == ("m/p1/1", "m/p2/1", "m/p3/1")
    actions = [[(action.kind, action.leg) for action in stop.actions] for stop in itinerary.stops]
    assert actions == [
        [(ActionKind.PICKUP, "m/p1/1"), (ActionKind.PICKUP, "m/p2/1")],
        [(ActionKind.PICKUP, "m/p3/1")],
        [(ActionKind.DROPOFF, "m/p1/1"), (ActionKind.DROPOFF, "m/p3/1")],
        [(ActionKind.DROPOFF, "m/p2/1")],
    ]
    assert [stop.travel_s for stop in itinerary.stops] == [100, 300, 200, 100]
    assert [stop.distance_m for stop in itinerary.stops] == [100, 300, 200, 100]
    assert [stop.arrives_at - NOON for stop in itinerary.stops] == [110, 412, 613, 715]
    assert [stop.leaves_at - NOON for stop in itinerary.stops] == [112, 413, 615, 716]
    assert (itinerary.start, itinerary.end) == (courier.home, courier.home)
    assert (itinerary.return_s, itinerary.return_m) == (500, 500)
    assert (itinerary.departs_at, itinerary.ends_at) == (NOON + 10, NOON + 1216)
    assert itinerary.detour_s == 1206
    assert itinerary.distance_m == 1200


def test_coming_back_to_a_place_is_another_stop() -> None:
    """Only visits without a way between them are one stop."""
    _, epoch = shopkeeper_with_three(Story())
    tour = planned(epoch.problem, "P0 D0 P1 D1")
    unassigned = (Unassigned(2, Reason.LEASH),)
    plan = Plan(tours=(tour,), unassigned=unassigned, cost=0, engine="hand")
    command = commit_of(epoch, plan)
    assert len(command.itineraries[0].stops) == 4
    assert command.reasons == (("m/p3/1", "LEASH"),)


def test_a_courier_who_goes_there_anyway_has_a_small_detour() -> None:
    """Only what the own way does not take is detour, and without an end all of it is."""
    story = Story()
    story.courier("ann", kind=CourierKind.STUDENT, home=place(0), end=place(600), mode=Mode.BICYCLE)
    story.parcel(pickup=place(100, is_door=False), dropoff=place(400))
    epoch = epoch_of(story)
    tour = planned(epoch.problem, "P0 D0")
    command = commit_of(epoch, Plan(tours=(tour,), unassigned=(), cost=0, engine="hand"))
    (itinerary,) = command.itineraries
    assert itinerary.end == place(600)
    assert itinerary.return_s == 200
    assert itinerary.detour_s == 2


def test_an_open_end_has_no_way_back(story: Story) -> None:
    """A rider's tour ends at its last stop; all of it is detour."""
    epoch = epoch_of(story)
    plan = insert.solve(epoch.problem)
    (itinerary,) = commit_of(epoch, plan).itineraries
    assert (itinerary.end, itinerary.return_s, itinerary.return_m) == (None, 0, 0)
    assert itinerary.detour_s == itinerary.ends_at - itinerary.departs_at


def test_a_planned_epoch_keeps_every_constraint() -> None:
    """Twelve parcels, three couriers of different kinds: the oracle has nothing to say."""
    story = Story()
    story.hub(hours=(window(0, 4 * HOUR),))
    story.courier("ann")
    story.courier("gus", kind=CourierKind.GUARD, mode=Mode.FOOT)
    story.courier("stu", kind=CourierKind.STUDENT, mode=Mode.EBIKE, end=place(900, 900))
    for number in range(12):
        story.parcel(
            f"p{number:02}",
            origin_hub="station" if number % 2 else "",
            dropoff=place(70 * number, 40 * number, door_key=f"d{number // 3}"),
            grams=700 * number,
        )
    solved: list[tuple[Problem, Plan]] = []

    def solve(problem: Problem) -> Plan:
        solved.append((problem, insert.solve(problem)))
        return solved[-1][1]

    command = plan_epoch(story.state, Straight(2.0), NOON, solve)
    assert command is not None
    ((problem, plan),) = solved
    assert check.violations(problem, plan) == []
    named = {leg for itinerary in command.itineraries for leg in itinerary.legs}
    assert named | {leg for leg, _ in command.reasons} == set(story.state.waiting_legs)
    made = story.do(command)
    assert len(made) == 1 + len(command.itineraries)


def test_a_large_parcel_with_no_hub_in_question(story: Story) -> None:
    """Its size class stands in the problem though no hub has slots."""
    story.parcel("big", size_class=SizeClass.L)
    assert epoch_of(story).problem.hub_slots_free.shape == (0, 3)


def test_a_slot_that_is_held_is_free_once() -> None:
    """One hub for two purposes, with its only small slot held for the parcel: one is free."""
    story = Story()
    story.courier()
    contracts = (Contract.RELAY, Contract.COLLECTION)
    story.do(m.CreateHub(hub=a_relay_hub(slots=(1, 0, 0), contracts=contracts)))
    story.parcel("p1", options=(consent(OptionKind.DOOR), consent(OptionKind.HUB)))
    story.do(
        m.ReserveSlot(
            hub="booth", parcel="m/p1", purpose=Purpose.COLLECTION, until=story.now + HOUR
        )
    )
    epoch = epoch_of(story)
    purposes = {choice.purpose for choice in epoch.choices}
    assert purposes == {Purpose.DOOR, Purpose.RELAY, Purpose.COLLECTION}
    assert epoch.problem.hub_slots_free.tolist() == [[1, 0, 0]]
