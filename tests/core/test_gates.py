from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from dispatch.core.epoch import Epoch, problem_of
from dispatch.core.gates import SHUT, Gates, entry_s, is_known
from dispatch.core.model import CourierKind, Mode, Place
from dispatch.core.policy import Policy
from tests.core.town import (
    NOON,
    AGate,
    Fenced,
    Story,
    Straight,
    a_courier,
    a_hub,
    a_policy,
    place,
)

OPEN, SIGN_IN, SLOW, PERMIT = (
    AGate("OPEN"),
    AGate("SIGN_IN"),
    AGate("SIGN_IN", 300),
    AGate("PERMIT"),
)


@pytest.mark.parametrize(
    ("gate", "stranger", "known", "own"),
    [
        (OPEN, 0, 0, 0),
        (SIGN_IN, 45, 5, 0),
        (SLOW, 300, 5, 0),
        (AGate("SIGN_IN", 0), 0, 0, 0),
        (PERMIT, None, None, 0),
        (AGate("MOAT"), None, None, 0),
        (None, None, None, 0),
    ],
    ids=["open", "sign in", "slow", "quick", "permit", "unheard of", "none"],
)
def test_who_passes_which_gate(
    gate: AGate | None, stranger: int | None, known: int | None, own: int | None
) -> None:
    """Each rule for a stranger, a rider whom the guard knows, and the compound's own people."""
    policy = Policy()
    assert entry_s(gate, policy) == stranger
    assert entry_s(gate, policy, is_known=True) == known
    assert entry_s(gate, policy, is_own=True) == own
    assert entry_s(gate, policy, is_own=True, is_known=True) == own


def test_the_policy_says_what_signing_in_takes() -> None:
    """Both figures are values of the policy; the gate's own stands before the stranger's."""
    policy = a_policy(sign_in_s=90, sign_in_known_s=20)
    assert entry_s(SIGN_IN, policy) == 90
    assert entry_s(SIGN_IN, policy, is_known=True) == 20
    assert entry_s(SLOW, policy) == 300
    assert entry_s(AGate("SIGN_IN", 10), policy, is_known=True) == 10


def test_guards_know_riders_in_somebodys_service() -> None:
    """A rider with a party is known; a student with one is not, nor a rider without."""
    assert is_known(a_courier(party="sf"))
    assert not is_known(a_courier())
    assert not is_known(a_courier(kind=CourierKind.STUDENT, party="sf"))


HUBS = {
    "booth": a_hub("booth", place=place(0, 900, compound="lake", hub="booth", is_door=False)),
    "shop": a_hub("shop", host="ann", place=place(compound="hill", hub="shop", is_door=False)),
}


@pytest.mark.parametrize(
    ("courier", "own"),
    [
        ({"name": "bob"}, set()),
        ({"access": ("lake", "w9")}, {"lake", "w9"}),
        ({"home": place(0, 50, compound="lake")}, {"lake"}),
        ({"end": place(0, 90, compound="lake")}, {"lake"}),
        ({"host_of": "booth"}, {"lake"}),
        ({"name": "ann"}, {"hill"}),
        ({"host_of": "gone"}, set()),
        ({"home": place(0, 50, compound="unfenced")}, set()),
    ],
    ids=[
        "nobody",
        "permit",
        "home",
        "bound there",
        "keeps the booth",
        "keeps a shop",
        "no such hub",
        "no gates",
    ],
)
def test_who_is_one_of_the_compounds_own(courier: dict[str, Any], own: set[str]) -> None:
    """Permit, home, destination and booth make somebody belong; nothing else does."""
    gates = Gates(Fenced(lake=PERMIT, hill=PERMIT), HUBS, Policy(), NOON)
    assert gates.own(a_courier(**{"name": "bob", **courier})) == own


def test_a_counter_at_the_gate_belongs_to_what_is_behind_it() -> None:
    """Nobody has to enter for the booth, and its guard is one of the compound's own."""

    class Before(Fenced):
        def gates(self, doors: Sequence[Place]) -> Sequence[str]:
            found = super().gates(doors)
            return [name if door.is_door else "" for name, door in zip(found, doors, strict=True)]

    gates = Gates(Before(lake=PERMIT), HUBS, Policy(), NOON)
    assert gates.behind([HUBS["booth"].place]) == [""]
    assert gates.own(a_courier("gus", host_of="booth")) == {"lake"}


def test_a_permit_may_name_a_compound_as_addresses_do() -> None:
    """The map finds the id that a name stands for, as it does for a door."""

    class Named(Fenced):
        def gates(self, doors: Sequence[Place]) -> Sequence[str]:
            return ["w17" if door.compound in {"Lake Garden", "w17"} else "" for door in doors]

    gates = Gates(Named(w17=PERMIT), {}, Policy(), NOON)
    assert gates.own(a_courier(access=("Lake Garden",))) == {"Lake Garden", "w17"}
    assert gates.entries([a_courier(access=("Lake Garden",)), a_courier()], ["w17"]).tolist() == [
        [0],
        [SHUT],
    ]


# --- in the problem --------------------------------------------------------------------


def epoch_of(story: Story) -> Epoch:
    """Return the epoch that closes now; there has to be one."""
    epoch = problem_of(story.state, story.times, story.now)
    assert epoch is not None
    return epoch


def a_lake_town(gate: AGate | None) -> Story:
    """Give a town whose parcel p1 goes behind the gate of a compound."""
    story = Story(times=Fenced(lake=gate))
    story.parcel(dropoff=place(400, compound="lake", door_key="p1"))
    return story


def test_without_gates_the_fields_stay_neutral() -> None:
    """Nothing fenced in: no field of a gate is given, and no gate is asked for."""
    story = Story(times=Fenced())
    story.courier()
    story.parcel(dropoff=place(400, compound="lake", door_key="p1"))
    problem = epoch_of(story).problem
    assert not problem.is_gated
    assert problem.gate_entry.shape == (1, 0)
    straight = problem_of(story.state, Straight(2.0), story.now)
    assert straight is not None
    assert straight.problem.digest() == problem.digest()


def test_couriers_who_pass_alike_share_a_class() -> None:
    """A stranger's row, a known rider's and the resident's; each place behind its own gate."""
    story = a_lake_town(SIGN_IN)
    story.parcel("p2", dropoff=place(900, compound="hill", door_key="p2"))
    story.courier("ann")
    story.courier("bob", party="sf")
    story.courier("cai", kind=CourierKind.STUDENT)
    story.courier("dee", access=("lake",))
    epoch = epoch_of(story)
    problem = epoch.problem
    assert [courier.id for courier in epoch.couriers] == ["ann", "bob", "cai", "dee"]
    assert problem.gate_entry[problem.access, 0].tolist() == [45, 5, 45, 0]
    assert len(problem.gate_entry) == 3
    behind = [place.compound for place, gate in zip(epoch.places, problem.place_gate, strict=True)
              if gate >= 0]  # fmt: skip
    assert behind == ["lake"]


def test_where_couriers_live_makes_them_no_class_of_their_own() -> None:
    """No parcel goes to their compounds, and each of them is let into his own."""
    story = a_lake_town(PERMIT)
    story.times = Fenced(lake=SIGN_IN, hill=SIGN_IN, park=PERMIT)
    story.courier("ann", kind=CourierKind.GUARD, home=place(0, 50, compound="hill", is_door=False))
    story.courier("bob", kind=CourierKind.GUARD, home=place(0, 60, compound="park", is_door=False))
    epoch = epoch_of(story)
    assert epoch.problem.access.tolist() == [0, 0]
    assert epoch.problem.gate_entry.tolist() == [[45]]
    story.plan()
    itinerary = story.state.offer(next(iter(story.state.open_offer.values()))).itinerary
    assert itinerary.end is not None
    assert itinerary.return_s == 202  # hypot(400 m, 50 m) at 2 m/s, and nothing at the gate


def test_the_map_is_asked_for_now_and_for_each_mode() -> None:
    """A gate may have hours, and a car may not fit through: both are the map's to know."""
    story = a_lake_town(OPEN)
    story.courier("ann")
    story.courier("bob", mode=Mode.CAR)
    story.now += 60
    epoch_of(story)
    assert isinstance(story.times, Fenced)
    assert set(story.times.asked_gates) == {
        ("lake", "bicycle", NOON + 60),
        ("lake", "car", NOON + 60),
    }


def test_who_may_not_enter_takes_nobodys_place() -> None:
    """Ten strangers at the pickup do not keep the guard farther away from being asked."""
    story = Story(
        a_policy(engine="insert", nearest_couriers=1, max_couriers=2), Fenced(lake=PERMIT)
    )
    story.parcel(dropoff=place(400, compound="lake", door_key="p1"))
    for number in range(10):
        story.courier(f"a{number}", home=place(number))
    story.courier("gus", home=place(500), access=("lake",))
    assert [courier.id for courier in epoch_of(story).couriers] == ["gus"]


def test_who_is_inside_needs_no_permit_to_stay() -> None:
    """From a door behind the gate to another one: whoever stands there may carry it."""
    inside = place(400, compound="lake", door_key="p1")
    gates = Gates(Fenced(lake=PERMIT), {}, Policy(), NOON)
    couriers = [a_courier("in"), a_courier("out")]
    may = gates.may_carry(
        couriers,
        [inside, place()],
        [inside, inside, place()],
        [inside, place(), inside],
    )
    assert may.tolist() == [[True, True, False], [False, False, False]]


def test_the_way_in_a_plan_includes_the_gate() -> None:
    """200 s of way and 45 at the gate: what is offered is what it takes."""
    story = a_lake_town(SIGN_IN)
    story.courier("ann", home=place(is_door=False))
    story.plan()
    itinerary = story.state.offer(story.state.open_offer["ann"]).itinerary
    door = itinerary.stops[-1]
    assert door.place.compound == "lake"
    assert door.travel_s == 245
    before = itinerary.stops[0]
    assert door.arrives_at - before.leaves_at == 245
    assert itinerary.detour_s == itinerary.ends_at - itinerary.departs_at


def test_two_doors_behind_one_gate_are_entered_once() -> None:
    """The second door of a visit costs its way alone."""
    story = a_lake_town(SIGN_IN)
    story.parcel("p2", dropoff=place(500, compound="lake", door_key="p2"))
    story.courier("ann", home=place(is_door=False))
    story.plan()
    stops = story.state.offer(story.state.open_offer["ann"]).itinerary.stops
    assert [stop.travel_s for stop in stops[1:]] == [245, 50]


def test_gates_are_asked_again_later() -> None:
    """Nobody gets in now; the next plan is made without waiting for anything else to happen."""
    story = a_lake_town(None)
    story.courier("ann", party="sf")
    epoch = epoch_of(story)
    assert epoch.problem.leg_count == 0
    assert [(leg, why.value) for leg, why in epoch.left_out] == [("m/p1/1", "PERMIT")]
    assert epoch.replan_at == NOON + 900


def test_a_closed_gate_keeps_no_resident_out() -> None:
    """The compound's own people have their key: they are asked for their parcels at night too."""
    story = a_lake_town(None)
    story.courier("ann", home=place(300, compound="lake", is_door=False))
    story.courier("bob")
    epoch = epoch_of(story)
    assert [courier.id for courier in epoch.couriers] == ["ann"]
    assert epoch.problem.gate_entry.tolist() == [[0]]


@pytest.mark.parametrize(
    ("far", "near", "reason"),
    [
        ({}, {}, "PERMIT"),
        ({"access": ("lake",)}, {}, "PERMIT"),
        ({}, None, "PERMIT"),
        ({"access": ("lake",)}, None, "NO_COURIER_IN_RANGE"),
    ],
    ids=["nobody may", "nobody near may", "nobody may or is near", "who may is far"],
)
def test_why_nobody_is_asked(far: dict[str, Any], near: dict[str, Any] | None, reason: str) -> None:
    """The gate is the reason where it keeps out all who are near, or all there are."""
    story = a_lake_town(None)
    story.courier("far", home=place(300_000), **far)
    if near is not None:
        story.courier("near", **near)
    assert [why.value for _, why in epoch_of(story).left_out] == [reason]


def test_entries_are_integers() -> None:
    """As the problem wants them, for nobody and for no compound too."""
    gates = Gates(Fenced(lake=OPEN), {}, Policy(), NOON)
    assert gates.entries([], ["lake"]).dtype == np.int64
    assert gates.entries([a_courier()], []).shape == (1, 0)
    assert gates.may_carry([], [], [], []).shape == (0, 0)
